const FIRST_PAUSE_MS = 100;
/** The longest pause, after a worker that had become ready and after one that could not start. */
const MAX_PAUSE_MS = { ready: 1_000, neverReady: 10_000 };

/**
 * How long a worker that died is not replaced: the pause doubles while each one that follows serves for a shorter time than the pause
 * before it was, and begins anew after one that served longer. So a worker that is killed now and then is back soon, and one that
 * dies as soon as it is there does not keep a processor busy.
 */
export class BackOff {
  #pauseMs = 0;

  /** @param readyForMs for how long the one that died had been ready; undefined: it never was */
  nextPauseMs(readyForMs: number | undefined): number {
    const longest = readyForMs === undefined ? MAX_PAUSE_MS.neverReady : MAX_PAUSE_MS.ready;
    this.#pauseMs =
      (readyForMs ?? 0) >= this.#pauseMs ? FIRST_PAUSE_MS : Math.min(2 * this.#pauseMs, longest);
    return this.#pauseMs;
  }
}

/** Starts workers again in the place of those that died, each row of the shared memory with a pause of its own. */
export class Restarts {
  readonly #backOffs: readonly BackOff[];
  readonly #spawn: (row: number) => void;
  readonly #onFailed: (error: unknown, pauseMs: number) => void;
  readonly #timers = new Set<NodeJS.Timeout>();

  /** @param onFailed the start has failed, and is tried again after `pauseMs` */
  constructor(
    rows: number,
    spawn: (row: number) => void,
    onFailed: (error: unknown, pauseMs: number) => void,
  ) {
    this.#backOffs = Array.from({ length: rows }, () => new BackOff());
    this.#spawn = spawn;
    this.#onFailed = onFailed;
  }

  /** @returns after how many milliseconds */
  schedule(row: number, readyForMs: number | undefined): number {
    const pauseMs = (this.#backOffs[row] as BackOff).nextPauseMs(readyForMs);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      try {
        this.#spawn(row);
      } catch (error) {
        this.#onFailed(error, this.schedule(row, undefined));
      }
    }, pauseMs);
    this.#timers.add(timer);
    return pauseMs;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
