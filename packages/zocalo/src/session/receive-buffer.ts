/** How many bytes are allocated at once, as a multiple of what one receive takes. */
const RECEIVES_PER_SLAB = 4;

/**
 * Where a thread receives. The same memory is used again and again, and so stays in the processor's cache, until a session keeps a
 * part of it as a frame: that part is never written again. Copying large frames instead costs more than receiving them.
 */
export class ReceiveBuffer {
  readonly #size: number;
  #slab: Buffer;
  #used = 0;
  /** At least as many bytes as the constructor was told. */
  free: Buffer;

  /** @param size how many bytes one receive takes at most */
  constructor(size: number) {
    this.#size = size;
    this.#slab = Buffer.allocUnsafeSlow(RECEIVES_PER_SLAB * size);
    this.free = this.#slab;
  }

  /** The first `length` bytes of {@link free} belong to a session from now on. */
  detach(length: number): void {
    this.#used += length;
    if (this.#slab.length - this.#used < this.#size) {
      this.#slab = Buffer.allocUnsafeSlow(RECEIVES_PER_SLAB * this.#size);
      this.#used = 0;
    }
    this.free = this.#slab.subarray(this.#used);
  }
}
