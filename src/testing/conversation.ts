import { OptionError } from '../errors.ts';
import type { Client } from '../protocol/client.ts';
import type { CloseReason } from '../protocol/close-reason.ts';
import type { EndedSession } from '../protocol/session-host.ts';
import { READ, type SessionPort, WRITE } from '../protocol/session-port.ts';
import type { MemoryHost } from './memory-host.ts';
import { MemoryLoop } from './memory-loop.ts';
import { moment, settled } from './settle.ts';

type DrivenSession<State> = SessionPort & EndedSession & { readonly client: Client<State> };

/**
 * A conversation between a protocol and its one client, in memory; made by `converse`. The methods are what the client does,
 * except {@link drain} and {@link stop}, which the server does, and {@link advance}, which time does.
 */
export class Conversation<State = undefined> {
  /** The client as the protocol sees it, with its state. */
  readonly client: Client<State>;
  readonly #session: DrivenSession<State>;
  readonly #host: MemoryHost;
  readonly #loop: MemoryLoop;
  #ended = false;
  #nextTick: number;

  constructor(session: DrivenSession<State>, host: MemoryHost) {
    this.client = session.client;
    this.#session = session;
    this.#host = host;
    this.#loop = new MemoryLoop(session);
    this.#nextTick = session.tick(host.clock.now);
    this.#loop.open();
  }

  /** Why the conversation is over; undefined while it is not. */
  get closed(): CloseReason | undefined {
    return this.#host.closed;
  }

  /** What handlers threw or rejected with, in order. */
  get errors(): readonly unknown[] {
    return this.#host.errors;
  }

  /** The virtual time: milliseconds since the conversation began. */
  get now(): number {
    return this.#host.clock.now;
  }

  /** How many messages have been handed to the protocol. */
  get messages(): number {
    return this.#session.messages;
  }

  /** How many bytes the server has read. */
  get bytesIn(): number {
    return this.#session.bytesIn;
  }

  /** How many bytes the client has taken. */
  get bytesOut(): number {
    return this.#session.bytesOut;
  }

  /** How many bytes the client has sent and the server has not read: more than 0 while it is held back. */
  get unread(): number {
    return this.#loop.unread;
  }

  /** Whether the server reads from this client: not while its output is full, nor when the conversation is ending. */
  get serverReads(): boolean {
    return (this.#session.interest & READ) !== 0;
  }

  /** Whether the server has bytes that the client has not taken. */
  get hasOutput(): boolean {
    return (this.#session.interest & WRITE) !== 0;
  }

  /**
   * Sends text (as UTF-8) or bytes, which arrive as one piece (of up to 64 KiB). The server reads them at once if it reads now. What
   * is sent after the conversation is over is lost.
   * @throws Error after {@link end}: such a client cannot send
   */
  send(bytes: string | Uint8Array): void {
    if (this.#ended) throw new Error('this client has already sent its last byte');
    this.#loop.send(typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes));
  }

  /** Sends no more, and still reads: half-close. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#loop.end();
  }

  /** Breaks the connection off; what the server has not read is lost. */
  reset(): void {
    this.#loop.reset();
  }

  /** Takes nothing from now on: the server's output fills up. */
  stopReading(): void {
    this.#loop.window = 0;
  }

  /** Takes what the server sends, or at most the given number of further bytes. An endless reply needs a number. */
  startReading(bytes: number = Number.POSITIVE_INFINITY): void {
    this.#loop.window = bytes;
  }

  /**
   * Waits until everything has happened that can happen without time passing: promises have settled, generators have been
   * pulled, file slices are read. A handler that waits for something outside (a timer, a connection, a thread) goes on waiting:
   * see {@link receiveUntil}.
   */
  settle(): Promise<void> {
    return settled(() => this.#loop.idle);
  }

  /** {@link settle}, then all that the client has taken since it last received, as text. */
  async receive(): Promise<string> {
    return (await this.receiveBytes()).toString();
  }

  /** {@link settle}, then all that the client has taken since it last received, as bytes. */
  async receiveBytes(): Promise<Buffer> {
    await this.settle();
    return this.#loop.take();
  }

  /**
   * Receives up to and including `ending`; what came after it is left. Waits for it in real time, for handlers that wait for
   * something outside.
   * @param patience how long to wait, in milliseconds of real time
   * @throws Error when it has not come in time, or cannot come any more
   */
  async receiveUntil(ending: string, patience: number = 1_000): Promise<string> {
    const deadline = performance.now() + patience;
    for (;;) {
      const bytes = await this.receiveBytes();
      const at = bytes.indexOf(ending);
      if (at >= 0) {
        const length = at + Buffer.byteLength(ending);
        this.#loop.putBack(bytes.subarray(length));
        return bytes.toString('utf8', 0, length);
      }
      this.#loop.putBack(bytes);
      if (this.closed !== undefined || performance.now() > deadline) {
        const state = this.closed === undefined ? 'goes on' : `is over (${this.closed})`;
        const [wanted, came] = [ending, bytes.toString()].map((text) => JSON.stringify(text));
        throw new Error(`${wanted} has not come; the conversation ${state}, and what came is ${came}`);
      }
      await moment();
    }
  }

  /**
   * Lets time pass: deadlines are enforced when they come, in order, and what they lead to happens at their time. Handlers'
   * own timers know nothing of it.
   * @throws OptionError for a time below 0
   */
  async advance(milliseconds: number): Promise<void> {
    if (!(milliseconds >= 0 && milliseconds < Number.POSITIVE_INFINITY)) {
      throw new OptionError(`advance: the time must be 0 or more milliseconds, not ${milliseconds}`);
    }
    await this.settle();
    const { clock } = this.#host;
    const target = clock.now + milliseconds;
    while (this.closed === undefined && this.#nextTick <= target) {
      clock.now = Math.max(clock.now, this.#nextTick);
      this.#loop.act((session) => {
        this.#nextTick = session.tick(clock.now);
      });
      await this.settle();
    }
    clock.now = target;
  }

  /** The server drains: it answers what it has received, says farewell and closes. */
  drain(): void {
    this.#loop.act((session) => session.drain());
  }

  /** The server stops: the conversation is broken off. */
  stop(): void {
    this.#loop.act((session) => session.stop());
  }
}
