import { lookup } from 'node:dns/promises';
import { createConnection, isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEpollLoop } from '../loops/epoll.ts';
import { LibuvLoop } from '../loops/libuv.ts';
import type { AcceptedSocket, Loop } from '../loops/loop.ts';
import { bestMechanism } from '../loops/mechanisms.ts';
import { NetSocket } from '../loops/net-listener.ts';
import { connectDescriptor } from '../loops/outgoing.ts';
import type { ReadinessLoop } from '../loops/readiness-loop.ts';
import type { Client, House } from '../protocol/client.ts';
import { defaultSessionLimits, type SessionLimits, shortestTimeout } from '../protocol/limits.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { Session } from '../protocol/session.ts';
import type { SessionHost, Traffic } from '../protocol/session-host.ts';
import { timerDelay } from './timer-delay.ts';

/** How often it is looked whether connections have closed, in milliseconds. */
const LOOK_AGAIN = 5;

/** Where to connect to: a host's name or address, and a port. */
export type DialTarget = { readonly host: string; readonly port: number };

export type DialOptions = {
  /** The longest that connecting may take, in milliseconds. Default 10 s. */
  timeout?: number;
  /** The connection could not be made: `reason` is the system's symbolic error, such as `ECONNREFUSED`. */
  onFailed(reason: string): void;
};

/**
 * Outgoing connections that hold the conversation of a protocol, as those that a server accepts do: same framing, back-pressure
 * and deadlines, on the same loop as the servers of this thread. `Protocol.open` is called when a connection is made, `close`
 * when it is over. Neither is called for one that could not be made.
 */
export class Dialler implements House {
  readonly #loop: Loop;
  readonly #limits: SessionLimits;
  readonly #traffic: Traffic = { messages: 0, bytesIn: 0, bytesOut: 0 };
  readonly #attempts = new Set<() => void>();
  /** Nobody stands in line to be called. */
  readonly waitingClients = 0;
  #onError: (error: unknown) => void;
  #ids = 0;
  #stopped = false;

  private constructor(loop: Loop, limits: SessionLimits, onError: (error: unknown) => void) {
    this.#loop = loop;
    this.#limits = limits;
    this.#onError = onError;
  }

  /**
   * @param onError is told what a handler threw; the conversation it threw in has ended
   * @param mechanism how it waits, as a server's `model`. Default: `epoll` on Linux, elsewhere `libuv`
   */
  static async create(
    limits: Partial<SessionLimits>,
    onError: (error: unknown) => void,
    mechanism?: 'epoll' | 'libuv',
  ): Promise<Dialler> {
    const loop = (mechanism ?? (await bestMechanism())) === 'epoll' ? createEpollLoop() : new LibuvLoop();
    return new Dialler(loop as Loop, { ...defaultSessionLimits, ...limits }, onError);
  }

  /** How many connections are open. */
  get activeClients(): number {
    return this.#loop.load;
  }

  stats(): undefined {}

  /**
   * Connects, and from then on holds the protocol's conversation.
   * @returns gives the attempt up, after which neither `onFailed` nor the protocol is called; later it does nothing
   */
  dial<Frame, State>(
    protocol: Protocol<Frame, State>,
    target: DialTarget,
    { timeout = 10_000, onFailed }: DialOptions,
  ): () => void {
    let stop: (() => void) | undefined;
    const settle = (): boolean => {
      clearTimeout(timer);
      return this.#attempts.delete(cancel);
    };
    const cancel = () => {
      if (settle()) stop?.();
    };
    const fail = (reason: string) => {
      if (settle()) onFailed(reason);
    };
    const made = (socket: AcceptedSocket) => {
      if (settle()) this.#adopt(protocol, socket, target);
      else socket.close();
    };
    const timer = setTimeout(() => {
      stop?.();
      fail('ETIMEDOUT');
    }, timerDelay(timeout));
    this.#attempts.add(cancel);
    void addressOf(target.host).then(
      (address) => {
        if (!this.#attempts.has(cancel)) return;
        try {
          stop = this.#connect(address, target.port, made, fail);
        } catch (error) {
          fail(reasonOf(error));
        }
      },
      (error: unknown) => fail(reasonOf(error)),
    );
    return cancel;
  }

  /** Waits at most so many milliseconds until no connection is open. */
  async emptyWithin(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout;
    while (this.#loop.load > 0 && performance.now() < deadline) await sleep(LOOK_AGAIN);
  }

  /** Gives up what is being dialled, breaks conversations off, and resolves when all is closed. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const cancel of [...this.#attempts]) cancel();
    await this.#loop.stop();
  }

  #connect(
    address: string,
    port: number,
    made: (socket: AcceptedSocket) => void,
    fail: (reason: string) => void,
  ): () => void {
    if (!(this.#loop instanceof LibuvLoop)) {
      return connectDescriptor(this.#loop as ReadinessLoop, address, port, (outcome) =>
        'socket' in outcome ? made(outcome.socket) : fail(outcome.reason),
      );
    }
    const socket = createConnection({ host: address, port, allowHalfOpen: true, noDelay: true });
    socket.on('error', (error) => fail(reasonOf(error)));
    socket.once('connect', () => made(new NetSocket(socket)));
    return () => socket.destroy();
  }

  #adopt<Frame, State>(protocol: Protocol<Frame, State>, socket: AcceptedSocket, target: DialTarget): void {
    const identity = {
      id: ++this.#ids,
      remoteAddress: socket.remoteAddress,
      remotePort: target.port,
      localPort: socket.localPort,
      dialect: protocol.name,
    };
    const host: SessionHost = {
      clock: this.#loop.clock,
      limits: this.#limits,
      shortestTimeout: shortestTimeout(this.#limits),
      house: this,
      traffic: this.#traffic,
      onMessage: undefined,
      finished: () => {},
      failed: (_client: Client<unknown>, error) => this.#onError(error),
    };
    this.#loop.adopt(socket, new Session(protocol, identity, host));
  }
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  return (await lookup(host)).address;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
