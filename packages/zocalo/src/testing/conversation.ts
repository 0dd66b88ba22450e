import { isUint8Array } from 'node:util/types';
import { mustBe, text } from '../option-checks.ts';
import type { Client } from '../session/client.ts';
import type { CloseReason } from '../session/close-reason.ts';
import type { EndedSession } from '../session/session-host.ts';
import { READ, type SessionPort, WRITE } from '../session/session-port.ts';
import type { MemoryHost } from './memory-host.ts';
import { MemoryLoop } from './memory-loop.ts';
import { sleepBriefly, untilIdle } from './settle.ts';

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

  constructor(session: DrivenSession<State>, host: MemoryHost) {
    this.client = session.client;
    this.#session = session;
    this.#host = host;
    this.#loop = new MemoryLoop(session, host.clock.now);
    host.server.watch(this.#loop);
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
   * @throws Error after {@link end}: such a client cannot send; OptionError for something else than text or bytes
   */
  send(bytes: string | Uint8Array): void {
    if (typeof bytes !== 'string' && !isUint8Array(bytes))
      throw mustBe('what is sent', 'text or bytes', bytes);
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

  /**
   * Takes what the server sends, or at most the given number of further bytes. An endless reply needs a number.
   * @throws OptionError for a number below 0
   */
  startReading(bytes: number = Number.POSITIVE_INFINITY): void {
    if (!(typeof bytes === 'number' && bytes >= 0))
      throw mustBe('startReading: bytes', 'a number of 0 or more', bytes);
    this.#loop.window = bytes;
  }

  /**
   * Waits until everything has happened that can happen without time passing: promises have settled, generators have been
   * pulled, file slices are read. A handler that waits for something outside (a timer, a connection, a thread) goes on waiting:
   * see {@link receiveUntil}. In conversations that share a server it waits for all of them.
   */
  settle(): Promise<void> {
    return untilIdle(() => this.#host.server.idle);
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
   * @param timeoutMs how long to wait, in milliseconds of real time
   * @throws Error when it has not come in time, or cannot come any more; OptionError for an ending that is no text
   */
  async receiveUntil(ending: string, timeoutMs: number = 1_000): Promise<string> {
    text('receiveUntil: ending', ending);
    const deadline = performance.now() + timeoutMs;
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
      await sleepBriefly();
    }
  }

  /**
   * Lets time pass: deadlines are enforced when they come, in order, and what they lead to happens at their time. Handlers'
   * own timers do not advance.
   * @throws OptionError for a time below 0
   */
  async advance(durationMs: number): Promise<void> {
    if (!(Number.isFinite(durationMs) && durationMs >= 0)) {
      throw mustBe('advance: the time', '0 or more milliseconds', durationMs);
    }
    await this.settle();
    const { clock } = this.#host;
    const target = clock.now + durationMs;
    while (this.closed === undefined && this.#loop.nextTick <= target) {
      clock.now = Math.max(clock.now, this.#loop.nextTick);
      this.#loop.act((session) => {
        this.#loop.nextTick = Number.POSITIVE_INFINITY;
        const next = session.tick(clock.now);
        this.#loop.tickBy(next);
      });
      await this.settle();
    }
    clock.now = target;
  }

  /** The server drains: it answers what it has received, sends the farewell and closes. */
  drain(): void {
    this.#loop.act((session) => session.drain());
  }

  /** The server stops: the conversation is broken off. */
  stop(): void {
    this.#loop.act((session) => session.stop());
  }
}
