import { SystemCallError } from '../errors.ts';
import type { IoUring } from './io-uring.ts';
import * as abi from './io-uring-abi.ts';
import type { Submissions } from './io-uring-submissions.ts';
import { addressOf } from './memory-address.ts';

/** The most entries: for descriptors beyond, the kernel looks up the file each time, which is about 1 % of a small message. */
const MAX_FILES = 16_384;

/**
 * Descriptors whose files a ring holds by itself (io_uring_register(2), IORING_REGISTER_FILES2), so that the kernel need not look them
 * up for every request. The entry of a descriptor has its number. A file stays open until its entry is removed, too.
 */
export class RegisteredFiles {
  readonly #submissions: () => Submissions;
  readonly #count: number;
  /** What the kernel reads of an entry's new descriptor: its number, or at the end -1 for none. */
  readonly #descriptors: Int32Array;
  readonly #address: number;

  /**
   * Takes as many entries as the limit of descriptors permits.
   * @param submissions where to stage what changes the entries
   * @throws SystemCallError
   */
  constructor(ring: IoUring, submissions: () => Submissions) {
    this.#submissions = submissions;
    const count = registerTable(ring);
    this.#count = count;
    this.#descriptors = Int32Array.from({ length: count + 1 }, (_, i) => (i < count ? i : -1));
    this.#address = addressOf(new Uint8Array(this.#descriptors.buffer));
    ring.submissions.registeredBelow = count;
  }

  /** Requests that are staged from now on use the entry. If the update fails, they fail with `EBADF`. */
  add(fd: number): void {
    this.#update(fd, fd);
  }

  /** To be called with the close of a descriptor; the file is closed when this is submitted. */
  remove(fd: number): void {
    this.#update(fd, this.#count);
  }

  #update(fd: number, index: number): void {
    if (fd < this.#count) this.#submissions().updateFile(fd, this.#address + 4 * index);
  }
}

/** A table must not be larger than the limit of descriptors, which the kernel reports as `EMFILE`. */
function registerTable(ring: IoUring): number {
  const argument = Buffer.alloc(abi.RSRC_REGISTER.size);
  argument.writeUInt32LE(abi.IORING_RSRC_REGISTER_SPARSE, abi.RSRC_REGISTER.flags);
  for (let count = MAX_FILES; ; count >>= 1) {
    argument.writeUInt32LE(count, abi.RSRC_REGISTER.count);
    try {
      ring.register(abi.IORING_REGISTER_FILES2, argument, argument.length);
      return count;
    } catch (error) {
      const tooMany = error instanceof SystemCallError && error.errno === 'EMFILE';
      if (!tooMany || count <= 1) throw error;
    }
  }
}
