import { AsyncResource } from 'node:async_hooks';
import { ReplyError } from '../errors.ts';
import { FileSlice } from './file-slice.ts';
import type { Reply } from './reply.ts';
import { described, discardReply, isBytes, isPromise, MAX_REPLY_DEPTH, promised } from './reply.ts';

/** {@link ReplyReader.next} has nothing now: it waits for a promise, and its owner is notified when to ask again. */
export const PENDING = Symbol('pending');

/** Pulls replies: notified when one that was pending can be asked again. */
export interface ReplyOwner {
  replyReady(reader: ReplyReader): void;
}

type Source = Iterator<Reply> | AsyncIterator<Reply>;

/** After so many pieces without a byte other clients have their turn: a generator may yield empty pieces for ever. */
const MAX_EMPTY_PIECES = 1_000;

/** Pulls one reply apart into strings, bytes and slices of files, one piece a call, waiting for promises without blocking. */
export class ReplyReader {
  /** Whether it answers a message, rather than being unsolicited. */
  readonly answers: boolean;
  /** Whether it waits for the handler, and since when; the session's handler deadline reads it. */
  pending = false;
  pendingSince = 0;
  /** Whether a piece of this reply has been written. */
  started = false;

  readonly #owner: ReplyOwner;
  /** That of the handler which has given the reply: iterators are asked in it, whatever has made room for the next piece. */
  readonly #context = new AsyncResource('zocalo.reply');
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
    if (isPromise<Reply>(reply)) this.#await(reply, now, (value) => this.#put(value));
    else this.#put(reply);
  }

  /**
   * The next piece, never empty; undefined at the end. A slice of a file belongs to the caller, who closes it.
   * @throws what the handler's promise, iterator or generator threw; ReplyError for a value that is not a reply
   */
  next(now: number): string | Uint8Array | FileSlice | typeof PENDING | undefined {
    for (let asked = 0; ; asked++) {
      if (asked === MAX_EMPTY_PIECES && !this.pending) this.#await(nextTurn(), now, () => {});
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
      if (typeof item === 'string' || isBytes(item)) {
        if (item.length > 0) return item;
      } else if (item instanceof FileSlice) {
        if (item.length > 0) return item;
        item.close();
      } else this.#open(item, now);
    }
  }

  /** Ends a reply that is not read any further: what it still holds is closed, innermost first. */
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
      const step = this.#context.runInAsyncScope(() => source.next());
      if (isPromise<IteratorResult<Reply>>(step)) this.#await(step, now, (result) => this.#stepped(result));
      else this.#stepped(step);
    } finally {
      this.#asking = false;
      if (this.#closed) this.close();
    }
  }

  #open(item: unknown, now: number): void {
    if (isPromise<Reply>(item)) this.#await(item, now, (value) => this.#put(value));
    else if (this.#sources.length === MAX_REPLY_DEPTH)
      throw new ReplyError(`a reply has more than ${MAX_REPLY_DEPTH} replies in one another`);
    else if (
      typeof item === 'object' &&
      item !== null &&
      !(ArrayBuffer.isView(item) || item instanceof Uint8Array)
    ) {
      const reply = item as Partial<Iterable<Reply> & AsyncIterable<Reply>>;
      if (typeof reply[Symbol.asyncIterator] === 'function')
        this.#sources.push((item as AsyncIterable<Reply>)[Symbol.asyncIterator]());
      else if (typeof reply[Symbol.iterator] === 'function')
        this.#sources.push((item as Iterable<Reply>)[Symbol.iterator]());
      else throw notReply(item);
    } else throw notReply(item);
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

  #await<Value>(promise: PromiseLike<Value>, now: number, use: (value: Value) => void): void {
    this.pending = true;
    this.pendingSince = now;
    const ready = () => {
      this.pending = false;
      if (this.#closed) this.close();
      else this.#owner.replyReady(this);
    };
    promised(promise)
      .then(use)
      .then(ready, (error: unknown) => {
        this.#failure = { error };
        ready();
      });
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function notReply(item: unknown): ReplyError {
  const found = described(item);
  return new ReplyError(
    `a handler replied with ${found}, which is neither text, bytes, a file slice nor something to pull those from`,
  );
}

/** Promises of an array are looked at in their turn; one that fails before it must not end the process as unhandled. */
function expectFailures(items: readonly unknown[], depth = 0): void {
  if (depth === MAX_REPLY_DEPTH) return;
  for (const item of items) {
    if (isPromise(item)) promised(item).then(undefined, () => {});
    else if (Array.isArray(item)) expectFailures(item, depth + 1);
  }
}

function closeSource(source: Source): void {
  try {
    if (Object.prototype.toString.call(source) === '[object Array Iterator]') {
      for (const item of source as IterableIterator<Reply>) discardReply(item);
      return;
    }
    // A failure while cleaning up is not reported: the reply is already abandoned.
    const returned: unknown = source.return?.();
    if (isPromise(returned)) promised(returned).then(undefined, () => {});
  } catch {}
}
