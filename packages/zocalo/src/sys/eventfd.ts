import { bind, check } from './libc.ts';

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

const sysEventfd = bind<(initial: number, flags: number) => number>('int eventfd(uint, int)');
const sysWrite = bind<(fd: number, bytes: Buffer, length: number) => number>(
  'long write(int, void *, size_t)',
);
const sysRead = bind<(fd: number, bytes: Buffer, length: number) => number>('long read(int, void *, size_t)');

const increment = Buffer.from(BigUint64Array.of(1n).buffer);
const counter = Buffer.alloc(8);

/** A descriptor that becomes readable when signalled: eventfd(2). */
export function createEventfd(): number {
  return check('eventfd', sysEventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

/** Makes the descriptor readable. */
export function signalEventfd(fd: number): void {
  sysWrite(fd, increment, 8);
}

/** Makes the descriptor unreadable until the next {@link signalEventfd}. */
export function clearEventfd(fd: number): void {
  sysRead(fd, counter, 8);
}
