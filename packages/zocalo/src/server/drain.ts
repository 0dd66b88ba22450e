import { timerDelay } from '../loops/timer-wheel.ts';
import type { Clock } from '../session/session-host.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';

/** How long a handler that has waited for the drain may take to answer. */
const LAST_ANSWERS_TIMEOUT_MS = 1_000;

/** What a drain came to. */
export type DrainReport = {
  /** How many clients were cut off because the time was up. */
  readonly cut: number;
};

/** Waits until the clients of a server are gone. A handler that waits for that, too, would wait for itself: its promise resolves when only such handlers are left. */
export class Drain {
  readonly #clients: { readonly active: number };
  readonly #pool: WorkerPool;
  readonly #clock: Clock;
  #cutShort = false;
  #onEmpty: (() => void) | undefined;
  /** The promises of handlers that asked to drain, and when they were last resolved. */
  readonly #handlers = new Set<(report: DrainReport) => void>();
  #handlersNotifiedAt = Number.NEGATIVE_INFINITY;

  /** @param clients how many clients are in */
  constructor(clients: { readonly active: number }, pool: WorkerPool, clock: Clock) {
    this.#clients = clients;
    this.#pool = pool;
    this.#clock = clock;
  }

  /** No client is waited for any longer. */
  cutShort(): void {
    this.#cutShort = true;
    this.#onEmpty?.();
  }

  /** A client is gone. */
  clientLeft(): void {
    if (this.#clients.active === 0) this.#onEmpty?.();
    else this.#notifyHandlers();
  }

  /** Lets every client have its answers, and resolves when all are gone, or after so many milliseconds. */
  async run(timeoutMs: number): Promise<void> {
    if (!(timeoutMs > 0) || this.#cutShort) return;
    await this.#pool.drain();
    this.#notifyHandlers();
    await this.#emptyWithin(timeoutMs);
    this.#notifyHandlers(true);
    await this.#emptyWithin(this.#handlersNotifiedAt + LAST_ANSWERS_TIMEOUT_MS - this.#clock.now);
  }

  /** The end of the drain for a handler that may wait for it. */
  forHandler(ending: Promise<DrainReport>): Promise<DrainReport> {
    const { promise, resolve, reject } = Promise.withResolvers<DrainReport>();
    this.#handlers.add(resolve);
    ending.then(resolve, reject);
    // Not before its client is known to wait for it.
    setImmediate(() => this.#notifyHandlers());
    return promise;
  }

  /**
   * Resolves their promises when no more clients are left than they are, and all of them wait for a handler. One that has asked and
   * does not wait gets the final report.
   * @param timeIsUp whatever the others do
   */
  #notifyHandlers(timeIsUp = false): void {
    const { active } = this.#clients;
    const asking = this.#handlers.size;
    if (active === 0 || asking === 0) return;
    if (!timeIsUp && (active > asking || this.#pool.awaiting < active)) return;
    this.#handlersNotifiedAt = this.#clock.now;
    for (const resolve of this.#handlers) resolve({ cut: Math.max(active - asking, 0) });
    this.#handlers.clear();
  }

  async #emptyWithin(timeoutMs: number): Promise<void> {
    if (this.#clients.active === 0 || this.#cutShort || !(timeoutMs > 0)) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (timeoutMs < Number.POSITIVE_INFINITY) setTimeout(resolve, timerDelay(timeoutMs)).unref();
    });
    this.#onEmpty = undefined;
  }
}
