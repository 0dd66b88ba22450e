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

/** Pulls one reply apart into strings, bytes and slices of files, one piece a call, waiting for promises without blocking. */
export class ReplyReader {
  /** Whether it answers a message, rather than being sent unasked. */
  readonly answers: boolean;
  /** Whether it waits for the handler, and since when; the session's handler deadline reads it. */
  pending = false;
  pendingSince = 0;
  /** Whether a piece of this reply has been written. */
  started = false;

  readonly #owner: ReplyOwner;
  readonly #sources: Source[] = [];
  #item: Reply;
  #hasItem = false;
  #failure: { error: unknown } | undefined;
  #asking = false;
  #closed = false;

  /** @param now a promise is waited for from now on, not from its first pull */
  constructor(reply: Reply, answers: boolean, owner: ReplyOwner, now: number) {
    this.answers = answers;
    this.#owner = owner;
    if (isPromise(reply)) this.#await(reply, now, (value) => this.#put(value));
    else this.#put(reply);
  }

  /**
   * The next piece, never empty; undefined at the end. A slice of a file belongs to the caller, who closes it.
   * @throws what the handler's promise, iterator or generator threw; ReplyError for a value that is not a reply
   */
  next(now: number): string | Uint8Array | FileSlice | typeof PENDING | undefined {
    for (;;) {
      if (this.pending) return PENDING;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (!this.#hasItem) {
        const source = this.#sources.at(-1);
        if (source === undefined) return undefined;
        this.#ask(source, now);
        if (this.#closed) return undefined;
        continue;
      }
      const item = this.#item;
      this.#item = undefined;
      this.#hasItem = false;
      if (item === undefined || item === null) continue;
      if (typeof item === 'string' || item instanceof Uint8Array) {
        if (item.length > 0) return item;
      } else if (item instanceof FileSlice) {
        if (item.length > 0) return item;
        item.close();
      } else this.#open(item, now);
    }
  }

  /** Ends a reply that nobody will read any further: what it still holds is closed, innermost first. */
  close(): void {
    this.#closed = true;
    // A generator that is running, and so closes its own reply, cannot be closed before it has yielded.
    if (this.#asking) return;
    discardReply(this.#item);
    this.#item = undefined;
    for (let source = this.#sources.pop(); source !== undefined; source = this.#sources.pop())
      closeSource(source);
  }

  #ask(source: Source, now: number): void {
    this.#asking = true;
    try {
      const step = source.next();
      if (isPromise(step)) this.#await(step, now, (result) => this.#stepped(result));
      else this.#stepped(step);
    } finally {
      this.#asking = false;
      if (this.#closed) this.close();
    }
  }

  #open(item: object | number | boolean | symbol | bigint, now: number): void {
    if (typeof item !== 'object') throw new ReplyError(`a handler replied with a ${typeof item}`);
    if (isPromise(item)) this.#await(item as Promise<Reply>, now, (value) => this.#put(value));
    else if (Symbol.asyncIterator in item)
      this.#sources.push((item as AsyncIterable<Reply>)[Symbol.asyncIterator]());
    else if (Symbol.iterator in item) this.#sources.push((item as Iterable<Reply>)[Symbol.iterator]());
    else
      throw new ReplyError(
        'a handler replied with an object that is neither bytes, a file slice nor iterable',
      );
  }

  #put(item: Reply): void {
    this.#item = item;
    this.#hasItem = true;
    if (Array.isArray(item)) expectFailures(item);
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
      if (this.#closed) this.close();
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

/** Lets go of a reply that nobody will read: open files are closed, and failures are nobody's concern any more. */
export function discardReply(reply: Reply): void {
  if (typeof reply !== 'object' || reply === null || reply instanceof Uint8Array) return;
  if (reply instanceof FileSlice) reply.close();
  else if (isPromise(reply)) reply.then(discardReply, () => {});
  else if (Array.isArray(reply)) reply.forEach(discardReply);
}

/** Promises of an array are looked at in their turn; one that fails before it must not end the process as unhandled. */
function expectFailures(items: readonly unknown[]): void {
  for (const item of items) {
    if (isPromise(item)) item.then(undefined, () => {});
    else if (Array.isArray(item)) expectFailures(item);
  }
}

function closeSource(source: Source): void {
  try {
    if (Object.prototype.toString.call(source) === '[object Array Iterator]') {
      for (const item of source as IterableIterator<Reply>) discardReply(item);
      return;
    }
    // A failure while cleaning up has nobody left to be told to: the reply is already abandoned.
    const returned: unknown = source.return?.();
    if (isPromise(returned)) returned.then(undefined, () => {});
  } catch {}
}

function isPromise<Value>(value: unknown): value is Promise<Value> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
