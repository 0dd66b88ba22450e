import { EngineError } from './engine-error.ts';

/** The right to write, until it is given back. */
export type WriteLock = { release(): void };

type Waiting = { readonly grant: (lock: WriteLock) => void };

/** SQLite has one writer at a time: those that want to write wait here in the order in which they came. */
export class WriteQueue {
  readonly #waiting = new Set<Waiting>();
  #taken = false;

  /**
   * Waits for the right to write.
   * @throws EngineError `cancelled` or `timeout`, what the signal aborts with, while it waits
   */
  acquire(signal: AbortSignal): Promise<WriteLock> {
    if (!this.#taken) {
      this.#taken = true;
      return Promise.resolve(this.#writeLock());
    }
    const { promise, resolve, reject } = Promise.withResolvers<WriteLock>();
    const waiting: Waiting = { grant: resolve };
    const leave = () => {
      if (this.#waiting.delete(waiting)) reject(signal.reason ?? new EngineError('cancelled', 'cancelled'));
    };
    if (signal.aborted) {
      reject(signal.reason);
      return promise;
    }
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.add(waiting);
    return promise.finally(() => signal.removeEventListener('abort', leave));
  }

  #writeLock(): WriteLock {
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        this.#next();
      },
    };
  }

  #next(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next.grant(this.#writeLock());
      return;
    }
    this.#taken = false;
  }
}
