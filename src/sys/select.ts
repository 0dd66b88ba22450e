import { bind, bindAsync } from './libc.ts';

const SELECT = 'int select(int, void *, void *, void *, void *)';
const sysSelect =
  bind<(nfds: number, read: Int32Array, write: Int32Array, except: null, timeout: Buffer) => number>(SELECT);
const sysSelectAsync =
  bindAsync<[nfds: number, read: Int32Array, write: Int32Array, except: null, timeout: null]>(SELECT);

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

  put(fd: number, member: boolean): void {
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
  become(other: DescriptorSet): void {
    this.words.set(other.words);
  }
}

/**
 * Waits at most `timeout` milliseconds until a descriptor below `nfds` can be read or written; the sets are left with those that can.
 * @returns how many bits that are, negative on failure
 */
export function select(nfds: number, read: DescriptorSet, write: DescriptorSet, timeout: number): number {
  timeval.writeBigInt64LE(BigInt(Math.floor(timeout / 1_000)), 0);
  timeval.writeBigInt64LE(BigInt((timeout % 1_000) * 1_000), 8);
  return sysSelect(nfds, read.words, write.words, null, timeval);
}

/** Waits without limit on a thread of libuv's pool, then calls back; the sets must not be touched meanwhile. */
export function selectAsync(
  nfds: number,
  read: DescriptorSet,
  write: DescriptorSet,
  done: (error: Error | null, count: number) => void,
): void {
  sysSelectAsync(nfds, read.words, write.words, null, null, done);
}
