import { bind } from './libc.ts';
import { addressOf } from './memory-address.ts';

/** preadv2(2): fail with `EAGAIN` rather than wait for a disk. From Linux 4.14 on; some file systems have it not (`EOPNOTSUPP`). */
const RWF_NOWAIT = 8;
/** How far apart the bytes are that {@link isCached} asks for. */
const PROBE_EVERY = 65_536;

const sysPreadv2 = bind<
  (fd: number, vector: Uint32Array, count: number, offset: number, flags: number) => number
>('long preadv2(int, void *, int, long, int)');
const sysSendfile = bind<(to: number, from: number, offset: BigInt64Array, length: number) => number>(
  'long sendfile(int, int, void *, size_t)',
);

/** `struct iovec`: an address and a length of 64 bits each, the lower halves first. */
const vector = new Uint32Array(4);
/** The byte stands here because the kernel writes it: what nothing refers to is collected. */
const probe = { byte: Buffer.alloc(1), vector: new Uint32Array(4) };
point(probe.vector, probe.byte, 1);
const position = new BigInt64Array(1);

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

/**
 * Whether a part of a file is in the page cache, as far as its first byte, its last, and one in every 64 KiB tell: the kernel reads files,
 * and forgets them, in runs of neighbouring pages.
 */
export function isCached(fd: number, offset: number, length: number): boolean {
  for (let at = 0; at < length - 1; at += PROBE_EVERY) if (!isByteCached(fd, offset + at)) return false;
  return isByteCached(fd, offset + length - 1);
}

function isByteCached(fd: number, offset: number): boolean {
  return sysPreadv2(fd, probe.vector, 1, offset, RWF_NOWAIT) === 1;
}

/**
 * Sends from a file without a copy in this process (sendfile(2)). It waits for the disk where the file is not in memory. It cannot be told
 * to raise no SIGPIPE, as send(2) can; Node ignores that signal.
 * @returns how many bytes the socket took, 0 at the end of the file, negative on failure
 */
export function sendFile(socket: number, fd: number, offset: number, length: number): number {
  position[0] = BigInt(offset);
  return sysSendfile(socket, fd, position, length);
}
