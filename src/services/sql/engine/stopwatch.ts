/** Longer delays than this do not fit into a timer. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Measures how long a statement keeps the engine busy: the time that the client takes to read its rows is not counted. */
export class Stopwatch {
  /** The most that a statement may take, in milliseconds. */
  limit = Number.POSITIVE_INFINITY;
  #left = 0;

  /** Another statement begins. */
  restart(): void {
    this.#left = this.limit;
  }

  /** Does a part of the statement's work; calls `late` when the limit is reached. */
  async time<Result>(work: () => Promise<Result>, late: () => void): Promise<Result> {
    const left = this.#left;
    if (!(left <= LONGEST_TIMER)) return work();
    const began = performance.now();
    const timer = setTimeout(late, Math.max(1, left));
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.#left = left - (performance.now() - began);
    }
  }
}
