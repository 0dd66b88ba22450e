/** The longest time that a timer of Node can have. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Many timers on one of Node's. They are set anew far more often than they run out (each token that passes sets one), so setting one only
 * notes when; Node's timer is touched when something is due before it.
 */
export class Timers {
  readonly #due = new Map<string, number>();
  readonly #expired: (name: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(expired: (name: string) => void) {
    this.#expired = expired;
  }

  /** Sets a timer, or sets it anew, to run out `after` milliseconds from now. */
  set(name: string, afterMs: number): void {
    const at = performance.now() + afterMs;
    this.#due.set(name, at);
    if (at < this.#timerAt) this.#arm(at);
  }

  clear(name: string): void {
    this.#due.delete(name);
  }

  stop(): void {
    this.#due.clear();
    clearTimeout(this.#timer);
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    const afterMs = Math.ceil(at - performance.now());
    this.#timer = setTimeout(this.#fire, Math.min(Math.max(afterMs, 1), MAX_TIMEOUT_MS));
  }

  readonly #fire = (): void => {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const expired = [...this.#due].filter(([, at]) => at <= now).sort((one, other) => one[1] - other[1]);
    for (const [name, at] of expired) {
      // One that ran out before it may have cleared it, or set it anew.
      if (this.#due.get(name) !== at) continue;
      this.#due.delete(name);
      this.#expired(name);
    }
    const next = Math.min(...this.#due.values());
    if (next < this.#timerAt) this.#arm(next);
  };
}
