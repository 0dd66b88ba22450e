import { OptionError } from '../errors.ts';
import { BucketTable, TableBucket } from './bucket-table.ts';

/** So many fit into half a word of a {@link BucketTable}. */
const MOST_MESSAGES = 0x7fff_ffff;

export type QuotaOptions = {
  /** How many messages a client may send; also how many come back at most. */
  messages: number;
  /** How many milliseconds bring one message back; Infinity: none ever. */
  refillEvery: number;
};

/** The messages that one client, or one address, may still send. It is told the time. */
export class TokenBucket {
  readonly #options: QuotaOptions;
  #tokens: number;
  #refilledAt: number;

  constructor(options: QuotaOptions, now: number) {
    this.#options = options;
    this.#tokens = options.messages;
    this.#refilledAt = now;
  }

  /** Takes one for a message; false when there is none. */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#tokens === 0) return false;
    this.#tokens--;
    return true;
  }

  /** Whether the last one has been taken, as of the last {@link take}. */
  get spent(): boolean {
    return this.#tokens === 0;
  }

  #refill(now: number): void {
    const { messages, refillEvery } = this.#options;
    const back = Math.floor((now - this.#refilledAt) / refillEvery);
    if (back <= 0) return;
    this.#tokens = Math.min(messages, this.#tokens + back);
    this.#refilledAt += back * refillEvery;
  }
}

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
