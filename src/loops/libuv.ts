import { createServer, type Server, type Socket } from 'node:net';
import { ListenError } from '../errors.ts';
import type { Clock } from '../protocol/session-host.ts';
import { READ, type SessionPort, type Waker } from '../protocol/session-port.ts';
import {
  type AcceptedSocket,
  type Held,
  LINGER_TIMEOUT,
  type Listener,
  type ListenerEvents,
  type ListenTarget,
  type Loop,
} from './loop.ts';
import { WheelEntry } from './timer-wheel.ts';
import { WheelTimer } from './wheel-timer.ts';

/** The most that is written at once. */
const WRITE_SIZE = 65_536;

/** A connection as a socket of node:net. */
class NetSocket implements AcceptedSocket {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;

  constructor(socket: Socket) {
    this.socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.localPort = socket.localPort ?? 0;
    // An error is always followed by `close`, which is where it is dealt with.
    socket.on('error', () => {});
  }

  close(): void {
    this.socket.destroy();
  }
}

/**
 * A listener of node:net. It cannot leave connections in the kernel's backlog: while it is paused, sockets that libuv has accepted
 * are kept unread and handed over when it resumes.
 */
class NetListener implements Listener {
  readonly target: ListenTarget;
  readonly #server: Server;
  readonly #events: ListenerEvents<NetSocket>;
  #paused = false;
  #kept: NetSocket[] = [];

  constructor(server: Server, target: ListenTarget, events: ListenerEvents<NetSocket>) {
    this.#server = server;
    this.#events = events;
    const address = server.address();
    this.target =
      typeof address === 'object' && address !== null
        ? { address: address.address, port: address.port }
        : target;
    server.on('connection', (socket) => this.#accepted(new NetSocket(socket)));
    server.on('error', (error) => events.onAcceptError(error));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused) {
      const socket = this.#kept.shift();
      if (socket === undefined) return;
      if (!socket.socket.destroyed) this.#events.onSocket(socket);
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#kept) socket.close();
    this.#kept = [];
  }

  #accepted(socket: NetSocket): void {
    if (this.#paused) this.#kept.push(socket);
    else this.#events.onSocket(socket);
  }
}

/** A socket whose client waits: node:net takes in at most one buffer of what it sends, and so notices its end. */
class HeldNetSocket implements Held<NetSocket> {
  readonly #socket: NetSocket;
  readonly #onLeft: () => void;

  constructor(socket: NetSocket, onLeft: () => void) {
    this.#socket = socket;
    this.#onLeft = onLeft;
    socket.socket.on('readable', this.#onReadable);
    socket.socket.on('close', this.#left);
  }

  say(words: string | Uint8Array): void {
    this.#socket.socket.write(words);
  }

  take(): NetSocket {
    this.#socket.socket.off('readable', this.#onReadable);
    this.#socket.socket.off('close', this.#left);
    return this.#socket;
  }

  readonly #onReadable = (): void => {
    // Readable with nothing to read is the end: this client has left without a word.
    if (this.#socket.socket.readableLength === 0) this.#left();
  };

  readonly #left = (): void => {
    this.take().close();
    this.#onLeft();
  };
}

/** One adopted socket. */
class NetConnection extends WheelEntry implements Waker {
  readonly session: SessionPort;
  readonly #socket: Socket;
  readonly #loop: LibuvLoop;
  #woken = false;
  #writing = false;
  #lingersUntil = 0;

  constructor(socket: NetSocket, session: SessionPort, loop: LibuvLoop) {
    super();
    this.session = session;
    this.#socket = socket.socket;
    this.#loop = loop;
    session.waker = this;
  }

