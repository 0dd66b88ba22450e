/** 2^7 buckets for every power of two: a bucket is at most 1/128 of its value wide. */
const PRECISION_BITS = 7;
const BUCKETS_PER_OCTAVE = 1 << PRECISION_BITS;
/** Values are whole nanoseconds below 2^31 (2.1 s); anything longer is counted as that. */
const MAX_VALUE = 2 ** 31 - 1;

/**
 * A histogram with log-linear buckets (as HdrHistogram has): constant relative precision over the whole range in a
 * fixed array, so that recording allocates nothing.
 */
export class Histogram {
  readonly #counts = new Float64Array((31 - PRECISION_BITS + 1) * BUCKETS_PER_OCTAVE);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  record(nanoseconds: number): void {
    const value = nanoseconds < MAX_VALUE ? nanoseconds | 0 : MAX_VALUE;
    const index = indexOf(value);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#total++;
  }

  /** The value below which the given part (0 to 1) of the records lies: the middle of its bucket. */
  percentile(part: number): number {
    const rank = Math.max(1, Math.ceil(this.#total * part));
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index] as number;
      if (seen >= rank) return middleOf(index);
    }
    return 0;
  }
}

/** Values below 128 have a bucket each; above, the top eight bits of the value choose the bucket. */
function indexOf(value: number): number {
  if (value < BUCKETS_PER_OCTAVE) return value;
  const shift = 31 - Math.clz32(value) - PRECISION_BITS;
  return shift * BUCKETS_PER_OCTAVE + (value >> shift);
}

function middleOf(index: number): number {
  if (index < 2 * BUCKETS_PER_OCTAVE) return index;
  const shift = (index >> PRECISION_BITS) - 1;
  const lowest = (index - shift * BUCKETS_PER_OCTAVE) * 2 ** shift;
  return lowest + (2 ** shift - 1) / 2;
}
