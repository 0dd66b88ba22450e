import { bind } from './libc.ts';
import { addressOf } from './memory-address.ts';

/** preadv2(2): fail with `EAGAIN` rather than wait for a disk. From Linux 4.14 on; some file systems have it not (`EOPNOTSUPP`). */
const RWF_NOWAIT = 8;
/** How far apart the bytes are that {@link isCached} asks for. */
const PROBE_EVERY = 65_536;

const sysPreadv2 = bind<
  (fd: number, vectors: BigUint64Array, count: number, offset: number, flags: number) => number
>('long preadv2(int, void *, int, long, int)');
const sysSendfile = bind<(to: number, from: number, offset: BigInt64Array, length: number) => number>(
  'long sendfile(int, int, void *, size_t)',
);

/** `struct iovec`: an address and a length. */
const vector = new BigUint64Array(2);
const position = new BigInt64Array(1);
const oneByte = Buffer.alloc(1);

/**
 * Reads what of a file is in the page cache, and never waits for a disk.
 * @returns how many bytes, fewer than asked for when the rest is not there; 0 at the end of the file; -1 when nothing is there, or the file
 *   system cannot say
 */
export function readCached(fd: number, into: Buffer, length: number, offset: number): number {
  vector[0] = BigInt(addressOf(into));
  vector[1] = BigInt(length);
  return sysPreadv2(fd, vector, 1, offset, RWF_NOWAIT);
}

/**
 * Whether a part of a file is in the page cache, as far as its first byte, its last, and one in every 64 KiB tell: the kernel reads files,
 * and forgets them, in runs of neighbouring pages.
 */
export function isCached(fd: number, offset: number, length: number): boolean {
  for (let at = 0; at < length - 1; at += PROBE_EVERY)
    if (readCached(fd, oneByte, 1, offset + at) !== 1) return false;
  return readCached(fd, oneByte, 1, offset + length - 1) === 1;
}

/**
 * Sends from a file without a copy in this process (sendfile(2)). It waits for the disk where the file is not in memory.
 * @returns how many bytes the socket took, 0 at the end of the file, negative on failure
 */
export function sendFile(socket: number, fd: number, offset: number, length: number): number {
  position[0] = BigInt(offset);
  return sysSendfile(socket, fd, position, length);
}
