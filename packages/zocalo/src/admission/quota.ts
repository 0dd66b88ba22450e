import { positiveTime, whole } from '../option-checks.ts';
import { BucketTable, TableBucket } from './bucket-table.ts';
import { type QuotaOptions, TokenBucket } from './token-bucket.ts';

/** So many fit into half a word of a {@link BucketTable}. */
const MAX_MESSAGES = 0x7fff_ffff;

/** Addresses that are remembered at most: beyond it the bucket of the one seen longest ago is given to the next. */
export const MAX_ADDRESSES = 65_536;

/** Hands out quotas: a bucket for each connection, or one for all connections of an address. */
export class Quota {
  readonly #options: QuotaOptions;
  readonly #table: BucketTable | undefined;
  readonly #slots = new Map<string, number>();

  /**
   * @param memory where the buckets of addresses are: `BucketTable.bytesFor(MAX_ADDRESSES)` zeroes, which others may share
   * @param clockOffsetMs see {@link BucketTable}
   * @throws OptionError for a number of messages below 1, or a time that is not positive
   */
  constructor(
    options: QuotaOptions,
    per: 'connection' | 'address',
    memory?: Uint8Array,
    clockOffsetMs?: number,
  ) {
    whole('quota', options.messages, 1, MAX_MESSAGES, ' of messages');
    positiveTime('the time that brings a message back', options.refillIntervalMs);
    this.#options = options;
    if (per === 'connection') return;
    const buckets = memory ?? new Uint8Array(BucketTable.bytesFor(MAX_ADDRESSES));
    this.#table = new BucketTable(options, buckets, clockOffsetMs);
  }

  /** The bucket of a client from `address`; undefined when its address has nothing left. */
  admit(address: string, now: number): TokenBucket | TableBucket | undefined {
    const table = this.#table;
    if (table === undefined) return new TokenBucket(this.#options, now);
    const slot = this.#slots.get(address) ?? this.#newSlot(table, now);
    // Entered anew, it is the most recent: a Map keeps the order of entry.
    this.#slots.delete(address);
    this.#slots.set(address, slot);
    return table.available(slot, now) === 0 ? undefined : new TableBucket(table, slot);
  }

  #newSlot(table: BucketTable, now: number): number {
    let slot = this.#slots.size;
    if (slot === MAX_ADDRESSES) {
      const [longestAgo] = this.#slots.keys();
      slot = this.#slots.get(longestAgo as string) as number;
      this.#slots.delete(longestAgo as string);
    }
    table.fill(slot, now);
    return slot;
  }
}
