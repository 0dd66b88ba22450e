import type { IoUring } from '../sys/io-uring.ts';
import { ProvidedBuffers } from '../sys/io-uring-buffers.ts';

/** Memory is cut at different places of a page: with equal ones all buffers would share a few lines of the processor's cache. */
const SHIFT = 320;

/** The memory that a ring receives into. It is used again and again, except for the parts that sessions keep. */
export class UringReceiveBuffers {
  readonly count: number;
  readonly size: number;
  readonly #provided: ProvidedBuffers;
  readonly #shortest: number;
  #lent = 0;

  /** @param shortest what is left of a buffer after a part was detached is still used when it is this long, in bytes */
  constructor(ring: IoUring, group: number, count: number, size: number, shortest: number) {
    this.count = count;
    this.size = size;
    this.#shortest = shortest;
    this.#provided = new ProvidedBuffers(ring, group, count);
    const memory = Buffer.allocUnsafeSlow(count * (size + SHIFT));
    for (let number = 0; number < count; number++) {
      const at = number * (size + SHIFT);
      this.#provided.provide(number, memory.subarray(at, at + size));
    }
    this.publish();
  }

  get group(): number {
    return this.#provided.group;
  }

  /** The buffer that came with a completion. */
  at(number: number): Buffer {
    return this.#provided.at(number);
  }

  /** The session no longer reads its bytes. */
  recycle(number: number): void {
    this.#provided.recycle(number);
  }

  /** Its first `length` bytes belong to a session from now on. */
  detach(number: number, length: number): void {
    const rest = this.at(number).subarray(length);
    const enough = rest.length >= this.#shortest;
    this.#provided.provide(number, enough ? rest : Buffer.allocUnsafeSlow(this.size));
  }

  /** Whether one more may be lent: half of them are always there to receive into. */
  lend(): boolean {
    if (2 * this.#lent >= this.count) return false;
    this.#lent++;
    return true;
  }

  /** The session no longer reads a lent buffer. */
  recycleLent(number: number): void {
    this.#lent--;
    this.recycle(number);
  }

  /** The session may still read the first `length` bytes of a lent buffer, and will not report the end of that. */
  detachLent(number: number, length: number): void {
    this.#lent--;
    this.detach(number, length);
  }

  /** Makes recycled buffers available to the kernel. */
  publish(): void {
    this.#provided.publish();
  }

  close(): void {
    this.#provided.close();
  }
}
