/** How many waits are remembered: enough for a percentile, and bounded however long a server runs. */
const REMEMBERED = 1_024;

/** How long the clients that entered had waited: the longest of all, and percentiles of the most recent 1,024. */
export class RecentWaits {
  readonly #waits: number[] = [];
  #count = 0;
  #longest = 0;

  /** @param waitMs in milliseconds */
  add(waitMs: number): void {
    this.#waits[this.#count++ % REMEMBERED] = waitMs;
    this.#longest = Math.max(this.#longest, waitMs);
  }

  get longestMs(): number {
    return this.#longest;
  }

  /** The wait that so many percent did not exceed (the nearest rank); 0 when no client has waited. */
  percentile(percent: number): number {
    const sorted = this.#waits.toSorted((a, b) => a - b);
    return sorted[Math.max(Math.ceil((percent / 100) * sorted.length) - 1, 0)] ?? 0;
  }
}
