import { constants } from 'node:os';
import { bind, errno } from './libc.ts';
import { addressOf } from './memory-address.ts';

/** preadv2(2): fail with `EAGAIN` rather than wait for a disk. From Linux 4.14 on; some file systems have it not (`EOPNOTSUPP`). */
const RWF_NOWAIT = 8;

const sysPreadv2 = bind<
  (fd: number, vector: Uint32Array, count: number, offset: number, flags: number) => number
>('long preadv2(int, void *, int, long, int)');

/** `struct iovec`: an address and a length of 64 bits each, the lower halves first. */
const vector = new Uint32Array(4);

function point(into: Uint32Array, bytes: Buffer, length: number): void {
  const address = addressOf(bytes);
  into[0] = address % 2 ** 32;
  into[1] = address / 2 ** 32;
  into[2] = length;
}

/**
 * Reads what of a file is in the page cache, and never waits for a disk.
 * @returns how many bytes, fewer than asked for when the rest is not there; 0 at the end of the file; -1 when nothing is there, or the file
 *   system cannot say
 */
export function readCached(fd: number, into: Buffer, length: number, offset: number): number {
  point(vector, into, length);
  return sysPreadv2(fd, vector, 1, offset, RWF_NOWAIT);
}

/** flock(2): exclusive, and without waiting. */
const LOCK_EX = 2;
const LOCK_NB = 4;

const sysFlock = bind<(fd: number, operation: number) => number>('int flock(int, int)');

/**
 * Locks an open file against all other processes that lock it, until it is closed or this process ends.
 * @returns false when another holds the lock; also true where the file system has no locks
 */
export function lockFile(fd: number): boolean {
  return sysFlock(fd, LOCK_EX | LOCK_NB) === 0 || errno() !== constants.errno.EWOULDBLOCK;
}
