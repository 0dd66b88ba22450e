import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  Epoll,
  EventBatch,
} from '../sys/epoll.ts';
import { DEFAULT_BUSY_POLL_US, Dispatcher } from './dispatcher.ts';
import { EDGE_TRIGGERED, FAILED, PEER_FINISHED, READABLE, URGENT, WRITABLE } from './poller.ts';
import { ReadinessLoop } from './readiness-loop.ts';
import { type DescriptorPoller, WatchedDispatcher } from './watched-dispatcher.ts';

const BATCH = 512;

/**
 * epoll(7): the kernel keeps the list of what is watched, and reports only what is ready. It is level-triggered, except for
 * connections that are only read from: the kernel then need not check each reported one a second time.
 */
export class EpollPoller implements DescriptorPoller {
  readonly edgeTriggered = true;
  readonly pollAfterMs = Number.POSITIVE_INFINITY;
  readonly #epoll = new Epoll();
  readonly #batch = new EventBatch(BATCH);

  get fd(): number {
    return this.#epoll.fd;
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

  poll(): number {
    return Math.max(this.#epoll.wait(this.#batch, 0), 0);
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
      (events & EPOLLRDHUP ? PEER_FINISHED : 0) |
      (events & EPOLLPRI ? URGENT : 0)
    );
  }

  close(): void {
    this.#epoll.close();
  }
}

function toEpoll(interest: number): number {
  if (interest === (READABLE | EDGE_TRIGGERED)) return EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  return (
    (interest & READABLE ? EPOLLIN : 0) |
    (interest & WRITABLE ? EPOLLOUT : 0) |
    (interest & PEER_FINISHED ? EPOLLRDHUP : 0)
  );
}

/** A loop that waits in epoll. All epoll loops of a thread share one epoll instance, and so wait once for all. */
export function createEpollLoop(busyPollUs = DEFAULT_BUSY_POLL_US): ReadinessLoop {
  const dispatcher = Dispatcher.shared('epoll', busyPollUs, () => new WatchedDispatcher(new EpollPoller()));
  return new ReadinessLoop('epoll', dispatcher);
}
