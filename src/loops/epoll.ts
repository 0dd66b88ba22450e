import { isMainThread } from 'node:worker_threads';
import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  Epoll,
  EventBatch,
} from '../sys/epoll.ts';
import { clearEventfd, createEventfd, signalEventfd } from '../sys/eventfd.ts';
import { close } from '../sys/sockets.ts';
import { CHANGES, FAILED, PEER_FINISHED, type Poller, READABLE, WRITABLE } from './poller.ts';
import { Reactor } from './reactor.ts';
import { ReadinessLoop } from './readiness-loop.ts';

const BATCH = 512;

/**
 * epoll(7): the kernel keeps the list of what is watched, and reports only what is ready. It is level-triggered, but for who is only read
 * from: the kernel then need not look a second time at each whom it has reported.
 */
export class EpollPoller implements Poller {
  readonly tellsChanges = true;
  readonly #epoll = new Epoll();
  /** A parked call writes into a batch of its own, so that polling can go on beside it. */
  readonly #polled = new EventBatch(BATCH);
  readonly #parked = new EventBatch(BATCH);
  #batch = this.#polled;
  /** What ends a park: it is watched like a client, under a generation that no client has. */
  readonly #alarm = createEventfd();

  constructor() {
    this.#epoll.add(this.#alarm, EPOLLIN, -1);
    process.once('exit', this.#onExit);
  }

  add(fd: number, interest: number, generation: number): void {
    this.#epoll.add(fd, toEpoll(interest), generation);
  }

  modify(fd: number, interest: number, generation: number): void {
    this.#epoll.modify(fd, toEpoll(interest), generation);
  }

  remove(fd: number): void {
    this.#epoll.remove(fd);
  }

  poll(timeout: number): number {
    this.#batch = this.#polled;
    return Math.max(this.#epoll.wait(this.#polled, timeout), 0);
  }

  park(done: (count: number) => void): void {
    this.#epoll.waitAsync(this.#parked, (error, count) => {
      if (error !== null) throw error;
      this.#batch = this.#parked;
      clearEventfd(this.#alarm);
      done(Math.max(count, 0));
    });
  }

  unpark(): void {
    signalEventfd(this.#alarm);
  }

  descriptor(i: number): number {
    return this.#batch.descriptor(i);
  }

  generation(i: number): number {
    return this.#batch.generation(i);
  }

  events(i: number): number {
    const events = this.#batch.events(i);
    // EPOLLIN and READABLE are the same bit, and by far the most frequent event.
    if (events === EPOLLIN) return READABLE;
    return (
      (events & EPOLLIN ? READABLE : 0) |
      (events & EPOLLOUT ? WRITABLE : 0) |
      (events & (EPOLLERR | EPOLLHUP) ? FAILED : 0) |
      (events & EPOLLRDHUP ? PEER_FINISHED : 0)
    );
  }

  /**
   * Node waits at its exit for calls that are under way, `process.exit` and uncaught exceptions included. A thread that ends leaves its
   * descriptors to the process; nothing is ever parked in one.
   */
  readonly #onExit = (): void => (isMainThread ? this.unpark() : this.close());

  close(): void {
    process.off('exit', this.#onExit);
    close(this.#alarm);
    close(this.#epoll.fd);
  }
}

function toEpoll(interest: number): number {
  if (interest === (READABLE | CHANGES)) return EPOLLIN | EPOLLRDHUP | EPOLLET;
  return (
    (interest & READABLE ? EPOLLIN : 0) |
    (interest & WRITABLE ? EPOLLOUT : 0) |
    (interest & PEER_FINISHED ? EPOLLRDHUP : 0)
  );
}

/** A loop that waits in epoll. All epoll loops of a thread share one epoll instance, and so wait once for all. */
export function createEpollLoop(): ReadinessLoop {
  return new ReadinessLoop(
    'epoll',
    Reactor.shared('epoll', () => new EpollPoller()),
  );
}