  start(): void {
    const socket = this.#socket;
    socket.on('data', (bytes: Buffer) => {
      if (this.session.finished) return;
      this.session.receive(bytes, bytes.length);
      this.#settle();
    });
    socket.on('end', () => {
      if (this.#lingersUntil > 0) this.destroy();
      else if (!this.session.finished) {
        this.session.receiveEnd();
        this.#settle();
      }
    });
    socket.on('close', () => {
      if (!this.session.finished) this.session.broken();
      this.#loop.closed(this);
    });
    this.#loop.schedule(this, this.session.tick(this.#loop.clock.now));
    this.session.open();
    this.#settle();
  }

  wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      if (!this.session.finished) this.session.resume();
      this.#settle();
    });
  }

  due(now: number): void {
    if (this.#lingersUntil > 0) {
      this.destroy();
      return;
    }
    const next = this.session.tick(now);
    if (!this.session.finished) this.#loop.schedule(this, next);
    this.#settle();
  }

  /** Breaks the conversation off. A socket that lingers, or has last words to send, goes on until its deadline. */
  stop(): void {
    if (this.#lingersUntil > 0) return;
    this.session.stop();
    if (this.session.finished) this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #settle(): void {
    if (this.#socket.destroyed || this.#lingersUntil > 0) return;
    this.#send();
    if (this.session.finished) this.#close();
    else if ((this.session.interest & READ) !== 0) this.#socket.resume();
    else this.#socket.pause();
  }

  /** One chunk at a time: the next is asked for when libuv has written the last, which is what paces the session. */
  #send(): void {
    if (this.#writing) return;
    const waiting = this.session.outgoing();
    if (waiting === undefined) return;
    // Progress is only told when a whole write is done, so a write is never long.
    const bytes = waiting.length > WRITE_SIZE ? waiting.subarray(0, WRITE_SIZE) : waiting;
    this.#writing = true;
    this.#socket.write(bytes, (error) => {
      this.#writing = false;
      if (this.session.finished) return;
      if (error) this.session.broken();
      else this.session.sent(bytes.length);
      this.#settle();
    });
  }

  #close(): void {
    if (this.#writing || !this.session.lingers) {
      // Still writing means that the session was cut off: there is nothing to be polite about.
      if (this.#writing) this.#socket.destroy();
      else this.#socket.end(() => this.#socket.destroy());
      return;
    }
    this.#lingersUntil = this.#loop.clock.now + LINGER_TIMEOUT;
    this.#loop.schedule(this, this.#lingersUntil);
    this.#socket.end();
    this.#socket.resume();
  }
}

/** A loop over node:net: it works wherever Node does, and lets libuv wait. */
export class LibuvLoop implements Loop<NetSocket> {
  readonly mechanism = 'libuv';
  readonly clock: Clock = {
    get now() {
      return Math.floor(performance.now());
    },
  };
  readonly #connections = new Set<NetConnection>();
  #onEmpty: (() => void) | undefined;
  readonly #timer = new WheelTimer<NetConnection>(this.clock, (connection, now) => connection.due(now));

  get load(): number {
    return this.#connections.size;
  }

  listen(target: ListenTarget, backlog: number, events: ListenerEvents<NetSocket>): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    const where = 'path' in target ? { path: target.path } : { host: target.address, port: target.port };
    return new Promise((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        reject(new ListenError(cause.message, cause.code ?? 'unknown', { cause }));
      });
      server.listen({ ...where, backlog }, () => {
        server.removeAllListeners('error');
        resolve(new NetListener(server, target, events));
      });
    });
  }

  hold(socket: NetSocket, onLeft: () => void): Held<NetSocket> {
    return new HeldNetSocket(socket, onLeft);
  }

  adopt(socket: NetSocket, session: SessionPort): void {
    const connection = new NetConnection(socket, session, this);
    this.#connections.add(connection);
    connection.start();
  }

  /** Two turns of Node's loop: between them libuv has looked at every socket. */
  async catchUp(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  each(visit: (session: SessionPort) => void): void {
    for (const connection of this.#connections) visit(connection.session);
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.stop();
    if (this.#connections.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#timer.stop();
  }

  schedule(connection: NetConnection, at: number): void {
    this.#timer.schedule(connection, at);
  }

  closed(connection: NetConnection): void {
    this.#timer.cancel(connection);
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }
}
