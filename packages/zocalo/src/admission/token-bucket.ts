export type QuotaOptions = {
  /** How many messages a client may send; also how many are refilled at most. */
  messages: number;
  /** How many milliseconds bring one message back; Infinity: none ever. */
  refillIntervalMs: number;
};

/** The messages that one client, or one address, may still send. The caller supplies the time. */
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

  /** How many there are. */
  left(now: number): number {
    this.#refill(now);
    return this.#tokens;
  }

  /** Whether the last one has been taken, as of the last {@link take}. */
  get spent(): boolean {
    return this.#tokens === 0;
  }

  #refill(now: number): void {
    const { messages, refillIntervalMs } = this.#options;
    const back = Math.floor((now - this.#refilledAt) / refillIntervalMs);
    if (back <= 0) return;
    this.#tokens = Math.min(messages, this.#tokens + back);
    this.#refilledAt += back * refillIntervalMs;
  }
}
