import koffi from 'koffi';
import { bind, lastError } from './libc.ts';

/** Numbers of `<sys/mman.h>` on Linux; the same on x86-64 and arm64. */
const PROT_READ_WRITE = 3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
/** `MAP_FAILED`: all bits set. */
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

type Address = { readonly __brand: 'address' } | null;

const sysMmap = bind<
  (where: null, length: number, protection: number, flags: number, fd: number, offset: number) => Address
>('void *mmap(void *, size_t, int, int, int, long)');
const sysMunmap = bind<(where: Address, length: number) => number>('int munmap(void *, size_t)');

/** Memory that is mapped (mmap(2)): whole pages, whose address never changes. */
export class Mapping {
  /** The memory itself. It must not be touched after {@link close}. */
  readonly bytes: ArrayBuffer;
  readonly address: number;
  readonly #pointer: Address;

  private constructor(size: number, flags: number, fd: number, offset: number) {
    const pointer = sysMmap(null, size, PROT_READ_WRITE, flags | MAP_POPULATE, fd, offset);
    if (pointer === null || koffi.address(pointer) === MAP_FAILED) throw lastError('mmap');
    this.#pointer = pointer;
    this.address = Number(koffi.address(pointer));
    this.bytes = koffi.view(pointer, size);
  }

  /** Maps what a descriptor stands for. @throws SystemCallError */
  static of(fd: number, size: number, offset: number): Mapping {
    return new Mapping(size, MAP_SHARED, fd, offset);
  }

  /** Maps memory of zeroes. @throws SystemCallError */
  static anonymous(size: number): Mapping {
    return new Mapping(size, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }

  close(): void {
    sysMunmap(this.#pointer, this.bytes.byteLength);
  }
}
