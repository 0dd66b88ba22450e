/** Distinct messages kept, as far as they fit into this many bytes (the cache must not become the bottleneck). */
const POOL_BYTES = 256 * 1024;
const MAX_MESSAGES = 251;
const LF = 0x0a;

/**
 * The bytes that the clients send: a ring of distinct messages. A client's stream starts at a message of its own and
 * runs round the ring, so bytes that come back late, twice or to another client do not match.
 */
export class MessagePool {
  /** Bytes once round the ring; every position is below it. */
  readonly length: number;
  readonly #messageBytes: number;
  readonly #bytes: Buffer;
  /** A view from each message on: making one at every send would cost more than it seems. */
  readonly #views: Buffer[] = [];

  /** `run` is the most messages that are ever sent or compared at once. */
  constructor(messageBytes: number, run: number) {
    const messages = Math.max(3, Math.min(MAX_MESSAGES, Math.floor(POOL_BYTES / messageBytes)));
    this.length = messages * messageBytes;
    this.#messageBytes = messageBytes;
    // The beginning follows once more after the end: a run is contiguous wherever it starts.
    this.#bytes = Buffer.alloc(this.length + run * messageBytes);
    let random = 0x9e3779b9;
    for (let i = 0; i < this.#bytes.length; i++) {
      // xorshift32: Marsaglia, "Xorshift RNGs", 2003
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      this.#bytes[i] = i < this.length ? random : (this.#bytes[i - this.length] as number);
      // Each message is a line, so that servers of lines answer it too.
      if (i % messageBytes === messageBytes - 1) this.#bytes[i] = LF;
      else if (this.#bytes[i] === LF) this.#bytes[i] = LF + 1;
    }
    for (let i = 0; i < messages; i++) this.#views.push(this.#bytes.subarray(i * messageBytes));
  }

  /** The position at which the stream of a client starts. */
  start(client: number): number {
    return (client * this.#messageBytes) % this.length;
  }

  /** The position `count` bytes on. */
  advance(position: number, count: number): number {
    return (position + count) % this.length;
  }

  /** The bytes from a position on. */
  from(position: number): Buffer {
    const message = position / this.#messageBytes;
    return Number.isInteger(message) ? (this.#views[message] as Buffer) : this.#bytes.subarray(position);
  }

  /** Whether the first `count` of the received bytes are those of the stream at a position. */
  matches(position: number, received: Buffer, count: number): boolean {
    return this.#bytes.compare(received, 0, count, position, position + count) === 0;
  }
}
