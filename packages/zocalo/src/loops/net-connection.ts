import type { Socket } from 'node:net';
import { READ, type SessionPort } from '../session/session-port.ts';
import { BaseConnection, type ConnectionOwner } from './base-connection.ts';
import type { NetSocket } from './net-listener.ts';
import { descriptorOf, type SocketCalls } from './socket-calls.ts';

/** The most that is written at once. */
const WRITE_SIZE = 65_536;

/** One adopted socket of node:net. */
export class NetConnection extends BaseConnection {
  readonly owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #calls: SocketCalls | undefined;
  #woken = false;
  #writing = false;

  constructor(
    socket: NetSocket,
    session: SessionPort,
    owner: ConnectionOwner,
    calls: SocketCalls | undefined,
  ) {
    super(session);
    this.#socket = socket.socket;
    this.owner = owner;
    this.#calls = calls;
  }

  wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      if (!this.session.finished) this.session.resume();
      this.advance();
    });
  }

  unacknowledged(): number {
    const fd = descriptorOf(this.#socket);
    return this.#calls === undefined || fd < 0 ? 0 : this.#calls.unacknowledged(fd);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  protected override get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  protected override register(): void {
    const socket = this.#socket;
    socket.on('data', (bytes: Buffer) => {
      if (this.session.finished) return;
      this.session.receive(bytes, bytes.length);
      this.advance();
    });
    socket.on('end', () => {
      if (this.lingering) this.destroy();
      else if (!this.session.finished) {
        this.session.receiveEnd();
        this.advance();
      }
    });
    socket.on('close', () => {
      if (!this.session.finished) this.session.broken();
      this.owner.onClosed(this);
    });
  }

  protected override advance(): void {
    if (this.#socket.destroyed || this.lingering) return;
    this.#send();
    if (this.session.finished) this.close();
    else if ((this.session.interest & READ) !== 0) this.#socket.resume();
    else this.#socket.pause();
  }

  protected override shutdown(): void {
    this.#socket.end();
    this.#socket.resume();
  }

  protected override close(): void {
    // A write under way means that the session was cut off, so its output is not waited for.
    if (this.#writing) this.destroy();
    else if (this.session.lingers) super.close();
    else this.#socket.end(() => this.destroy());
  }

  /** Writes one chunk at a time: the next is requested when libuv has written the last, which is what paces the session. */
  #send(): void {
    if (this.#writing) return;
    const waiting = this.session.outgoing();
    if (waiting === undefined) return;
    // Progress is only reported when a whole write is done, so a write is never long.
    const bytes = waiting.length > WRITE_SIZE ? waiting.subarray(0, WRITE_SIZE) : waiting;
    this.#writing = true;
    this.#socket.write(bytes, (error) => {
      this.#writing = false;
      if (this.session.finished) return;
      if (error) this.session.broken();
      else this.session.sent(bytes.length);
      this.advance();
    });
  }
}
