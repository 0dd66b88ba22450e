import { RECEIVE_SIZE } from './loop.ts';

const SLAB_SIZE = 4 * RECEIVE_SIZE;

/**
 * Where a thread receives. The same memory is used again and again, and so stays in the processor's cache, until a session gives a
 * part of it away as a frame: that part is never written again. Copying large frames instead costs more than receiving them.
 */
export class ReceiveSpace {
  #slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
  #used = 0;
  /** At least {@link RECEIVE_SIZE} bytes to receive into. */
  free = this.#slab;

  /** The first `length` bytes of {@link free} have been given away. */
  keep(length: number): void {
    this.#used += length;
    if (SLAB_SIZE - this.#used < RECEIVE_SIZE) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      this.#used = 0;
    }
    this.free = this.#slab.subarray(this.#used);
  }
}
