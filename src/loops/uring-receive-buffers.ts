import type { IoUring } from '../sys/io-uring.ts';
import { ProvidedBuffers } from '../sys/io-uring-buffers.ts';

/** Memory is cut at different places of a page: with equal ones all buffers would share a few lines of the processor's cache. */
const SHIFT = 320;

/** The memory that a ring receives into. It is used again and again, but for the parts that sessions were given for ever. */
export class UringReceiveBuffers {
  readonly count: number;
  readonly size: number;
  readonly #provided: ProvidedBuffers;
  readonly #shortest: number;
  #lent = 0;

  /** @param shortest what is left of a buffer after a part was given away is still used when it is this long, in bytes */
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

  /** Its bytes have been read. */
  recycle(number: number): void {
    this.#provided.recycle(number);
  }

  /** Its first `length` bytes have been given away. */
  keep(number: number, length: number): void {
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

  /** One that was lent is not looked at any more. */
  recycleLent(number: number): void {
    this.#lent--;
    this.recycle(number);
  }

  /** Nobody knows whether the first `length` bytes of one that was lent are still looked at. */
  keepLent(number: number, length: number): void {
    this.#lent--;
    this.keep(number, length);
  }

  /** Lets the kernel have what came back. */
  publish(): void {
    this.#provided.publish();
  }

  close(): void {
    this.#provided.close();
  }
}
