import { bind } from './libc.ts';

const sysSelect = bind<
  (nfds: number, read: Int32Array, write: Int32Array, except: null, timeoutMs: Buffer | null) => number
>('int select(int, void *, void *, void *, void *)');

/** `struct timeval`: seconds and microseconds, 64 bits each. Linux writes into it what was left. */
const timeval = Buffer.alloc(16);

/**
 * A set of descriptors as select(2) has it: a bit each. It grows with the highest descriptor: the limit of 1,024 is of the C library's
 * `fd_set` (FD_SETSIZE), and not of the kernel.
 */
export class DescriptorSet {
  words: Int32Array;

  constructor(words = 32) {
    this.words = new Int32Array(words);
  }

  has(fd: number): boolean {
    return ((this.words[fd >> 5] as number) & (1 << (fd & 31))) !== 0;
  }

  set(fd: number, member: boolean): void {
    const bit = 1 << (fd & 31);
    if (member) this.words[fd >> 5] = (this.words[fd >> 5] as number) | bit;
    else this.words[fd >> 5] = (this.words[fd >> 5] as number) & ~bit;
  }

  grow(words: number): void {
    const grown = new Int32Array(words);
    grown.set(this.words);
    this.words = grown;
  }

  /** Makes this one the same as another of its size. */
  copyFrom(other: DescriptorSet): void {
    this.words.set(other.words);
  }
}

/**
 * Waits at most `timeoutMs` milliseconds (-1: for as long as it takes) until a descriptor below `nfds` can be read or written; the sets are left with those that can.
 * @returns how many bits that are, negative on failure
 */
export function select(nfds: number, read: DescriptorSet, write: DescriptorSet, timeoutMs: number): number {
  if (timeoutMs < 0) return sysSelect(nfds, read.words, write.words, null, null);
  timeval.writeBigInt64LE(BigInt(Math.floor(timeoutMs / 1_000)), 0);
  timeval.writeBigInt64LE(BigInt((timeoutMs % 1_000) * 1_000), 8);
  return sysSelect(nfds, read.words, write.words, null, timeval);
}
