import { OptionError } from '../errors.ts';

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

  /** Whether nothing is left at `now`. */
  empty(now: number): boolean {
    this.#refill(now);
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

/** Addresses that are remembered at most: beyond it the one seen longest ago is forgotten. */
const MAX_ADDRESSES = 65_536;

/** Hands out quotas: a bucket for each connection, or one for all connections of an address. */
export class Quota {
  readonly #options: QuotaOptions;
  readonly #byAddress: Map<string, TokenBucket> | undefined;

  /** @throws OptionError for a number of messages below 1, or a time that is not positive */
  constructor(options: QuotaOptions, per: 'connection' | 'address') {
    if (!Number.isInteger(options.messages) || options.messages < 1) {
      throw new OptionError(`quota must be a whole number of messages of 1 or more, not ${options.messages}`);
    }
    if (!(options.refillEvery > 0)) {
      throw new OptionError(
        `the time that brings a message back must be more than 0 milliseconds, not ${options.refillEvery}`,
      );
    }
    this.#options = options;
    this.#byAddress = per === 'address' ? new Map() : undefined;
  }

  /** The bucket of a client from `address`; undefined when its address has nothing left. */
  admit(address: string, now: number): TokenBucket | undefined {
    if (this.#byAddress === undefined) return new TokenBucket(this.#options, now);
    const bucket = this.#byAddress.get(address) ?? new TokenBucket(this.#options, now);
    // Entered anew, it is the most recent: a Map keeps the order of entry.
    this.#byAddress.delete(address);
    this.#byAddress.set(address, bucket);
    if (this.#byAddress.size > MAX_ADDRESSES) {
      const [longestAgo] = this.#byAddress.keys();
      this.#byAddress.delete(longestAgo as string);
    }
    return bucket.empty(now) ? undefined : bucket;
  }
}
