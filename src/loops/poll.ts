import { POLLIN, PollSet } from '../sys/poll.ts';
import { fromPoll, toPoll } from './poll-events.ts';
import { Reactor } from './reactor.ts';
import { ReadinessLoop } from './readiness-loop.ts';
import type { ReadyList } from './ready-list.ts';
import { type ScannedSet, ScanningPoller } from './scanning-poller.ts';

/** The alarm's generation, which no client has. */
const ALARM = -1;

/** What is watched, as an array of entries for poll(2). Failures and hang-ups are reported of every entry, asked for or not. */
export class PolledSet implements ScannedSet {
  readonly #entries: PollSet;
  /** By the number of the entry. */
  readonly #generations: number[];
  /** The number of the entry of each descriptor. */
  readonly #places: number[] = [];

  constructor(entries = new PollSet(), generations: number[] = []) {
    this.#entries = entries;
    this.#generations = generations;
  }

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

  copy(alarm: number): ScannedSet {
    const entries = this.#entries.copy();
    entries.add(alarm, POLLIN);
    return new PolledSet(entries, [...this.#generations, ALARM]);
  }

  wait(timeout: number): number {
    return this.#entries.wait(timeout);
  }

  waitAsync(done: (error: Error | null, count: number) => void): void {
    this.#entries.waitAsync(done);
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
export function createPollLoop(): ReadinessLoop {
  return new ReadinessLoop(
    'poll',
    Reactor.shared('poll', () => new ScanningPoller(new PolledSet())),
  );
}
