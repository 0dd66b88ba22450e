import type { Deadlines } from './deadlines.ts';
import { Output } from './output.ts';
import { discardReply, isBytes, type Reply } from './reply.ts';
import { ReplyQueue, type ReplyQueueOwner } from './reply-queue.ts';
import type { SessionHost } from './session-host.ts';
import type { FilePart } from './session-port.ts';
import { FINISHED, type SessionState } from './session-state.ts';

/** What an outbox needs of its session. */
export interface OutboxSession extends ReplyQueueOwner {
  readonly host: SessionHost;
  readonly lifecycle: SessionState;
  readonly deadlines: Deadlines;
}

/**
 * What a client is still to be sent: the bytes that wait, and the replies in progress that more will come from. It keeps account of
 * which bytes answer messages and which are unsolicited.
 */
export class Outbox {
  /** Only while bytes wait, or while there are replies that write into it: most clients have nothing to take at any time. */
  #output: Output | undefined;
  readonly #session: OutboxSession;
  /** Made by the first reply that cannot be written at once; most clients never need it. */
  #replies: ReplyQueue | undefined;
  /** Whether what the loop sends now is of a file, and not of the output. */
  #sendsFile = false;
  /** At most this many of the bytes that wait are unsolicited. */
  #unsolicited = 0;
  /** So many bytes from the beginning of the output are answers; all bytes behind them are unsolicited. */
  #answerBytes = 0;
  /** Resolved when there is room again. */
  #drained: PromiseWithResolvers<boolean> | undefined;

  constructor(session: OutboxSession) {
    this.#session = session;
  }

  /** How many bytes wait, without those of a file. */
  get length(): number {
    return this.#output?.length ?? 0;
  }

  /** Whether there are bytes that the client can take. */
  get hasOutgoing(): boolean {
    return this.length > 0 || this.#replies?.hasFile === true;
  }

  /** Whether no reply is in progress. */
  get answered(): boolean {
    return this.#replies === undefined || this.#replies.empty;
  }

  /** Whether the client waits for an answer, or for the rest of one. */
  get hasPendingAnswer(): boolean {
    return this.#answerBytes > 0 || !this.answered;
  }

  /** Whether one more answer may be begun, of so many that may be in progress. */
  takesAnswer(concurrency: number): boolean {
    const free = this.#replies === undefined || this.#replies.answering < concurrency;
    return free && this.length < this.#session.host.limits.highWater;
  }

  /** Whether a reply has begun that has not ended: nothing else may be written then. */
  get halfWritten(): boolean {
    return this.#replies?.halfWritten === true;
  }

  /** Whether the output is below its high-water mark. */
  get belowHighWater(): boolean {
    return this.length < this.#session.host.limits.highWater;
  }

  /** Whether an unsolicited message would be sent soon. */
  get hasRoom(): boolean {
    return (
      this.#session.lifecycle.sends &&
      this.belowHighWater &&
      this.#unsolicitedWaiting() < this.#session.host.limits.highWater
    );
  }

  /** Whether so much that is unsolicited waits that no more may be added. */
  get overflows(): boolean {
    return this.#unsolicitedWaiting() >= this.#session.host.limits.maxUnsolicited;
  }

  pendingSince(): number | undefined {
    return this.#replies?.pendingSince();
  }

  /** Adds a reply: the common ones are written at once, the others are pulled, piece by piece. @param answers whether it answers a message */
  reply(reply: Reply, answers: boolean): void {
    if (reply === undefined || reply === null) return;
    if (this.#session.lifecycle.state === FINISHED) {
      discardReply(reply);
      return;
    }
    const text = typeof reply === 'string';
    if ((text || isBytes(reply)) && !this.halfWritten) {
      this.#write(text ? Buffer.from(reply) : reply);
      if (answers) this.#answerBytes = this.length;
    } else this.#queue().add(reply, answers);
  }

  /** Adds an unsolicited message. */
  send(bytes: Uint8Array): void {
    this.#unsolicited += bytes.length;
    if (this.halfWritten) this.#queue().add(bytes, false);
    else this.#write(bytes);
  }

  /** Resolves with true when there is room again, with false when the conversation ends before. */
  drained(): Promise<boolean> {
    if (!this.#session.lifecycle.sends) return Promise.resolve(false);
    if (this.hasRoom) return Promise.resolve(true);
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** Moves pieces of the replies into the output. */
  pull(): void {
    if (this.#replies === undefined || this.#replies.empty) return;
    if (!this.hasOutgoing) this.#session.deadlines.beginSending();
    this.#replies.pull();
    this.#answerBytes = this.length;
    if (this.#replies.empty) this.#session.deadlines.activeAt = this.#session.host.clock.now;
  }

  /** Whether the bytes to send next are of a file; it holds until {@link sent}. */
  nextIsFile(): boolean {
    this.#sendsFile = this.length === 0 && this.#replies?.hasFile === true;
    return this.#sendsFile;
  }

  /** @throws ReplyError when they have been transferred since they were given */
  peek(): Uint8Array | undefined {
    return this.#output?.peek();
  }

  fileBytes(): Uint8Array | undefined {
    return this.#replies?.fileBytes();
  }

  filePart(): FilePart | undefined {
    return this.#replies?.filePart();
  }

  /** The socket took so many bytes. */
  sent(count: number): void {
    if (this.#sendsFile) this.#replies?.fileSent(count);
    else {
      (this.#output as Output).advance(count);
      if (this.#answerBytes > 0) {
        this.#answerBytes = Math.max(this.#answerBytes - count, 0);
        if (this.#answerBytes === 0) this.#session.deadlines.activeAt = this.#session.host.clock.now;
      }
    }
    if (this.length === 0 && this.answered) {
      this.#unsolicited = 0;
      if (this.#replies === undefined) this.#output = undefined;
    }
    if (this.#drained !== undefined && this.hasRoom) this.#resolveDrained(true);
  }

  /** Abandons the replies in progress; what is written is still sent. */
  dropReplies(): void {
    this.#replies?.drop();
  }

  /** Drops everything. */
  clear(): void {
    this.#replies?.drop();
    this.#output?.clear();
    this.#resolveDrained(false);
  }

  /** Behind an answer that is half written, what is unsolicited is not in the output yet. */
  #unsolicitedWaiting(): number {
    if (!this.halfWritten) this.#unsolicited = Math.min(this.#unsolicited, this.length);
    return this.#unsolicited;
  }

  #resolveDrained(room: boolean): void {
    this.#drained?.resolve(room);
    this.#drained = undefined;
  }

  #write(bytes: Uint8Array): void {
    if (this.length === 0) this.#session.deadlines.beginSending();
    this.#output ??= new Output();
    this.#output.push(bytes);
  }

  #queue(): ReplyQueue {
    const { host } = this.#session;
    this.#output ??= new Output();
    this.#replies ??= new ReplyQueue(this.#output, host.clock, host.limits.highWater, this.#session);
    return this.#replies;
  }
}
