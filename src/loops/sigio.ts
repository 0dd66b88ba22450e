import { PollSet } from '../sys/poll.ts';
import { IoSignals, NONE, OVERFLOW } from '../sys/signal-io.ts';
import { fromPoll, toPoll } from './poll-events.ts';
import type { Poller } from './poller.ts';
import { Reactor } from './reactor.ts';
import { ReadinessLoop } from './readiness-loop.ts';
import { ReadyList } from './ready-list.ts';

/** The most signals taken before descriptors are looked at. */
const BATCH = 1_024;

type Entry = { interest: number; generation: number; candidate: boolean };

/**
 * Signal-driven I/O: a signal tells that something about a descriptor has changed, and not what holds now. So whoever is signalled becomes a
 * candidate; poll(2) is asked about the candidates alone, and those that are not ready are none any more. The cost grows with the clients
 * that are active, and not with those that are watched. When the queue of signals overflows, everybody is a candidate once.
 *
 * The signals are directed at this thread, and no other can take them: so it can only be waited for here, and never off this thread.
 */
class SignalPoller implements Poller {
  readonly #signals = new IoSignals();
  readonly #entries: (Entry | undefined)[] = [];
  #candidates: number[] = [];
  readonly #set = new PollSet();
  readonly #ready = new ReadyList();

  add(fd: number, interest: number, generation: number): void {
    this.#entries[fd] = { interest, generation, candidate: false };
    this.#signals.arm(fd);
    this.#suspect(fd);
  }

  modify(fd: number, interest: number): void {
    const entry = this.#entries[fd];
    if (entry === undefined) return;
    entry.interest = interest;
    this.#suspect(fd);
  }

  remove(fd: number): void {
    this.#entries[fd] = undefined;
    this.#signals.disarm(fd);
  }

  poll(timeout: number): number {
    let fd = this.#signals.take(this.#candidates.length > 0 ? 0 : timeout);
    for (let i = 1; fd !== NONE; i++) {
      if (fd === OVERFLOW) this.#suspectAll();
      else this.#suspect(fd);
      fd = i < BATCH ? this.#signals.take(0) : NONE;
    }
    return this.#candidates.length === 0 ? 0 : this.#look();
  }

  descriptor(i: number): number {
    return this.#ready.descriptor(i);
  }

  generation(i: number): number {
    return this.#ready.generation(i);
  }

  events(i: number): number {
    return this.#ready.events(i);
  }

  close(): void {
    this.#signals.close();
  }

  /** Asks about the candidates, and keeps those that are ready: what is still true is reported again. */
  #look(): number {
    const set = this.#set;
    set.clear();
    for (const fd of this.#candidates) set.add(fd, toPoll(this.#entries[fd]?.interest ?? 0));
    set.wait(0);
    const candidates = this.#candidates;
    this.#candidates = [];
    this.#ready.count = 0;
    for (let i = 0; i < candidates.length; i++) {
      const fd = candidates[i] as number;
      const entry = this.#entries[fd];
      if (entry === undefined) continue;
      const events = set.events(i);
      entry.candidate = events !== 0;
      if (events === 0) continue;
      this.#candidates.push(fd);
      this.#ready.add(fd, entry.generation, fromPoll(events));
    }
    return this.#ready.count;
  }

  #suspect(fd: number): void {
    const entry = this.#entries[fd];
    if (entry === undefined || entry.candidate) return;
    entry.candidate = true;
    this.#candidates.push(fd);
  }

  #suspectAll(): void {
    for (const fd of this.#entries.keys()) this.#suspect(fd);
  }
}

/** A loop that is told by signals. */
export function createSigioLoop(): ReadinessLoop {
  return new ReadinessLoop(
    'sigio',
    Reactor.shared('sigio', () => new SignalPoller()),
  );
}
