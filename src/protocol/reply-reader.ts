import { ReplyError } from '../errors.ts';
import { FileSlice } from './file-slice.ts';
import type { Reply } from './protocol.ts';

/** {@link ReplyReader.next} has nothing now: it waits for a promise, and its owner will be told when to ask again. */
export const PENDING = Symbol('pending');

/** Who pulls replies: told when one that was pending can be asked again. */
export interface ReplyOwner {
  replyReady(reader: ReplyReader): void;
}

type Source = Iterator<Reply> | AsyncIterator<Reply>;

/** Pulls one reply apart into strings and bytes, one piece a call, waiting for promises without blocking. */
export class ReplyReader {
  readonly #sources: Source[] = [];
  readonly #owner: ReplyOwner;
  #item: Reply;
  #hasItem = true;
  #failure: { error: unknown } | undefined;
  #closed = false;
  /** Whether it waits for the handler, and since when; the session's handler deadline reads it. */
  pending = false;
  pendingSince = 0;
  /** Whether it answers a message, rather than being sent unasked. */
  readonly answers: boolean;
  /** Whether a piece of this reply has been written. */
  started = false;

  constructor(reply: Reply, answers: boolean, owner: ReplyOwner) {
    this.#item = reply;
    this.answers = answers;
    this.#owner = owner;
  }

  /**
   * The next piece; undefined at the end.
   * @throws what the handler's promise, iterator or generator threw; ReplyError for a value that is not a reply
   */
  next(now: number): string | Uint8Array | typeof PENDING | undefined {
    for (;;) {
      if (this.pending) return PENDING;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (!this.#hasItem) {
        const source = this.#sources.at(-1);
        if (source === undefined) return undefined;
        const step = source.next();
        if (isPromise(step)) this.#await(step, now, (result) => this.#stepped(result));
        else this.#stepped(step);
        continue;
      }
      const item = this.#item;
      this.#item = undefined;
      this.#hasItem = false;
      if (item === undefined || item === null || item === '') continue;
      if (typeof item === 'string' || item instanceof Uint8Array) return item;
      if (typeof item !== 'object') throw new ReplyError(`a handler replied with a ${typeof item}`);
      if (isPromise(item)) this.#await(item, now, (value) => this.#put(value));
      else if (Symbol.asyncIterator in item) this.#sources.push(item[Symbol.asyncIterator]());
      else if (Symbol.iterator in item) this.#sources.push(item[Symbol.iterator]());
      else
        throw new ReplyError(
          'a handler replied with an object that is neither bytes, a file slice nor iterable',
        );
    }
  }

  /** Ends a reply that nobody will read any further: its iterators are closed, innermost first. */
  close(): void {
    this.#closed = true;
    this.#discardItem();
    for (let source = this.#sources.pop(); source !== undefined; source = this.#sources.pop()) {
      try {
        // A failure while cleaning up has nobody left to be told to: the reply is already abandoned.
        const returned: unknown = source.return?.();
        if (isPromise(returned)) returned.then(undefined, () => {});
      } catch {}
    }
  }

  /** A slice that was never begun holds an open file. */
  #discardItem(): void {
    if (this.#item instanceof FileSlice) this.#item.close();
    this.#item = undefined;
  }

  #put(item: Reply): void {
    this.#item = item;
    this.#hasItem = true;
  }

  #stepped(result: IteratorResult<Reply>): void {
    if (result.done) this.#sources.pop();
    else this.#put(result.value);
  }

  #await<Value>(promise: Promise<Value>, now: number, settle: (value: Value) => void): void {
    this.pending = true;
    this.pendingSince = now;
    const ready = () => {
      this.pending = false;
      if (this.#closed) this.#discardItem();
      else this.#owner.replyReady(this);
    };
    promise.then(
      (value) => {
        settle(value);
        ready();
      },
      (error: unknown) => {
        this.#failure = { error };
        ready();
      },
    );
  }
}

function isPromise<Value>(value: unknown): value is Promise<Value> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
