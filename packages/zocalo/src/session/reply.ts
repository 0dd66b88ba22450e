import { isUint8Array } from 'node:util/types';
import { ReplyError } from '../errors.ts';
import { FileSlice } from './file-slice.ts';

/**
 * What a handler answers: nothing, text (sent as UTF-8), bytes, a slice of a file, or something to pull any of those
 * from. Bytes are sent from where they stand, so they must not be changed afterwards. An iterable is asked for its next
 * piece only while the client's output has room; one abandoned half-way is closed (`return()`), so `finally` runs.
 */
export type Reply =
  | undefined
  | null
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is a handler.
  | void
  | string
  | Uint8Array
  | FileSlice
  | Iterable<Reply>
  | AsyncIterable<Reply>
  | Promise<Reply>;

/** The length that an array of bytes really has, whatever an object or a subclass claims. */
const byteLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength')
  ?.get as () => number;

/**
 * Whether a value is bytes that may be handed to a system call. An object that only looks like bytes (`instanceof` depends on a prototype,
 * `length` may be any property) would make the kernel read other memory of this process and send it.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return isUint8Array(value) && value.length === byteLength.call(value);
}

/** Text as UTF-8, bytes as they are. @throws ReplyError for anything else, which is released: a promise, a file */
export function bytesOf(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  if (isBytes(value)) return value;
  discardReply(value);
  throw new ReplyError(`${name} must be a string or a Uint8Array, not ${described(value)}`);
}

/** What a value is, for a message: `a number`, `a promise`, `an object`. */
export function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (isPromise(value)) return 'a promise (await it first)';
  if (value instanceof FileSlice) return 'a file slice';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `an object (${name})` : 'an object';
}

/** Releases a reply that will not be read: open files are closed, and a rejected promise has no effect. */
export function discardReply(reply: unknown): void {
  discard(reply, 0);
}

/** How deep replies may be nested: an array may contain itself. */
export const MAX_REPLY_DEPTH = 1_000;

function discard(reply: unknown, depth: number): void {
  if (typeof reply !== 'object' || reply === null || isUint8Array(reply) || depth > MAX_REPLY_DEPTH) return;
  try {
    if (reply instanceof FileSlice) reply.close();
    else if (isPromise(reply)) {
      promised(reply).then(
        (value) => discard(value, depth + 1),
        () => {},
      );
    } else if (Array.isArray(reply)) for (const item of reply) discard(item, depth + 1);
  } catch {
    // A value whose properties cannot be read holds nothing that could be released.
  }
}

export function isPromise<Value>(value: unknown): value is PromiseLike<Value> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/** A promise of the language's own, which calls back once and never synchronously, as another `then` may. */
export function promised<Value>(value: PromiseLike<Value>): Promise<Value> {
  return Promise.resolve(value);
}
