import { isMainThread } from 'node:worker_threads';
import { EPOLLIN, Epoll, EventBatch } from '../sys/epoll.ts';
import { clearEventfd, createEventfd, signalEventfd } from '../sys/eventfd.ts';
import { IoUring } from '../sys/io-uring.ts';
import { RegisteredFiles } from '../sys/io-uring-files.ts';
import type { Submissions } from '../sys/io-uring-submissions.ts';
import { close } from '../sys/sockets.ts';
import { RECEIVE_SIZE } from './loop.ts';
import type { Poller } from './poller.ts';
import { UringReceiveBuffers } from './uring-receive-buffers.ts';

/** What a submission is for: the lower bits of its tag, below the descriptor. */
export const ACCEPT = 1;
export const RECEIVE = 2;
export const SEND = 3;
export const POLL = 4;
const PURPOSE_BITS = 3;
const PURPOSES = (1 << PURPOSE_BITS) - 1;

/** More than the kernel fills in one call, so that it seldom runs out of them; small enough to stay in the processor's cache. */
const SMALL = { count: 64, size: 4_096 };
const LARGE = { count: 32, shortest: 16_384 };

/** How often the ring is entered in a row: one time finishes some twenty requests. */
const MOST_ENTERED = 256;

/** The tag of a submission. With the generation of its registration it is what its completions are recognised by. */
export function tagOf(fd: number, purpose: number): number {
  return (fd << PURPOSE_BITS) | purpose;
}

/**
 * A ring in the place of a poller, so that it has the turns of a reactor: an event is a completion, and {@link events} is its number,
 * to ask the ring for it. Nothing is registered: every submission names its descriptor. What a turn stages is submitted at its end, in
 * the same call that collects what has completed for the next.
 *
 * The kernel makes completions only on this thread, when it enters the ring. So the wait of a park is for an eventfd, which the ring
 * signals when there is something to enter for.
 */
export class UringPoller implements Poller {
  readonly ring = new IoUring();
  /** Set by whoever gives this poller to a reactor: asks for a turn, when something is staged outside of one. */
  onStaged: () => void = () => {};
  /** Where most clients receive. */
  readonly small = new UringReceiveBuffers(this.ring, 0, SMALL.count, SMALL.size, SMALL.size);
  /** Where those receive that stream. */
  readonly large = new UringReceiveBuffers(this.ring, 1, LARGE.count, RECEIVE_SIZE, LARGE.shortest);
  /** The sockets of connections. */
  readonly files = new RegisteredFiles(this.ring, () => this.submissions);
  /** Counts the turns, for whoever may do a thing once in each. */
  turn = 0;
  /** Several turns in a row count as one while it is set. */
  sameTurn = false;
  readonly #epoll = new Epoll();
  readonly #batch = new EventBatch(1);
  readonly #alarm = createEventfd();
  /** Whether what is staged now will be submitted by a turn that is under way or asked for. */
  #turnComes = false;
  /** Who waits for a large buffer. */
  readonly #receives: { receiveNow(): void }[] = [];
  /** How many completions of the batch have been handed out. */
  #delivered = 0;

  constructor() {
    this.#epoll.add(this.#alarm, EPOLLIN, 0);
    this.ring.registerEventfd(this.#alarm);
    this.ring.notify(false);
    process.once('exit', this.#onExit);
  }

  add(): void {}
  modify(): void {}
  remove(): void {}

  /** Where to stage what is to be submitted at the end of the turn. */
  get submissions(): Submissions {
    this.#askForTurn();
    return this.ring.submissions;
  }

  poll(timeout: number): number {
    const { ring } = this;
    this.#turnComes = true;
    // Whatever a failing turn has left of its batch comes again.
    this.#giveUpDelivered();
    if (!ring.hasCompletions && ring.wantsEntering) ring.enter();
    if (timeout > 0 && !ring.hasCompletions) ring.wait(timeout);
    return ring.reap();
  }

  flush(): number {
    const { ring } = this;
    this.#giveUpDelivered();
    if (!this.sameTurn) this.turn++;
    this.#submitReceives();
    this.small.publish();
    this.large.publish();
    if (ring.hasSubmissions) ring.enter();
    this.#turnComes = false;
    if (this.#receives.length > 0) this.#askForTurn();
    return ring.reap();
  }

  park(done: (count: number) => void): void {
    this.ring.notify(true);
    if (this.busy) this.unpark();
    this.#epoll.waitAsync(this.#batch, (error) => {
      if (error !== null) throw error;
      this.ring.notify(false);
      clearEventfd(this.#alarm);
      done(this.poll(0));
    });
  }

  unpark(): void {
    signalEventfd(this.#alarm);
  }

  descriptor(i: number): number {
    this.#delivered = i + 1;
    return this.ring.tag(i) >> PURPOSE_BITS;
  }

  generation(i: number): number {
    return this.ring.generation(i);
  }

  events(i: number): number {
    return i;
  }

  /** What a completion's submission was for. */
  purpose(i: number): number {
    return this.ring.tag(i) & PURPOSES;
  }

  /** Whether there are completions, or things that the kernel could complete by now. */
  get busy(): boolean {
    return this.ring.hasCompletions || this.ring.wantsEntering || this.#receives.length > 0;
  }

  /** Submits a receive that finds bytes at once, when there is a buffer for it: first come, first served. */
  queueReceive(requests: { receiveNow(): void }): void {
    this.#receives.push(requests);
    this.#askForTurn();
  }

  /** Submits at once, and has the kernel finish all that it can finish by now. */
  enterNow(): void {
    for (let i = 0; i < MOST_ENTERED && this.ring.wantsEntering; i++) this.ring.enter();
  }

  /** The result of a completion that has not been handed out yet, if it is there. */
  resultOf(tag: number, generation: number): number | undefined {
    const { ring } = this;
    for (let i = this.#delivered; i < ring.reap(); i++)
      if (ring.tag(i) === tag && ring.generation(i) === generation) return ring.result(i);
    return undefined;
  }

  /**
   * Node waits at its exit for calls that are under way. A thread that ends leaves its descriptors to the process; nothing is ever
   * parked in one.
   */
  readonly #onExit = (): void => (isMainThread ? this.unpark() : this.close());

  close(): void {
    process.off('exit', this.#onExit);
    this.ring.close();
    this.small.close();
    this.large.close();
    close(this.#alarm);
    close(this.#epoll.fd);
  }

  #askForTurn(): void {
    if (this.#turnComes) return;
    this.#turnComes = true;
    this.onStaged();
  }

  #submitReceives(): void {
    if (this.#receives.length === 0) return;
    for (const requests of this.#receives.splice(0, this.large.count >> 1)) requests.receiveNow();
  }

  #giveUpDelivered(): void {
    if (this.#delivered === 0) return;
    this.ring.advance(this.#delivered);
    this.#delivered = 0;
  }
}
