import { bind, errno, errnoName } from './libc.ts';
import { close } from './sockets.ts';

/** The number of io_uring_setup(2): the same on x86-64 and arm64, which share the system calls from 424 on. */
const SYS_IO_URING_SETUP = 425;
/** The size of `struct io_uring_params` in `include/uapi/linux/io_uring.h`, in bytes. */
const PARAMS_SIZE = 120;

const syscall = bind<(number: number, entries: number, params: Buffer) => number>(
  'long syscall(long, uint, void *)',
);

/** Sets up the smallest ring there is and closes it. @returns why that was refused: `EPERM`, `ENOSYS`; undefined if it was not */
export function probeIoUring(): string | undefined {
  const fd = syscall(SYS_IO_URING_SETUP, 1, Buffer.alloc(PARAMS_SIZE));
  if (fd < 0) return errnoName(errno());
  close(fd);
  return undefined;
}
