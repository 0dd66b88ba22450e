import { constants } from 'node:os';
import { bind, check } from './libc.ts';

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
const SIG_BLOCK = 0;
const SIG_UNBLOCK = 1;
/** What the kernel sends when the queue of real-time signals is full (RLIMIT_SIGPENDING): without a word about which descriptor. */
const { SIGIO } = constants.signals;

const sysFcntl = bind<(fd: number, command: number, value: number) => number>('int fcntl(int, int, int)');
const sysFcntlAt = bind<(fd: number, command: number, at: Buffer) => number>('int fcntl(int, int, void *)');
const sysMask = bind<(how: number, set: Buffer, before: Buffer | null) => number>(
  'int pthread_sigmask(int, void *, void *)',
);
const sysTake = bind<(set: Buffer, info: Buffer, timeout: Buffer) => number>(
  'int sigtimedwait(void *, void *, void *)',
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
  /** What this thread had blocked before. */
  readonly #before = Buffer.alloc(SET_SIZE);
  /** A `struct timespec`. */
  readonly #time = Buffer.alloc(16);
  /** `struct f_owner_ex`: a type and an id. */
  readonly #owner = Buffer.alloc(8);

  constructor() {
    const bits = (1n << BigInt(this.#number - 1)) | (1n << BigInt(SIGIO - 1));
    this.#set.writeBigUInt64LE(bits, 0);
    this.#owner.writeInt32LE(F_OWNER_TID, 0);
    this.#owner.writeInt32LE(sysThread(), 4);
    sysMask(SIG_BLOCK, this.#set, this.#before);
  }

  /** From now on this thread is told when something about a descriptor changes. @throws SystemCallError */
  arm(fd: number): void {
    check('fcntl', sysFcntl(fd, F_SETSIG, this.#number));
    check('fcntl', sysFcntlAt(fd, F_SETOWN_EX, this.#owner));
    check('fcntl', sysFcntl(fd, F_SETFL, check('fcntl', sysFcntl(fd, F_GETFL, 0)) | O_ASYNC));
  }

  /** No more of it. */
  disarm(fd: number): void {
    sysFcntl(fd, F_SETFL, sysFcntl(fd, F_GETFL, 0) & ~O_ASYNC);
  }

  /** Takes one signal, and waits for it at most `timeout` milliseconds: the descriptor it is about, {@link OVERFLOW} or {@link NONE}. */
  take(timeout: number): number {
    const number = sysTake(this.#set, this.#info, timeout === 0 ? NO_TIME : this.#timeOf(timeout));
    if (number === this.#number) return this.#info.readInt32LE(DESCRIPTOR_AT);
    return number === SIGIO ? OVERFLOW : NONE;
  }

  /** Gives the signals up, when no descriptor is armed any more. One that were still waiting would end the process as soon as it is let through. */
  close(): void {
    while (this.take(0) !== NONE) {}
    const bits = this.#set.readBigUInt64LE(0) & ~this.#before.readBigUInt64LE(0);
    this.#set.writeBigUInt64LE(bits, 0);
    sysMask(SIG_UNBLOCK, this.#set, null);
  }

  #timeOf(milliseconds: number): Buffer {
    this.#time.writeUInt32LE(Math.floor(milliseconds / 1_000), 0);
    this.#time.writeUInt32LE((milliseconds % 1_000) * 1_000_000, 8);
    return this.#time;
  }
}
