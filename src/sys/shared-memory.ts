import { writeSync } from 'node:fs';
import koffi from 'koffi';
import { bind, check, lastError } from './libc.ts';
import { close } from './sockets.ts';

/** Numbers of `<sys/mman.h>` on Linux; the same on x86-64 and arm64. */
const MFD_CLOEXEC = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

type Address = { readonly __brand: 'address' } | null;

const sysMemfdCreate = bind<(name: string, flags: number) => number>('int memfd_create(const char *, uint)');
const sysFtruncate = bind<(fd: number, length: number) => number>('int ftruncate(int, long)');
const sysMmap = bind<
  (where: null, length: number, protection: number, flags: number, fd: number, offset: number) => Address
>('void *mmap(void *, size_t, int, int, int, long)');
const sysMunmap = bind<(where: Address, length: number) => number>('int munmap(void *, size_t)');

/** `MAP_FAILED`: all bits set. */
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** A file in memory that holds some bytes and is read from its beginning. @throws SystemCallError */
export function memoryFile(bytes: Uint8Array): number {
  const fd = check('memfd_create', sysMemfdCreate('zocalo', MFD_CLOEXEC));
  // At a position: so the offset, from which the one who inherits it reads, stays at the beginning.
  for (let written = 0; written < bytes.length; )
    written += writeSync(fd, bytes, written, undefined, written);
  return fd;
}

/** Memory that processes share: whoever has its descriptor can map it. */
export class SharedMemory {
  readonly fd: number;
  /** The memory itself. It must not be touched after {@link close}. */
  readonly bytes: ArrayBuffer;
  readonly #address: Address;

  /** Maps the memory behind a descriptor. @throws SystemCallError */
  constructor(fd: number, size: number) {
    this.fd = fd;
    const address = sysMmap(null, size, PROT_READ_WRITE, MAP_SHARED, fd, 0);
    if (address === null || koffi.address(address) === MAP_FAILED) throw lastError('mmap');
    this.#address = address;
    this.bytes = koffi.view(address, size);
  }

  /** Makes memory of zeroes that nobody else has yet (memfd_create(2)). @throws SystemCallError */
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

  /** Gives up this mapping and the descriptor; those of others stay. */
  close(): void {
    sysMunmap(this.#address, this.bytes.byteLength);
    close(this.fd);
  }
}
