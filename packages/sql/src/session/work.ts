import type { Reply } from 'zocalo';

/**
 * Work that may have to wait, or to send many bytes on its way: it yields what it waits for, or the bytes. Most work of
 * most clients waits for nothing and is done when its first step returns, without a promise.
 */
export type Work<Result = void> = Generator<PromiseLike<unknown> | Uint8Array, Result, unknown>;

/** A value, or what a promise of it resolves to. */
export function* awaited<Value>(value: Value | PromiseLike<Value>): Work<Value> {
  return isPromise(value) ? ((yield value) as Value) : value;
}

/** Does work, as far as it can be done at once; `finish` gives the bytes that it leaves at its end. */
export function reply(work: Work, finish: () => Uint8Array | undefined): Reply {
  const step = work.next();
  return step.done === true ? finish() : pieces(work, step.value, finish);
}

async function* pieces(
  work: Work,
  first: PromiseLike<unknown> | Uint8Array,
  finish: () => Uint8Array | undefined,
): AsyncGenerator<Uint8Array | undefined> {
  try {
    for (let yielded = first; ; ) {
      let step: IteratorResult<PromiseLike<unknown> | Uint8Array, void>;
      if (isPromise(yielded)) {
        let value: unknown;
        let failed = false;
        try {
          value = await yielded;
        } catch (error) {
          value = error;
          failed = true;
        }
        step = failed ? work.throw(value) : work.next(value);
      } else {
        yield yielded as Uint8Array;
        step = work.next();
      }
      if (step.done === true) break;
      yielded = step.value;
    }
    yield finish();
  } finally {
    work.return();
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
