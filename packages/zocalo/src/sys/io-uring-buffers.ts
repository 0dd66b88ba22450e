import type { IoUring } from './io-uring.ts';
import * as abi from './io-uring-abi.ts';
import { Mapping } from './mapping.ts';
import { addressOf, putAddress } from './memory-address.ts';

/** Half-words: where an entry has its number, and where the first entry has the ring's tail. */
const NUMBER = 6;
const TAIL = 7;

/**
 * Buffers that the kernel takes when bytes have come, and not before, so that a receive that waits holds none: a ring of provided
 * buffers (io_uring_register(2), IORING_REGISTER_PBUF_RING). A buffer that came with a completion is ours until it is provided again.
 */
export class ProvidedBuffers {
  readonly group: number;
  readonly count: number;
  readonly #memory: Mapping;
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #buffers: Buffer[] = [];
  /** Their addresses, each in two words. */
  readonly #addresses: Int32Array;
  #tail = 0;

  /** @param count a power of two, at most 32768 @throws SystemCallError */
  constructor(ring: IoUring, group: number, count: number) {
    this.group = group;
    this.count = count;
    this.#memory = Mapping.anonymous(count * abi.BUF_WORDS * 4);
    this.#words = new Int32Array(this.#memory.bytes);
    this.#halves = new Uint16Array(this.#memory.bytes);
    this.#addresses = new Int32Array(2 * count);
    const registration = Buffer.alloc(abi.BUF_REG_SIZE);
    registration.writeBigUInt64LE(BigInt(this.#memory.address), 0);
    registration.writeUInt32LE(count, 8);
    registration.writeUInt16LE(group, 12);
    ring.register(abi.IORING_REGISTER_PBUF_RING, registration, 1);
  }

  /** The buffer of a number. */
  at(number: number): Buffer {
    return this.#buffers[number] as Buffer;
  }

  /** Provides new memory under a number that is free, from the next {@link publish} on. */
  provide(number: number, buffer: Buffer): void {
    this.#buffers[number] = buffer;
    putAddress(this.#addresses, 2 * number, addressOf(buffer));
    this.recycle(number);
  }

  /** Provides the same memory again, from the next {@link publish} on. */
  recycle(number: number): void {
    const at = (this.#tail & (this.count - 1)) * abi.BUF_WORDS;
    this.#words[at] = this.#addresses[2 * number] as number;
    this.#words[at + 1] = this.#addresses[2 * number + 1] as number;
    this.#words[at + 2] = this.at(number).length;
    this.#halves[2 * at + NUMBER] = number;
    this.#tail = (this.#tail + 1) & 0xffff;
  }

  /** Lets the kernel see what has been provided. */
  publish(): void {
    Atomics.store(this.#halves, TAIL, this.#tail);
  }

  /** To be called when the ring is closed. */
  close(): void {
    this.#memory.close();
  }
}
