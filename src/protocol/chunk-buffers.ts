/** How many buffers are kept for the next one who needs one. */
const MOST_KEPT = 8;

/** Buffers of one size, used again and again: memory that is new costs more to touch than a chunk of a file costs to read. */
export class ChunkBuffers {
  readonly #size: number;
  readonly #free: Buffer[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /** Gives a buffer back that nobody reads or writes any more. */
  giveBack(buffer: Buffer): void {
    if (this.#free.length < MOST_KEPT) this.#free.push(buffer);
  }
}
