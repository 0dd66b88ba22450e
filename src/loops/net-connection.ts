import type { Socket } from 'node:net';
import type { Clock } from '../protocol/session-host.ts';
import { READ, type SessionPort, type Waker } from '../protocol/session-port.ts';
import { LINGER_TIMEOUT } from './loop.ts';
import type { NetSocket } from './net-listener.ts';
import { WheelEntry } from './timer-wheel.ts';

/** The most that is written at once. */
const WRITE_SIZE = 65_536;

/** What a connection needs of its loop. */
export interface NetConnectionOwner {
  readonly clock: Clock;
  schedule(connection: NetConnection, at: number): void;
  /** The session is over and the socket closed. */
  closed(connection: NetConnection): void;
}

/** One adopted socket. */
export class NetConnection extends WheelEntry implements Waker {
  readonly session: SessionPort;
  readonly #socket: Socket;
  readonly #owner: NetConnectionOwner;
  #woken = false;
  #writing = false;
  #lingersUntil = 0;

  constructor(socket: NetSocket, session: SessionPort, owner: NetConnectionOwner) {
    super();
    this.session = session;
    this.#socket = socket.socket;
    this.#owner = owner;
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
      this.#owner.closed(this);
    });
    this.#owner.schedule(this, this.session.tick(this.#owner.clock.now));
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
    if (!this.session.finished) this.#owner.schedule(this, next);
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
    this.#lingersUntil = this.#owner.clock.now + LINGER_TIMEOUT;
    this.#owner.schedule(this, this.#lingersUntil);
    this.#socket.end();
    this.#socket.resume();
  }
}
