/** Limits how many jobs run at once, and how many others wait, first come first served. */
export class UpstreamLimit {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  /** Whether one more has to be turned away. */
  get full(): boolean {
    return this.#running >= this.#maxRunning && this.#waiting.size >= this.#maxWaiting;
  }

  /** Runs a job when its turn comes. */
  async run<Value>(job: () => Promise<Value>): Promise<Value> {
    if (this.#running >= this.#maxRunning) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    else this.#running++;
    try {
      return await job();
    } finally {
      const [next] = this.#waiting;
      // Its place is handed on directly, so that no later job comes between.
      if (next === undefined) this.#running--;
      else {
        this.#waiting.delete(next);
        next();
      }
    }
  }
}
