import { constants } from 'node:os';
import { bind, check } from './libc.ts';
import { OwnedDescriptor } from './node-thread.ts';

/*
 * Signal-driven I/O (fcntl(2), signal(7)): the kernel sends a signal when something about a descriptor changes. A real-time signal is
 * queued, each with the descriptor it is about. Here the signals are sent to one thread, which blocks them and takes them when it likes.
 */

/** Commands and flags of `<fcntl.h>` on Linux; the same on x86-64 and arm64. */
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETSIG = 10;
const F_SETOWN_EX = 15;
const F_OWNER_TID = 0;
const O_ASYNC = 0o20000;
const SFD_NONBLOCK = 0o4000;
const SFD_CLOEXEC = 0o2000000;
const SIG_BLOCK = 0;
const SIG_UNBLOCK = 1;
/** What the kernel sends when the queue of real-time signals is full (RLIMIT_SIGPENDING): without its descriptor. */
const { SIGIO } = constants.signals;

const sysFcntl = bind<(fd: number, command: number, value: number) => number>('int fcntl(int, int, int)');
const sysFcntlAt = bind<(fd: number, command: number, at: Buffer) => number>('int fcntl(int, int, void *)');
const sysMask = bind<(how: number, set: Buffer, before: Buffer | null) => number>(
  'int pthread_sigmask(int, void *, void *)',
);
const sysTake = bind<(set: Buffer, info: Buffer, timeout: Buffer) => number>(
  'int sigtimedwait(void *, void *, void *)',
);
const sysSignalfd = bind<(fd: number, set: Buffer, flags: number) => number>(
  'int signalfd(int, void *, int)',
);
const sysThread = bind<() => number>('int gettid()');
const sysFirst = bind<() => number>('int __libc_current_sigrtmin()');

/** `struct timespec` of no time at all: seconds and nanoseconds, 64 bits each. */
const NO_TIME = Buffer.alloc(16);
/** A sigset_t of glibc has 128 bytes, a bit for each signal from 1 on. */
const SET_SIZE = 128;
/** Where `siginfo_t` has the descriptor (sigaction(2), si_fd), on a 64-bit Linux. */
const DESCRIPTOR_AT = 24;

/** The queue is full: there was a signal for which there was no room. */
export const OVERFLOW = -2;
/** There is no signal now. */
export const NONE = -1;

/** The signals of this thread about its descriptors. */
export class IoSignals {
  /**
   * Behind the first two or three, which the C library keeps for its threads and leaves out of SIGRTMIN (nptl(7)), and away from the next ones,
   * which programs tend to choose. libuv uses no real-time signals.
   */
  readonly #number = sysFirst() + 6;
  readonly #set = Buffer.alloc(SET_SIZE);
  readonly #info = Buffer.alloc(128);
  /** The signals that this thread had blocked before. */
  readonly #before = Buffer.alloc(SET_SIZE);
  /** `struct f_owner_ex`: a type and an id. */
  readonly #owner = Buffer.alloc(8);

  readonly #own: OwnedDescriptor;
  /** A descriptor that is readable while a signal waits for this thread (signalfd(2)). */
  readonly fd: number;

  /** @throws SystemCallError when there is no descriptor left */
  constructor() {
    const bits = (1n << BigInt(this.#number - 1)) | (1n << BigInt(SIGIO - 1));
    this.#set.writeBigUInt64LE(bits, 0);
    this.#owner.writeInt32LE(F_OWNER_TID, 0);
    this.#owner.writeInt32LE(sysThread(), 4);
    sysMask(SIG_BLOCK, this.#set, this.#before);
    this.#own = new OwnedDescriptor(
      check('signalfd', sysSignalfd(-1, this.#set, SFD_NONBLOCK | SFD_CLOEXEC)),
    );
    this.fd = this.#own.fd;
  }

  /** From now on this thread gets a signal when something about a descriptor changes. @throws SystemCallError */
  arm(fd: number): void {
    check('fcntl', sysFcntl(fd, F_SETSIG, this.#number));
    check('fcntl', sysFcntlAt(fd, F_SETOWN_EX, this.#owner));
    check('fcntl', sysFcntl(fd, F_SETFL, check('fcntl', sysFcntl(fd, F_GETFL, 0)) | O_ASYNC));
  }

  /** Ends {@link arm}. */
  disarm(fd: number): void {
    sysFcntl(fd, F_SETFL, sysFcntl(fd, F_GETFL, 0) & ~O_ASYNC);
  }

  /** Takes one signal, if there is one: the descriptor it is about, {@link OVERFLOW} or {@link NONE}. */
  take(): number {
    const number = sysTake(this.#set, this.#info, NO_TIME);
    if (number === this.#number) return this.#info.readInt32LE(DESCRIPTOR_AT);
    return number === SIGIO ? OVERFLOW : NONE;
  }

  /** To be called when no descriptor is armed any more. A signal that were still pending would end the process as soon as it is unblocked. */
  close(): void {
    this.#own.close();
    while (this.take() !== NONE) {}
    const bits = this.#set.readBigUInt64LE(0) & ~this.#before.readBigUInt64LE(0);
    this.#set.writeBigUInt64LE(bits, 0);
    sysMask(SIG_UNBLOCK, this.#set, null);
  }
}
