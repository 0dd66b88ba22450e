import { constants } from 'node:os';
import { PlatformError, SystemCallError } from '../errors.ts';
import * as abi from './io-uring-abi.ts';
import { Submissions } from './io-uring-submissions.ts';
import { bind, check, errno, errnoName, lastError } from './libc.ts';
import { Mapping } from './mapping.ts';
import { addressOf } from './memory-address.ts';
import { close } from './sockets.ts';

const { EAGAIN, EBUSY, EINTR, EINVAL, ENOMEM, ENOSYS, EPERM, ETIME } = constants.errno;

/** What a turn can submit in one system call. More than that only costs another call. */
const SQ_ENTRIES = 512;
/** Completions that are not taken yet. More than that are kept by the kernel, at some cost (IORING_FEAT_NODROP). */
const CQ_ENTRIES = 4096;

/**
 * One thread submits, and completions are made only when it asks for them. Only Linux 6.1 and later knows IORING_SETUP_DEFER_TASKRUN,
 * so where that is granted there is also everything else we use: receiving many times (6.0), rings of buffers (5.19).
 */
const SETUP_FLAGS =
  abi.IORING_SETUP_CQSIZE |
  abi.IORING_SETUP_SUBMIT_ALL |
  abi.IORING_SETUP_TASKRUN_FLAG |
  abi.IORING_SETUP_SINGLE_ISSUER |
  abi.IORING_SETUP_DEFER_TASKRUN;

const sysSetup = bind<(number: number, entries: number, params: Buffer) => number>(
  'long syscall(long, uint, void *)',
);
const sysEnter = bind<
  (
    number: number,
    ring: number,
    submit: number,
    atLeast: number,
    flags: number,
    argument: Buffer | null,
    argumentSize: number,
  ) => number
>('long syscall(long, int, uint, uint, uint, void *, size_t)');
const sysRegister = bind<
  (number: number, ring: number, operation: number, argument: Buffer, count: number) => number
>('long syscall(long, int, uint, void *, uint)');

/** What it means that io_uring_setup(2), or what else a ring needs, failed with an error number, and what to do about it. */
export function setupError(number: number, cause?: SystemCallError): PlatformError {
  return new PlatformError(`io_uring ${reasonOf(number)}; the model epoll serves the same without it`, {
    cause,
  });
}

/** Sets up what a ring needs beyond {@link IoUring}; what the kernel refuses of it is a {@link PlatformError}, and the ring is closed. */
export function withRing<Made>(make: (ring: IoUring) => Made): Made {
  const ring = new IoUring();
  try {
    return make(ring);
  } catch (error) {
    ring.close();
    throw error instanceof SystemCallError ? setupError(error.number, error) : error;
  }
}

function reasonOf(number: number): string {
  const name = errnoName(number);
  if (number === EPERM) {
    return `is forbidden here (${name}): by kernel.io_uring_disabled, or by a seccomp filter, as containers have`;
  }
  if (number === ENOSYS)
    return `is not there (${name}): this kernel has been built without it, or a seccomp filter hides it`;
  if (number === EINVAL) return `of this kernel is too old (${name}): it must be Linux 6.1 or later`;
  if (number === ENOMEM)
    return `was denied memory (${name}): the limit of locked memory may be too low (ulimit -l)`;
  return `could not be set up (${name})`;
}

/**
 * An io_uring instance: io_uring(7). Submissions are staged in {@link submissions}; {@link enter} submits them, and has the kernel
 * finish what can be finished. All calls must come from the thread that made it.
 */
export class IoUring {
  readonly fd: number;
  readonly submissions = new Submissions();
  readonly #rings: Mapping;
  readonly #entries: Mapping;
  readonly #words: Int32Array;
  readonly #sqes: Int32Array;
  readonly #sqMask: number;
  readonly #sqHead: number;
  readonly #sqTail: number;
  readonly #sqFlags: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqFlags: number;
  readonly #cqMask: number;
  readonly #cqes: number;
  /** How long to wait: seconds, which stay 0, and nanoseconds. */
  readonly #timespec = Buffer.alloc(16);
  readonly #waitArgument = Buffer.alloc(abi.GETEVENTS_ARG.size);
  /** Where the batch begins that {@link reap} has announced. */
  #head = 0;

  /** @throws PlatformError when this kernel, or its settings, do not permit it */
  constructor({ sqEntries = SQ_ENTRIES, cqEntries = CQ_ENTRIES } = {}) {
    const params = Buffer.alloc(abi.PARAMS_SIZE);
    params.writeUInt32LE(SETUP_FLAGS, abi.params.flags);
    params.writeUInt32LE(cqEntries, abi.params.cqEntries);
    this.fd = sysSetup(abi.SYS_IO_URING_SETUP, sqEntries, params);
    if (this.fd < 0) throw setupError(errno());
    const at = (member: number) => params.readUInt32LE(member);
    const sqSize = at(abi.params.sqEntries);
    const cqSize = at(abi.params.cqEntries);
    const ringsSize = Math.max(
      at(abi.params.sqArray) + 4 * sqSize,
      at(abi.params.cqCompletions) + 4 * abi.CQE_WORDS * cqSize,
    );
    try {
      this.#rings = Mapping.of(this.fd, ringsSize, abi.IORING_OFF_SQ_RING);
      this.#entries = Mapping.of(this.fd, 4 * abi.SQE_WORDS * sqSize, abi.IORING_OFF_SQES);
    } catch (error) {
      close(this.fd);
      throw error instanceof SystemCallError ? setupError(error.number, error) : error;
    }
    this.#words = new Int32Array(this.#rings.bytes);
    this.#sqes = new Int32Array(this.#entries.bytes);
    this.#sqMask = sqSize - 1;
    this.#cqMask = cqSize - 1;
    this.#sqHead = at(abi.params.sqHead) >> 2;
    this.#sqTail = at(abi.params.sqTail) >> 2;
    this.#sqFlags = at(abi.params.sqFlags) >> 2;
    this.#cqHead = at(abi.params.cqHead) >> 2;
    this.#cqTail = at(abi.params.cqTail) >> 2;
    this.#cqFlags = at(abi.params.cqFlags) >> 2;
    this.#cqes = at(abi.params.cqCompletions) >> 2;
    this.#waitArgument.writeBigUInt64LE(BigInt(addressOf(this.#timespec)), abi.GETEVENTS_ARG.timespec);
    // The array names the submissions in their order; here each place always names the entry of the same number.
    const array = at(abi.params.sqArray) >> 2;
    for (let i = 0; i < sqSize; i++) this.#words[array + i] = i;
  }

