import { bind } from './libc.ts';

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

const sysFcntl = bind<(fd: number, command: number, value: number) => number>('int fcntl(int, int, int)');

/**
 * Lets operations on a descriptor wait (fcntl(2)). io_uring wants it so: what would block waits inside the kernel, without a thread,
 * but on a descriptor with O_NONBLOCK it fails with `EAGAIN` instead.
 */
export function letWait(fd: number): void {
  const flags = sysFcntl(fd, F_GETFL, 0);
  if ((flags & O_NONBLOCK) !== 0) sysFcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}
