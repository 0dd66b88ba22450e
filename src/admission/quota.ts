import { OptionError } from '../errors.ts';
import { BucketTable, TableBucket } from './bucket-table.ts';
import { type QuotaOptions, TokenBucket } from './token-bucket.ts';

/** So many fit into half a word of a {@link BucketTable}. */
const MOST_MESSAGES = 0x7fff_ffff;

/** Addresses that are remembered at most: beyond it the bucket of the one seen longest ago is given to the next. */
export const MAX_ADDRESSES = 65_536;

/** Hands out quotas: a bucket for each connection, or one for all connections of an address. */
export class Quota {
  readonly #options: QuotaOptions;
  readonly #table: BucketTable | undefined;
  readonly #slots = new Map<string, number>();

  /**
   * @param memory where the buckets of addresses are: `BucketTable.bytesFor(MAX_ADDRESSES)` zeroes, which others may share
   * @param clockOffset see {@link BucketTable}
   * @throws OptionError for a number of messages below 1, or a time that is not positive
   */
  constructor(
    options: QuotaOptions,
    per: 'connection' | 'address',
    memory?: Uint8Array,
    clockOffset?: number,
  ) {
    if (!Number.isInteger(options.messages) || options.messages < 1 || options.messages > MOST_MESSAGES) {
      throw new OptionError(
        `quota must be a whole number of messages from 1 to ${MOST_MESSAGES}, not ${options.messages}`,
      );
    }
    if (!(options.refillEvery > 0)) {
      throw new OptionError(
        `the time that brings a message back must be more than 0 milliseconds, not ${options.refillEvery}`,
      );
    }
    this.#options = options;
    if (per === 'connection') return;
    const buckets = memory ?? new Uint8Array(BucketTable.bytesFor(MAX_ADDRESSES));
    this.#table = new BucketTable(options, buckets, clockOffset);
  }

  /** The bucket of a client from `address`; undefined when its address has nothing left. */
  admit(address: string, now: number): TokenBucket | TableBucket | undefined {
    const table = this.#table;
    if (table === undefined) return new TokenBucket(this.#options, now);
    const slot = this.#slots.get(address) ?? this.#newSlot(table, now);
    // Entered anew, it is the most recent: a Map keeps the order of entry.
    this.#slots.delete(address);
    this.#slots.set(address, slot);
    return table.holds(slot, now) === 0 ? undefined : new TableBucket(table, slot);
  }

  #newSlot(table: BucketTable, now: number): number {
    let slot = this.#slots.size;
    if (slot === MAX_ADDRESSES) {
      const [longestAgo] = this.#slots.keys();
      slot = this.#slots.get(longestAgo as string) as number;
      this.#slots.delete(longestAgo as string);
    }
    table.make(slot, now);
    return slot;
  }
}
