import { connect, type Socket } from 'node:net';
import { eventually, soon } from '@zocalo/test-support/eventually.ts';
import { FdSocket } from '../../src/loops/fd-socket.ts';
import {
  type AcceptedSocket,
  type DescriptorLoop,
  defaultListenOptions,
  type Listener,
  type Loop,
} from '../../src/loops/loop.ts';
import { READ, RELEASED, type SessionPort, type Waker, WRITE } from '../../src/session/session-port.ts';

/** A session that does what its test sets, and records what its loop does with it. */
export class ScriptedSession implements SessionPort {
  waker: Waker | undefined;
  finished = false;
  lingers = true;
  readonly awaits = false;
  /** Whether it wants to read. */
  reads = true;
  /** For how long it reads the memory of what it receives. */
  keeps = RELEASED;
  /** What it has received: views of the loop's memory when it keeps it, copies otherwise. */
  readonly received: Buffer[] = [];
  ended = false;
  wasBroken = false;
  output: Buffer | undefined;
  /** Called with every receive. */
  onReceive: () => void = () => {};

  get bytesReceived(): number {
    return this.received.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  get interest(): number {
    return (this.reads && !this.ended ? READ : 0) | (this.output === undefined ? 0 : WRITE);
  }

  receive(bytes: Buffer, length: number): boolean {
    const view = bytes.subarray(0, length);
    this.received.push(this.keeps !== RELEASED ? view : Buffer.from(view));
    this.onReceive();
    return this.keeps !== RELEASED;
  }

  receiveEnd(): void {
    this.ended = true;
  }

  broken(): void {
    this.wasBroken = true;
    this.finished = true;
  }

  outgoing(): Uint8Array | undefined {
    return this.finished ? undefined : this.output;
  }

  sent(count: number): void {
    this.output = count === this.output?.length ? undefined : this.output?.subarray(count);
  }

  tick(now: number): number {
    return now + 60_000;
  }

  stop(): void {
    this.finished = true;
  }

  open(): void {}
  resume(): void {}
  drain(): void {}
}

/** A listener of a loop, a client that has connected to it, and the accepted socket. */
export async function acceptConnection(
  loop: Loop,
): Promise<{ client: Socket; socket: AcceptedSocket; listener: Listener }> {
  const accepted: AcceptedSocket[] = [];
  const listener = await loop.listen(
    { address: '127.0.0.1', port: 0 },
    { ...defaultListenOptions, backlog: 16 },
    {
      onSocket: (socket) => accepted.push(socket),
      onAcceptError: (error) => {
        throw error;
      },
    },
  );
  const { port } = listener.target as { port: number };
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => {});
  const socket = await eventually('the connection is accepted', () => accepted[0]);
  return { client, socket, listener };
}

/** A loop that drives one session over a real connection. */
export async function converse<Loop extends DescriptorLoop>(loop: Loop, session: ScriptedSession) {
  const { client, socket: accepted, listener } = await acceptConnection(loop);
  const socket = FdSocket.of(accepted);
  const released: number[] = [];
  const owner = {
    release(fd: number) {
      released.push(fd);
      socket.owner.release(fd);
    },
  };
  loop.adopt(loop.socketOf(socket.fd, socket, owner), session);
  return {
    loop,
    client,
    released,
    async [Symbol.asyncDispose]() {
      client.destroy();
      listener.close();
      await soon('the loop stops', loop.stop());
    },
  };
}
