import type { QuotaOptions } from './token-bucket.ts';

/** Bytes that each bucket takes. */
const BUCKET_SIZE = 16;

/**
 * Token buckets in memory that threads or processes may share: each takes from it by itself, and together they never take more than there
 * is. A bucket is one 64-bit word, how many refills it has had (upper half) and what it holds (lower half), changed by compare and
 * exchange; and the time it was made.
 */
export class BucketTable {
  readonly options: QuotaOptions;
  readonly #words: BigInt64Array;
  readonly #madeAt: Float64Array;
  /** What is added to a time to make it one of the clock that all who share the table have in common, in milliseconds. */
  readonly #clockOffsetMs: number;

  /** @param memory {@link bytesFor} so many zeroes, at an offset that is a multiple of 8 */
  constructor(options: QuotaOptions, memory: Uint8Array, clockOffsetMs = 0) {
    const { buffer, byteOffset } = memory;
    const capacity = Math.floor(memory.length / BUCKET_SIZE);
    this.options = options;
    this.#words = new BigInt64Array(buffer, byteOffset, capacity);
    this.#madeAt = new Float64Array(buffer, byteOffset + 8 * capacity, capacity);
    this.#clockOffsetMs = clockOffsetMs;
  }

  static bytesFor(buckets: number): number {
    return buckets * BUCKET_SIZE;
  }

  /** Fills a bucket anew. */
  fill(slot: number, now: number): void {
    this.#madeAt[slot] = now + this.#clockOffsetMs;
    Atomics.store(this.#words, slot, BigInt(this.options.messages));
  }

  /** Takes one; @returns what is left, or -1 when there was none. */
  take(slot: number, now: number): number {
    for (;;) {
      const before = Atomics.load(this.#words, slot);
      const refills = this.#refills(slot, now);
      const held = this.#held(before, refills);
      if (held === 0) return -1;
      const after = (BigInt(Math.max(refills, refillsIn(before))) << 32n) | BigInt(held - 1);
      if (Atomics.compareExchange(this.#words, slot, before, after) === before) return held - 1;
    }
  }

  /** What a bucket holds at `now`. */
  available(slot: number, now: number): number {
    return this.#held(Atomics.load(this.#words, slot), this.#refills(slot, now));
  }

  #held(word: bigint, refills: number): number {
    const back = Math.max(refills - refillsIn(word), 0);
    return Math.min(this.options.messages, Number(word & 0xffff_ffffn) + back);
  }

  /** How many refills have come since a bucket was made; at most as many as fit into half a word. */
  #refills(slot: number, now: number): number {
    const age = now + this.#clockOffsetMs - (this.#madeAt[slot] as number);
    return Math.min(Math.floor(age / this.options.refillIntervalMs), 0x7fff_ffff);
  }
}

function refillsIn(word: bigint): number {
  return Number(word >> 32n);
}

/** One bucket of a table, as a client has it. */
export class TableBucket {
  readonly slot: number;
  readonly #table: BucketTable;
  #spent = false;

  constructor(table: BucketTable, slot: number) {
    this.#table = table;
    this.slot = slot;
  }

  /** Takes one for a message; false when there is none. */
  take(now: number): boolean {
    const left = this.#table.take(this.slot, now);
    this.#spent = left <= 0;
    return left >= 0;
  }

  /** How many there are. */
  left(now: number): number {
    return this.#table.available(this.slot, now);
  }

  /** Whether the last one has been taken, as of the last {@link take}. */
  get spent(): boolean {
    return this.#spent;
  }
}
