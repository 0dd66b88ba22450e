import { FrameError, FrameTooLongError } from '../errors.ts';
import type { Framer } from '../framing/framing.ts';
import { Input } from '../framing/input.ts';
import { Client, type ClientIdentity, type Speaker } from './client.ts';
import type { CloseReason } from './close-reason.ts';
import { Output } from './output.ts';
import type { Protocol, Reply } from './protocol.ts';
import { ReplyQueue, type ReplyQueueOwner } from './reply-queue.ts';
import { discardReply } from './reply-reader.ts';
import type { EndedSession, SessionHost, Tokens } from './session-host.ts';
import {
  type FilePart,
  FOR_EVER,
  READ,
  RELEASED,
  type ReadNow,
  type SessionPort,
  UNTIL_ANSWERED,
  type Waker,
  WRITE,
} from './session-port.ts';

/** Where a conversation stands; it only ever moves down this list. */
const OPEN = 0;
/** No new messages; the answers in progress are finished. */
const ENDING = 1;
/** Last words are said and the output is flushed. */
const PARTING = 2;
const FINISHED = 3;
/** How soon a silent client is looked at again when the line may have grown behind it, in milliseconds. */
const LOOK_AT_LINE = 100;

/**
 * One client's conversation, without any I/O: bytes come in through {@link receive}, frames are answered in order, replies
 * are pulled as the output drains, and bytes go out through {@link outgoing}. Every loop drives the same session.
 */
export class Session<Frame, State> implements SessionPort, Speaker, ReplyQueueOwner, EndedSession {
  readonly client: Client<State>;
  waker: Waker | undefined;
  messages = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly openedAt: number;

  readonly #protocol: Protocol<Frame, State>;
  readonly #host: SessionHost;
  readonly #framer: Framer<Frame>;
  readonly #tokens: Tokens | undefined;
  readonly #input = new Input();
  readonly #output = new Output();
  /** Made by the first reply that cannot be written at once; most clients never need it. */
  #replies: ReplyQueue | undefined;

  #phase = OPEN;
  #reason: CloseReason = 'client';
  #lastWords: (() => Reply) | undefined;
  #inputEnded = false;
  #draining = false;
  #advancing = false;
  /** Whether what the loop sends is of a file, and not of the output. */
  #sendsFile = false;
  /** How many messages may still be begun in this turn. */
  #turnLeft: number;
  /** At most this much of what waits was sent unasked. */
  #unasked = 0;
  #abort: AbortController | undefined;

  #activeAt: number;
  #progressAt: number;
  /** When the frame that is incomplete was begun. */
  #frameSince: number | undefined;

  constructor(
    protocol: Protocol<Frame, State>,
    identity: ClientIdentity,
    host: SessionHost,
    tokens?: Tokens,
  ) {
    this.#protocol = protocol;
    this.#host = host;
    this.#tokens = tokens;
    this.#framer = protocol.framing.create();
    this.#turnLeft = host.limits.messagesPerTurn;
    this.openedAt = this.#activeAt = this.#progressAt = host.clock.now;
    this.client = new Client(identity, host.house, undefined as State, this);
  }

  // What the loop calls.

  get finished(): boolean {
    return this.#phase === FINISHED;
  }

  get lingers(): boolean {
    return !this.#inputEnded;
  }

