import { writeSync } from 'node:fs';
import { bind, check } from './libc.ts';
import { Mapping } from './mapping.ts';
import { close } from './sockets.ts';

/** A number of `<sys/mman.h>` on Linux; the same on x86-64 and arm64. */
const MFD_CLOEXEC = 1;

const sysMemfdCreate = bind<(name: string, flags: number) => number>('int memfd_create(const char *, uint)');
const sysFtruncate = bind<(fd: number, length: number) => number>('int ftruncate(int, long)');

/** A file in memory that holds some bytes and is read from its beginning. @throws SystemCallError */
export function memoryFile(bytes: Uint8Array): number {
  const fd = check('memfd_create', sysMemfdCreate('zocalo', MFD_CLOEXEC));
  // At a position: so the offset, from which the process that inherits it reads, stays at the beginning.
  for (let written = 0; written < bytes.length; )
    written += writeSync(fd, bytes, written, undefined, written);
  return fd;
}

/** Memory that processes share: a process that has its descriptor can map it. */
export class SharedMemory {
  readonly fd: number;
  readonly #mapping: Mapping;

  /** Maps the memory behind a descriptor. @throws SystemCallError */
  constructor(fd: number, size: number) {
    this.fd = fd;
    this.#mapping = Mapping.of(fd, size, 0);
  }

  /** The memory itself. It must not be touched after {@link close}. */
  get bytes(): ArrayBuffer {
    return this.#mapping.bytes;
  }

  /** Makes new memory of zeroes (memfd_create(2)). @throws SystemCallError */
  static create(size: number): SharedMemory {
    const fd = check('memfd_create', sysMemfdCreate('zocalo', MFD_CLOEXEC));
    try {
      check('ftruncate', sysFtruncate(fd, size));
      return new SharedMemory(fd, size);
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** Closes this mapping and the descriptor; those of other processes stay. */
  close(): void {
    this.#mapping.close();
    close(this.fd);
  }
}
