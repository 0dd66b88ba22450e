import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, PollSet } from '../sys/poll.ts';
import { DEFAULT_BUSY_POLL_US, Dispatcher } from './dispatcher.ts';
import { FAILED, PEER_FINISHED, READABLE, type ReadyList, WRITABLE } from './poller.ts';
import { ReadinessLoop } from './readiness-loop.ts';
import { type ScannedSet, ScanningDispatcher } from './scanning-dispatcher.ts';

/** An interest as events of poll(2). */
export function toPoll(interest: number): number {
  return (
    (interest & READABLE ? POLLIN : 0) |
    (interest & WRITABLE ? POLLOUT : 0) |
    (interest & PEER_FINISHED ? POLLRDHUP : 0)
  );
}

/** Events of poll(2) as those of a poller. POLLNVAL is not reported: the descriptor was closed meanwhile. */
export function fromPoll(events: number): number {
  return (
    (events & POLLIN ? READABLE : 0) |
    (events & POLLOUT ? WRITABLE : 0) |
    (events & (POLLERR | POLLHUP) ? FAILED : 0) |
    (events & POLLRDHUP ? PEER_FINISHED : 0)
  );
}

/** What is watched, as an array of entries for poll(2). Failures and hang-ups are reported of every entry, asked for or not. */
export class PolledSet implements ScannedSet {
  readonly #entries = new PollSet();
  /** By the number of the entry. */
  readonly #generations: number[] = [];
  /** The number of the entry of each descriptor. */
  readonly #places: number[] = [];

  add(fd: number, interest: number, generation: number): void {
    const place = this.#entries.add(fd, toPoll(interest));
    this.#places[fd] = place;
    this.#generations[place] = generation;
  }

  modify(fd: number, interest: number): void {
    this.#entries.change(this.#places[fd] as number, toPoll(interest));
  }

  remove(fd: number): void {
    const place = this.#places[fd] as number;
    const last = this.#entries.count - 1;
    this.#places[this.#entries.descriptor(last)] = place;
    this.#generations[place] = this.#generations[last] as number;
    this.#generations.length = last;
    this.#entries.remove(place);
  }

  wait(timeoutMs: number): number {
    return this.#entries.wait(timeoutMs);
  }

  collect(count: number, ready: ReadyList): void {
    const entries = this.#entries;
    for (let i = 0, left = count; left > 0 && i < entries.count; i++) {
      const events = entries.events(i);
      if (events === 0) continue;
      left--;
      ready.add(entries.descriptor(i), this.#generations[i] as number, fromPoll(events));
    }
  }
}

/** A loop that waits in poll(2). */
export function createPollLoop(busyPollUs = DEFAULT_BUSY_POLL_US): ReadinessLoop {
  return new ReadinessLoop(
    'poll',
    Dispatcher.shared('poll', busyPollUs, () => new ScanningDispatcher(new PolledSet())),
  );
}

/**
 * A loop that blocks its thread: poll(2) on the client, on the channel that controls this thread, and on Node; then receive, then answer.
 * With one client at a time, which is how it is used, the set has two or three descriptors.
 */
export function createBlockingLoop(busyPollUs = DEFAULT_BUSY_POLL_US): ReadinessLoop {
  return new ReadinessLoop(
    'blocking',
    Dispatcher.shared('blocking', busyPollUs, () => new ScanningDispatcher(new PolledSet())),
  );
}
