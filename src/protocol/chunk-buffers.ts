/** Buffers of one size, used again and again: memory that is new costs more to touch than a chunk of a file costs to read. */
export class ChunkBuffers {
  readonly #size: number;
  readonly #mostKept: number;
  readonly #free: Buffer[] = [];

  /** @param mostKept how many buffers are kept for the next one who needs one */
  constructor(size: number, mostKept: number) {
    this.#size = size;
    this.#mostKept = mostKept;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /** Gives a buffer back that nobody reads or writes any more. */
  giveBack(buffer: Buffer): void {
    if (this.#free.length < this.#mostKept) this.#free.push(buffer);
  }
}
