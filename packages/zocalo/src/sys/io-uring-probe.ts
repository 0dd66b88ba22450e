import { PARAMS_SIZE, SYS_IO_URING_REGISTER, SYS_IO_URING_SETUP } from './io-uring-abi.ts';
import { bind, errno, errnoName } from './libc.ts';
import { close } from './sockets.ts';

/** IORING_REGISTER_PROBE asks which operations there are, and changes nothing; `struct io_uring_probe` with one of them is of 24 bytes. */
const IORING_REGISTER_PROBE = 8;
const PROBE_SIZE = 24;

const syscall = bind<(number: number, entries: number, params: Buffer) => number>(
  'long syscall(long, uint, void *)',
);
const sysRegister = bind<
  (number: number, ring: number, operation: number, argument: Buffer, count: number) => number
>('long syscall(long, int, uint, void *, uint)');

/** Sets up the smallest ring possible, makes one call to it, and closes it. @returns why that was refused (`EPERM`, `ENOSYS`); undefined if it was not */
export function probeIoUring(): string | undefined {
  const fd = syscall(SYS_IO_URING_SETUP, 1, Buffer.alloc(PARAMS_SIZE));
  if (fd < 0) return errnoName(errno());
  const asked = sysRegister(SYS_IO_URING_REGISTER, fd, IORING_REGISTER_PROBE, Buffer.alloc(PROBE_SIZE), 1);
  const reason = asked < 0 ? errnoName(errno()) : undefined;
  close(fd);
  return reason;
}