  get interest(): number {
    if (this.#phase === FINISHED) return 0;
    return (this.#wantsInput() ? READ : 0) | (this.#hasOutgoing ? WRITE : 0);
  }

  get awaits(): boolean {
    return this.#replies?.pendingSince() !== undefined;
  }

  /** A protocol that does not keep its frames may still need them for answers, which may be views of them. */
  get keeps(): number {
    if (this.#protocol.keepsFrames !== false) return FOR_EVER;
    return this.#hasOutgoing || this.#replies?.empty === false ? UNTIL_ANSWERED : RELEASED;
  }

  open(): void {
    const protocol = this.#protocol;
    if (protocol.state === undefined && protocol.open === undefined) return;
    this.#say(() => {
      if (protocol.state !== undefined) this.client.state = protocol.state();
      return protocol.open?.(this.client);
    });
    this.#advance();
  }

  receive(bytes: Buffer, length: number): boolean {
    this.bytesIn += length;
    this.#host.traffic.bytesIn += length;
    this.#activeAt = this.#host.clock.now;
    if (this.#phase !== OPEN) return false;
    this.#turnLeft = this.#host.limits.messagesPerTurn;
    const most = this.#protocol.framing.maxIncomplete;
    for (let offset = 0; offset < length && this.#phase === OPEN; ) {
      const waited = this.#input.length;
      offset += this.#input.feed(bytes, offset, length, this.#dispatches() ? most : Number.POSITIVE_INFINITY);
      this.#advance();
      // A framer that is not asked, for want of room or of its turn, says nothing about what waits.
      if (!this.#dispatches()) continue;
      const full = offset < length && this.#input.length >= Math.max(waited, most);
      if (full || (this.#frameSince !== undefined && this.#input.length > most))
        this.#badFrame(new FrameTooLongError(most));
    }
    if (this.#turnLeft === 0 && this.#input.length > 0) this.waker?.wake();
    return this.#input.settle();
  }

  receiveEnd(): void {
    if (this.#inputEnded || this.#phase === FINISHED) return;
    this.#inputEnded = true;
    if (this.#protocol.halfClose === false && this.#phase === OPEN) this.#finish('client');
    else this.resume();
  }

  broken(): void {
    this.#inputEnded = true;
    this.#finish('reset');
  }

  outgoing(): Uint8Array | undefined {
    this.#sendsFile = this.#output.length === 0 && this.#replies?.hasFile === true;
    if (!this.#sendsFile) return this.#output.peek();
    const bytes = this.#replies?.fileBytes();
    // A file that cannot be read ends the conversation.
    if (bytes === undefined) this.#advance();
    return bytes;
  }

  outgoingFile(): FilePart | undefined {
    this.#sendsFile = this.#output.length === 0 && this.#replies?.hasFile === true;
    return this.#sendsFile ? this.#replies?.filePart() : undefined;
  }

  sent(count: number): void {
    this.bytesOut += count;
    this.#host.traffic.bytesOut += count;
    this.#progressAt = this.#activeAt = this.#host.clock.now;
    if (this.#sendsFile) this.#replies?.fileSent(count);
    else this.#output.advance(count);
    const answered = this.#replies === undefined || this.#replies.empty;
    if (answered && this.#output.length === 0) this.#unasked = 0;
    if (answered && this.#phase === OPEN && this.#input.length === 0 && !this.#inputEnded) return;
    this.#advance();
    this.#input.settle();
  }

  resume(): void {
    // A handler that drains the server stands in the midst of it, and of a receive buffer.
    if (this.#advancing) return;
    this.#turnLeft = this.#host.limits.messagesPerTurn;
    this.#advance();
    this.#input.settle();
  }

  tick(now: number): number {
    const { limits, shortestTimeout } = this.#host;
    const pending = this.#replies?.pendingSince();
    if (this.#phase < PARTING && now >= this.openedAt + limits.maxSession) this.#cut('max-session');
    else if (this.#hasOutgoing && now >= this.#progressAt + limits.writeTimeout)
      this.#finish('write-timeout');
    else if (pending !== undefined && now >= pending + limits.handlerTimeout) this.#cut('handler-timeout');
    else if (this.#frameSince !== undefined && now >= this.#frameSince + limits.frameTimeout) {
      this.#cut('frame-timeout');
    } else if (this.#idles() && now >= this.#activeAt + this.idleTimeout) this.#cut('idle');

    let next = now + shortestTimeout;
    if (this.#phase < PARTING) next = Math.min(next, this.openedAt + limits.maxSession);
    if (this.#hasOutgoing) next = Math.min(next, this.#progressAt + limits.writeTimeout);
    if (pending !== undefined) next = Math.min(next, pending + limits.handlerTimeout);
    if (this.#frameSince !== undefined) next = Math.min(next, this.#frameSince + limits.frameTimeout);
    if (this.#idles()) {
      const whileWaiting = Math.max(this.#activeAt + limits.crowdedIdleTimeout, now + LOOK_AT_LINE);
      next = Math.min(next, this.#activeAt + limits.idleTimeout, whileWaiting);
    }
    return next;
  }

  drain(): void {
    if (this.#phase !== OPEN) return;
    this.#end('drain', this.#farewell('drain'));
    this.#draining = true;
    this.resume();
    this.waker?.wake();
  }

  stop(): void {
    this.#finish('stopped');
  }

  // What the protocol calls, through its client.

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#phase === FINISHED) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  get messagesLeft(): number {
    return this.#tokens?.left(this.#host.clock.now) ?? Number.POSITIVE_INFINITY;
  }

  /** As long as nobody else comes to wait. */
  get idleTimeout(): number {
    const { limits, house } = this.#host;
    const { idleTimeout, crowdedIdleTimeout } = limits;
    return crowdedIdleTimeout < idleTimeout && house.waitingClients > 0 ? crowdedIdleTimeout : idleTimeout;
  }

  send(words: string | Uint8Array): boolean {
    if (this.#phase >= PARTING) return false;
    const bytes = typeof words === 'string' ? Buffer.from(words) : words;
    const { highWater, maxUnasked } = this.#host.limits;
    this.#unasked += bytes.length;
    if (this.#replies?.halfWritten === true) this.#queue().add(bytes, false);
    else {
      this.#write(bytes);
      this.#unasked = Math.min(this.#unasked, this.#output.length);
    }
    if (this.#unasked > maxUnasked) this.#finish('overflow');
    this.waker?.wake();
    return !this.finished && this.#unasked < highWater && this.#output.length < highWater;
  }

  end(): void {
    this.#end('protocol');
    this.waker?.wake();
  }

  // What its replies call.

  get readNow(): ReadNow | undefined {
    return this.waker?.readNow;
  }

  replyReady(): void {
    // A client that has been waiting for its handler, or for a file, has not been slow.
    if (!this.#hasOutgoing) this.#progressAt = this.#host.clock.now;
    this.waker?.wake();
  }

  /** A handler failed: this conversation ends, and no other. Half an answer is never followed by words. */
  replyFailed(error: unknown, halfWritten: boolean): void {
    this.#host.failed(this.client, error);
    this.#end('error', halfWritten ? undefined : () => this.#protocol.error?.(error, this.client));
  }

  // The conversation.

  /** Whether there are bytes that its client can take. */
  get #hasOutgoing(): boolean {
    return this.#output.length > 0 || this.#replies?.hasFile === true;
  }

  /** Whether a message may be begun now: below the concurrency, with room for its answer. */
  #dispatches(): boolean {
    return (
      (this.#phase === OPEN || (this.#phase === ENDING && this.#draining)) &&
      this.#turnLeft > 0 &&
      (this.#replies === undefined || this.#replies.answering < (this.#protocol.concurrency ?? 1)) &&
      this.#output.length < this.#host.limits.highWater
    );
  }

  /** It reads ahead while answers are in progress, to notice that a client leaves, but hardly more than one receive. */
  #wantsInput(): boolean {
    const { highWater } = this.#host.limits;
    if (this.#phase !== OPEN || this.#inputEnded || this.#output.length >= highWater) return false;
    return this.#frameSince !== undefined || this.#input.length < highWater;
  }

  /** Whether the client is owed nothing and has begun nothing. */
  #idles(): boolean {
    return (
      this.#phase === OPEN &&
      this.#output.length === 0 &&
      this.#frameSince === undefined &&
      (this.#replies === undefined || this.#replies.empty)
    );
  }

  /** Does all that can be done now. Calls from inside it (a handler that ends its client, say) find it on its way. */
  #advance(): void {
    if (this.#advancing || this.#phase === FINISHED) return;
    this.#advancing = true;
    try {
      do this.#pull();
      while (this.#dispatches() && this.#dispatchOne());
      this.#partIfDone();
    } finally {
      this.#advancing = false;
    }
  }

  /** Begins one message; false when there is none, or when this client's turn is over. */
  #dispatchOne(): boolean {
    let frame: Frame | undefined;
    try {
      frame = this.#framer.next(this.#input);
      if (frame === undefined && this.#inputEnded) frame = this.#framer.last?.(this.#input);
    } catch (error) {
      this.#badFrame(error);
      return false;
    }
    if (frame === undefined) {
      this.#frameIncomplete();
      return false;
    }
    this.#frameSince = undefined;
    this.#message(frame);
    this.#turnLeft--;
    if (this.#turnLeft === 0 && (this.#input.length > 0 || this.#inputEnded)) this.waker?.wake();
    return true;
  }

  #frameIncomplete(): void {
    if (this.#inputEnded || this.#draining) this.#input.clear();
    if (this.#input.length === 0) this.#frameSince = undefined;
    else this.#frameSince ??= this.#host.clock.now;
    if (this.#inputEnded && !this.#draining) this.#end('client');
  }

  #message(frame: Frame): void {
    const tokens = this.#tokens;
    if (tokens?.take(this.#host.clock.now) === false) {
      this.#end('quota', this.#farewell('quota'));
      return;
    }
    this.messages++;
    this.#host.traffic.messages++;
    if (this.#host.onMessage !== undefined) this.#host.onMessage(this.client);
    let reply: Reply;
    try {
      reply = this.#protocol.message(frame, this.client);
    } catch (error) {
      this.replyFailed(error, false);
      return;
    }
    this.#answer(reply);
    if (tokens?.spent === true) this.#end('quota', this.#farewell('quota'));
  }

  /** Answers with what a handler other than `message` returns. */
  #say(handler: () => Reply): void {
    try {
      this.#answer(handler());
    } catch (error) {
      this.replyFailed(error, false);
    }
  }

  /** The common answers are written at once; the others are pulled, piece by piece. */
  #answer(reply: Reply): void {
    if (reply === undefined || reply === null) return;
    if (this.#phase === FINISHED) {
      discardReply(reply);
      return;
    }
    const immediate = typeof reply === 'string' || reply instanceof Uint8Array;
    if (immediate && this.#replies?.halfWritten !== true) {
      this.#write(typeof reply === 'string' ? Buffer.from(reply) : reply);
    } else this.#queue().add(reply, true);
  }

  #write(bytes: Uint8Array): void {
    if (this.#output.length === 0) this.#progressAt = this.#host.clock.now;
    this.#output.push(bytes);
  }

  #queue(): ReplyQueue {
    this.#replies ??= new ReplyQueue(this.#output, this.#host.clock, this.#host.limits.highWater, this);
    return this.#replies;
  }

  #pull(): void {
    if (this.#replies === undefined || this.#replies.empty) return;
    if (!this.#hasOutgoing) this.#progressAt = this.#host.clock.now;
    this.#replies.pull();
    if (this.#replies.empty) this.#activeAt = this.#host.clock.now;
  }

  // Its end.

  #badFrame(error: unknown): void {
    const tooLong = error instanceof FrameTooLongError;
    const known = tooLong || error instanceof FrameError;
    if (!known) this.#host.failed(this.client, error);
    this.#end(tooLong ? 'frame-too-long' : known ? 'bad-frame' : 'error', () =>
      this.#protocol.error?.(error, this.client),
    );
    this.#input.clear();
    this.#advance();
  }

  #farewell(reason: CloseReason): () => Reply {
    return () => this.#protocol.farewell?.(reason, this.client);
  }

  /** Ends after the answers in progress. The first reason stands, but draining gives way to any other. */
  #end(reason: CloseReason, lastWords?: () => Reply): void {
    if (this.#phase > ENDING || (this.#phase === ENDING && !this.#draining)) return;
    this.#phase = ENDING;
    this.#draining = false;
    this.#reason = reason;
    this.#lastWords = lastWords;
    this.#frameSince = undefined;
  }

  /** Ends without finishing the answers in progress; words are said unless one of them is half written. */
  #cut(reason: CloseReason): void {
    if (this.#phase === PARTING) {
      // Flushing goes on, bounded by its own deadline; a farewell that never comes does not.
      if (this.#replies?.empty === false) this.#finish(this.#reason);
      return;
    }
    const halfWritten = this.#replies?.halfWritten === true;
    this.#phase = ENDING;
    this.#reason = reason;
    this.#lastWords = halfWritten ? undefined : this.#farewell(reason);
    this.#frameSince = undefined;
    this.#draining = false;
    this.#replies?.drop();
    this.#input.clear();
    this.#advance();
    this.waker?.wake();
  }

  /** Goes from ending to parting when the last answer is written, and to the end when the last byte is sent. */
  #partIfDone(): void {
    const answered = this.#replies === undefined || this.#replies.empty;
    if (this.#phase === ENDING && answered && !(this.#draining && this.#input.length > 0)) {
      this.#phase = PARTING;
      const lastWords = this.#lastWords;
      this.#lastWords = undefined;
      if (lastWords !== undefined) this.#say(lastWords);
      this.#pull();
    }
    if (this.#phase !== PARTING || this.#output.length > 0) return;
    if (this.#replies === undefined || this.#replies.empty) this.#finish(this.#reason);
  }

  #finish(reason: CloseReason): void {
    if (this.#phase === FINISHED) return;
    this.#phase = FINISHED;
    this.#reason = reason;
    this.#frameSince = undefined;
    this.#replies?.drop();
    this.#input.clear();
    this.#output.clear();
    this.#abort?.abort(reason);
    try {
      this.#protocol.close?.(this.client, reason);
    } catch (error) {
      this.#host.failed(this.client, error);
    }
    this.#host.finished(this, reason);
    this.waker?.wake();
  }
}
