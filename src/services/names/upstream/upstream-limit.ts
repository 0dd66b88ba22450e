/** So many may run at once; so many others wait, first come first served. */
export class UpstreamLimit {
  readonly #most: number;
  readonly #mostWaiting: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /** Whether one more has to be turned away. */
  get full(): boolean {
    return this.#running >= this.#most && this.#waiting.size >= this.#mostWaiting;
  }

  /** Runs a job when its turn comes. */
  async run<Value>(job: () => Promise<Value>): Promise<Value> {
    if (this.#running >= this.#most) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    else this.#running++;
    try {
      return await job();
    } finally {
      const [next] = this.#waiting;
      // Its place is handed on, so that nobody comes between.
      if (next === undefined) this.#running--;
      else {
        this.#waiting.delete(next);
        next();
      }
    }
  }
}
