import { clearEventfd, createEventfd } from '../sys/eventfd.ts';
import { type IoUring, withRing } from '../sys/io-uring.ts';
import { RegisteredFiles } from '../sys/io-uring-files.ts';
import type { Submissions } from '../sys/io-uring-submissions.ts';
import { OwnedDescriptor } from '../sys/node-thread.ts';
import { RECEIVE_BUFFER_SIZE } from './loop.ts';
import { UringReceiveBuffers } from './uring-receive-buffers.ts';

/** What a submission is for: the lower bits of its tag, below the descriptor. */
export const ACCEPT = 1;
export const RECEIVE = 2;
export const SEND = 3;
export const POLL = 4;
export type Operation = typeof ACCEPT | typeof RECEIVE | typeof SEND | typeof POLL;
const OPERATION_BITS = 3;
const OPERATION_MASK = (1 << OPERATION_BITS) - 1;

/** More than the kernel fills in one call, so that it seldom runs out of them; small enough to stay in the processor's cache. */
const SMALL = { count: 64, size: 4_096 };
const LARGE = { count: 32, shortest: 16_384 };

/** How often the ring is entered in a row: one time finishes some twenty requests. */
const MAX_CONSECUTIVE_ENTERS = 256;

/** The tag of a submission. With the generation of its registration it is what its completions are recognised by. */
export function tagOf(fd: number, operation: Operation): number {
  return (fd << OPERATION_BITS) | operation;
}

/**
 * The ring of a thread, and what all its sockets share. What a round stages is submitted at its end, in the same call that collects what
 * has completed for the next. The kernel makes completions only on this thread, when it enters the ring; an eventfd signals that there is
 * something to enter for.
 */
export class SharedRing {
  readonly ring: IoUring;
  /** Set by the dispatcher: schedules a turn, when something is staged outside of one. */
  onStaged: () => void = () => {};
  /** The buffers into which most clients are received. */
  readonly small: UringReceiveBuffers;
  /** The buffers into which streaming clients are received. */
  readonly large: UringReceiveBuffers;
  /** The files of connections. */
  readonly files: RegisteredFiles;
  /** Counts the turns: a session receives once in each. */
  turn = 0;
  /** Several turns in a row count as one while it is set. */
  sameTurn = false;
  /** What the ring signals when there is something to enter for, while {@link enableSignal} is in force. */
  readonly #eventfd: OwnedDescriptor;
  /** Whether what is staged now will be submitted by a turn that is under way or asked for. */
  #turnScheduled = false;
  /** Receives that wait for a large buffer. */
  readonly #receives: { receiveNow(): void }[] = [];
  /** How many completions of the batch have been delivered. */
  #delivered = 0;

  /** What the kernel may refuse is done first, so that nothing is left open then. */
  private constructor(ring: IoUring) {
    this.ring = ring;
    this.files = new RegisteredFiles(ring, () => this.submissions);
    this.small = new UringReceiveBuffers(ring, 0, SMALL.count, SMALL.size, SMALL.size);
    this.large = new UringReceiveBuffers(ring, 1, LARGE.count, RECEIVE_BUFFER_SIZE, LARGE.shortest);
    this.#eventfd = new OwnedDescriptor(createEventfd());
    ring.registerEventfd(this.#eventfd.fd);
    ring.enableEventfd(false);
  }

  /** @throws PlatformError when this kernel, or its settings, do not permit it */
  static create(): SharedRing {
    return withRing((ring) => new SharedRing(ring));
  }

  /** Readable when there is something to enter for. */
  get fd(): number {
    return this.#eventfd.fd;
  }

  /** The descriptor is signalled from now on. @returns false when there is something to enter for already */
  enableSignal(): boolean {
    this.ring.enableEventfd(true);
    return !this.busy;
  }

  /** The descriptor is no longer signalled. @param signalled whether it has been */
  disableSignal(signalled: boolean): void {
    this.ring.enableEventfd(false);
    if (signalled) clearEventfd(this.#eventfd.fd);
  }

  /** Where to stage what is to be submitted at the end of the turn. */
  get submissions(): Submissions {
    this.#scheduleTurn();
    return this.ring.submissions;
  }

  /** Begins a round: has the kernel complete what it can by now. @returns how many completions there are */
  begin(): number {
    const { ring } = this;
    this.#turnScheduled = true;
    // What a failing turn has left of its batch is delivered again.
    this.#releaseDelivered();
    if (!ring.hasCompletions && ring.wantsEntering) ring.enter();
    return ring.reap();
  }

  /** Counts completion `i` of the batch as delivered. @returns its descriptor */
  takeDescriptor(i: number): number {
    this.#delivered = i + 1;
    return this.ring.tag(i) >> OPERATION_BITS;
  }

  /** The operation of completion `i`. */
  operation(i: number): Operation {
    return (this.ring.tag(i) & OPERATION_MASK) as Operation;
  }

  /** Ends a round: submits what it has staged. */
  submit(): void {
    const { ring } = this;
    this.#releaseDelivered();
    if (!this.sameTurn) this.turn++;
    this.#submitReceives();
    this.small.publish();
    this.large.publish();
    if (ring.hasSubmissions) ring.enter();
    this.#turnScheduled = false;
  }

  /** Whether there are completions, or things that the kernel could complete by now. */
  get busy(): boolean {
    return this.ring.hasCompletions || this.ring.wantsEntering || this.#receives.length > 0;
  }

  /** Submits a receive that finds bytes at once, when there is a buffer for it: first come, first served. */
  queueReceive(requests: { receiveNow(): void }): void {
    this.#receives.push(requests);
    this.#scheduleTurn();
  }

  /** Submits at once, and has the kernel finish all that it can finish by now. */
  enterNow(): void {
    for (let i = 0; i < MAX_CONSECUTIVE_ENTERS && this.ring.wantsEntering; i++) this.ring.enter();
  }

  /** The result of a completion that has not been delivered yet, if it is there. */
  resultOf(tag: number, generation: number): number | undefined {
    const { ring } = this;
    for (let i = this.#delivered; i < ring.reap(); i++)
      if (ring.tag(i) === tag && ring.generation(i) === generation) return ring.result(i);
    return undefined;
  }

  close(): void {
    this.ring.close();
    this.small.close();
    this.large.close();
    this.#eventfd.close();
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    this.onStaged();
  }

  #submitReceives(): void {
    if (this.#receives.length === 0) return;
    for (const requests of this.#receives.splice(0, this.large.count >> 1)) requests.receiveNow();
  }

  #releaseDelivered(): void {
    if (this.#delivered === 0) return;
    this.ring.advance(this.#delivered);
    this.#delivered = 0;
  }
}