  /** Whether there is anything to submit, or the kernel has something to finish that only {@link enter} makes it do. */
  get wantsEntering(): boolean {
    const flags = Atomics.load(this.#words, this.#sqFlags);
    return this.hasSubmissions || (flags & (abi.IORING_SQ_TASKRUN | abi.IORING_SQ_CQ_OVERFLOW)) !== 0;
  }

  /** Whether anything is staged, or stands in the ring and was not taken. */
  get hasSubmissions(): boolean {
    return this.submissions.count > 0 || this.#queued() > 0;
  }

  /** Whether there are completions beyond those that {@link advance} has released. */
  get hasCompletions(): boolean {
    return Atomics.load(this.#words, this.#cqTail) !== this.#head;
  }

  /**
   * Submits what is staged, in order, and has the kernel make completions, without waiting. More than the ring holds takes several
   * calls. What the kernel does not take for lack of memory, or of room for completions, stays for the next time.
   */
  enter(): void {
    do {
      this.#moveIntoRing();
      const taken = sysEnter(
        abi.SYS_IO_URING_ENTER,
        this.fd,
        this.#queued(),
        0,
        abi.IORING_ENTER_GETEVENTS,
        null,
        8,
      );
      if (taken < 0) {
        const number = errno();
        if (number === EAGAIN || number === EBUSY) return;
        if (number !== EINTR) throw lastError('io_uring_enter');
      }
    } while (this.submissions.count > 0);
  }

  /** Waits in this thread until there is a completion, at most so long, below a second. */
  wait(timeoutMs: number): void {
    this.#timespec.writeBigInt64LE(BigInt(timeoutMs) * 1_000_000n, 8);
    const flags = abi.IORING_ENTER_GETEVENTS | abi.IORING_ENTER_EXT_ARG;
    const { size } = abi.GETEVENTS_ARG;
    const taken = sysEnter(abi.SYS_IO_URING_ENTER, this.fd, 0, 1, flags, this.#waitArgument, size);
    if (taken >= 0) return;
    const number = errno();
    if (number !== ETIME && number !== EINTR) throw lastError('io_uring_enter');
  }

  /** How many completions there are; they are numbered from 0 until {@link advance}. */
  reap(): number {
    return (Atomics.load(this.#words, this.#cqTail) - this.#head) | 0;
  }

  /** Releases the first `count` completions. */
  advance(count: number): void {
    this.#head = (this.#head + count) | 0;
    Atomics.store(this.#words, this.#cqHead, this.#head);
  }

  /** The first word of user data, which the submission carried. */
  tag(i: number): number {
    return this.#words[this.#cqe(i)] as number;
  }

  /** The second word of user data. */
  generation(i: number): number {
    return this.#words[this.#cqe(i) + 1] as number;
  }

  /** The result: as the system call of the same name would return it, but a failure is the negative error number. */
  result(i: number): number {
    return this.#words[this.#cqe(i) + 2] as number;
  }

  flags(i: number): number {
    return this.#words[this.#cqe(i) + 3] as number;
  }

  /** Has an eventfd signalled when there is something to finish; see {@link enableEventfd}. @throws SystemCallError */
  registerEventfd(eventfd: number): void {
    this.register(abi.IORING_REGISTER_EVENTFD, Buffer.from(Int32Array.of(eventfd).buffer), 1);
  }

  /** Whether the eventfd is signalled. Completions from before it was enabled are not signalled. */
  enableEventfd(on: boolean): void {
    Atomics.store(this.#words, this.#cqFlags, on ? 0 : abi.IORING_CQ_EVENTFD_DISABLED);
  }

  /** io_uring_register(2). @throws SystemCallError */
  register(operation: number, argument: Buffer, count: number): void {
    check('io_uring_register', sysRegister(abi.SYS_IO_URING_REGISTER, this.fd, operation, argument, count));
  }

  /** Closes the ring; the kernel cancels what is still under way. */
  close(): void {
    this.#rings.close();
    this.#entries.close();
    close(this.fd);
  }

  #cqe(i: number): number {
    return this.#cqes + ((this.#head + i) & this.#cqMask) * abi.CQE_WORDS;
  }

  /** How many submissions stand in the ring that the kernel has not taken. */
  #queued(): number {
    const words = this.#words;
    return ((words[this.#sqTail] as number) - Atomics.load(words, this.#sqHead)) | 0;
  }

  #moveIntoRing(): void {
    const tail = this.#words[this.#sqTail] as number;
    const free = this.#sqMask + 1 - this.#queued();
    const moved = this.submissions.move(this.#sqes, tail & this.#sqMask, this.#sqMask + 1, free);
    if (moved > 0) Atomics.store(this.#words, this.#sqTail, (tail + moved) | 0);
  }
}
