import { FrameTooLongError } from '../errors.ts';
import { framerFor } from '../framing/checked-framer.ts';
import type { Framer, Framing } from '../framing/framing.ts';
import { Input } from '../framing/input.ts';
import type { Client } from './client.ts';
import type { Deadlines } from './deadlines.ts';
import type { Handlers, HandlersSession } from './handlers.ts';
import type { Tokens } from './session-host.ts';
import { DRAINING, FINISHED, OPEN } from './session-state.ts';

/** What an inbox needs of its session. */
export interface InboxSession<Frame> extends HandlersSession {
  readonly client: Client<unknown>;
  readonly deadlines: Deadlines;
  readonly handlers: Pick<
    Handlers<Frame, unknown>,
    'run' | 'message' | 'call' | 'farewell' | 'error' | 'close' | 'signal'
  >;
  /** Does all that can be done now. */
  advance(): void;
  /** Has the loop call `resume` in its next turn. */
  wake(): void;
}

/** What a client has sent: its bytes, the framer that makes messages of them, and when the next one may be begun. */
export class Inbox<Frame> {
  /** Whether the other side has sent its last byte. */
  ended = false;
  /** Whether the protocol has paused its client. */
  paused = false;
  /** How many messages have been begun. */
  messages = 0;
  /** Only while bytes wait: most clients are silent at any time. */
  #input: Input | undefined;
  readonly #session: InboxSession<Frame>;
  readonly #concurrency: number;
  readonly #tokens: Tokens | undefined;
  #framing!: Framing<Frame>;
  #framer!: Framer<Frame>;
  /** How many messages may still be begun in this turn. */
  #turnLeft: number;

  /** @param concurrency how many messages may be in progress at once. {@link useFraming} must follow */
  constructor(session: InboxSession<Frame>, concurrency: number, tokens: Tokens | undefined) {
    this.#session = session;
    this.#concurrency = concurrency;
    this.#tokens = tokens;
    this.#turnLeft = session.host.limits.messagesPerTurn;
  }

  /** How many bytes wait. */
  get length(): number {
    return this.#input?.length ?? 0;
  }

  get messagesLeft(): number {
    return this.#tokens?.left(this.#session.host.clock.now) ?? Number.POSITIVE_INFINITY;
  }

  /** It reads ahead while answers are in progress, to notice that a client leaves, but hardly more than one receive. */
  get wantsMore(): boolean {
    const { lifecycle, outbox, deadlines, host } = this.#session;
    if (lifecycle.state !== OPEN || this.ended || this.paused || !outbox.belowHighWater) return false;
    return deadlines.frameSince !== undefined || this.length < host.limits.highWater;
  }

  /** Whether a message may be begun now: below the concurrency, with room for its answer. */
  get dispatches(): boolean {
    const { lifecycle, outbox } = this.#session;
    return (
      lifecycle.state <= DRAINING &&
      this.#turnLeft > 0 &&
      !this.paused &&
      outbox.takesAnswer(this.#concurrency)
    );
  }

  beginTurn(): void {
    this.#turnLeft = this.#session.host.limits.messagesPerTurn;
  }

  /**
   * Takes in the first `length` of `bytes`, and begins what messages it can.
   * @returns whether a frame is a view of these bytes
   */
  receive(bytes: Buffer, length: number): boolean {
    const { lifecycle, deadlines } = this.#session;
    this.beginTurn();
    for (let offset = 0; offset < length && lifecycle.state === OPEN; ) {
      this.#input ??= new Input();
      const input = this.#input;
      const waited = input.length;
      const limit = this.#framing.maxIncomplete;
      offset += input.feed(bytes, offset, length, this.dispatches ? limit : Number.POSITIVE_INFINITY);
      this.#session.advance();
      // A framer that was not called, for want of room or of its turn, leaves it open how long the frame is.
      if (!this.dispatches) continue;
      // A handler may have changed the framing, which has not seen all that waits then.
      if (limit !== this.#framing.maxIncomplete) continue;
      const full = offset < length && input.length >= Math.max(waited, limit);
      if (full || (deadlines.frameSince !== undefined && input.length > limit)) this.#tooLong(limit);
    }
    this.#wakeForNextTurn();
    return this.detach();
  }

  /** Begins one message; false when there is none, or when this client's turn is over. */
  dispatchOne(): boolean {
    const { lifecycle, deadlines } = this.#session;
    this.#input ??= new Input();
    let frame: Frame | undefined;
    try {
      frame = this.#framer.next(this.#input);
      if (frame === undefined && this.ended) frame = this.#framer.last?.(this.#input);
    } catch (error) {
      lifecycle.badFrame(error);
      return false;
    }
    // A framing that answers by itself may have sent more than its client takes.
    if (lifecycle.state === FINISHED) return false;
    if (frame === undefined) {
      this.#frameIncomplete();
      return false;
    }
    deadlines.frameSince = undefined;
    this.#message(frame);
    this.#turnLeft--;
    this.#wakeForNextTurn();
    return true;
  }

  /** Cuts what waits, and what comes, into frames in another way. */
  useFraming(framing: Framing<Frame>): void {
    this.#framer = framerFor(framing, this.#session.client);
    this.#framing = framing;
    this.#session.deadlines.frameSince = undefined;
  }

  /** Leaves the receive buffer, which must follow a turn: see {@link Input.detach}. */
  detach(): boolean {
    const given = this.#input?.detach() ?? false;
    if (this.#input?.length === 0) this.#input = undefined;
    return given;
  }

  clear(): void {
    this.#input?.clear();
  }

  #message(frame: Frame): void {
    const { host, lifecycle, handlers, client } = this.#session;
    const tokens = this.#tokens;
    if (tokens?.take(host.clock.now) === false) {
      lifecycle.endWithFarewell('quota');
      return;
    }
    this.messages++;
    host.traffic.messages++;
    if (host.onMessage !== undefined) host.onMessage(client);
    handlers.message(frame);
    if (tokens?.spent === true) lifecycle.endWithFarewell('quota');
  }

  #frameIncomplete(): void {
    const { host, lifecycle, deadlines } = this.#session;
    const draining = lifecycle.state === DRAINING;
    if (this.ended || draining) this.clear();
    if (this.length === 0) deadlines.frameSince = undefined;
    else deadlines.frameSince ??= host.clock.now;
    if (this.ended && !draining) lifecycle.end('client');
  }

  #tooLong(limit: number): void {
    const { handlers, lifecycle } = this.#session;
    handlers.run(() => lifecycle.badFrame(new FrameTooLongError(limit)), undefined);
  }

  #wakeForNextTurn(): void {
    if (this.#turnLeft === 0 && (this.length > 0 || this.ended)) this.#session.wake();
  }
}
