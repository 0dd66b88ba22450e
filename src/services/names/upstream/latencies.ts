/** How many are remembered: enough for a percentile, and bounded however long a server runs. */
const REMEMBERED = 1_024;

/** How long recent answers took: percentiles of the last 1,024. */
export class Latencies {
  readonly #times: number[] = [];
  #count = 0;

  /** @param time in milliseconds */
  add(time: number): void {
    this.#times[this.#count++ % REMEMBERED] = time;
  }

  /** The time, in milliseconds, that so many percent did not exceed (the nearest rank); 0 when there was none. */
  percentile(percent: number): number {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[Math.max(Math.ceil((percent / 100) * sorted.length) - 1, 0)] ?? 0;
  }
}
