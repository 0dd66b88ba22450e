import { PollSet } from '../sys/poll.ts';
import { IoSignals, NONE, OVERFLOW } from '../sys/signal-io.ts';
import { fromPoll, toPoll } from './poll-events.ts';
import { type Poller, WRITABLE } from './poller.ts';
import { Reactor } from './reactor.ts';
import { ReadinessLoop } from './readiness-loop.ts';
import { ReadyList } from './ready-list.ts';

/** The most signals taken before descriptors are looked at. */
const BATCH = 1_024;

/** How often those are looked at that cannot be written, in milliseconds: their signal may never come. */
const WRITER_LOOK = 5;

/** One registration of a descriptor. */
type Entry = {
  readonly fd: number;
  readonly generation: number;
  interest: number;
  /** Whether it is among the candidates. */
  candidate: boolean;
};

/**
 * Signal-driven I/O: a signal tells that something about a descriptor has changed, and not what holds now. So whoever is signalled becomes a
 * candidate; poll(2) is asked about the candidates alone, and those that are not ready are none any more. The cost grows with the clients
 * that are active, and not with those that are watched. When the queue of signals overflows, everybody is a candidate once.
 *
 * That a socket can be written again is signalled only if somebody has met with it full since the last send: a send that succeeds whole
 * forgets it (`tcp_sendmsg` in the kernel's `net/ipv4/tcp.c` clears SOCKWQ_ASYNC_NOSPACE), and a look at a Unix socket does not count
 * (`unix_poll` never sets it). So those that wait for it are candidates again every few milliseconds.
 *
 * The signals are directed at this thread, and no other can take them: so it can only be waited for here, and never off this thread.
 */
export class SignalPoller implements Poller {
  readonly #signals = new IoSignals();
  readonly #entries: (Entry | undefined)[] = [];
  /** Each entry once at most. Those that have been removed, or replaced, are sorted out by the next look. */
  readonly #candidates: Entry[] = [];
  readonly #writers = new Set<Entry>();
  #writersLookedAt = 0;
  readonly #set = new PollSet();
  readonly #ready = new ReadyList();

  add(fd: number, interest: number, generation: number): void {
    const entry = { fd, interest, generation, candidate: false };
    this.#entries[fd] = entry;
    this.#signals.arm(fd);
    this.#watchFor(entry, interest);
  }

  modify(fd: number, interest: number): void {
    const entry = this.#entries[fd];
    if (entry !== undefined) this.#watchFor(entry, interest);
  }

  remove(fd: number): void {
    const entry = this.#entries[fd];
    if (entry === undefined) return;
    this.#writers.delete(entry);
    this.#entries[fd] = undefined;
    this.#signals.disarm(fd);
  }

  poll(timeout: number): number {
    const wait = this.#writers.size > 0 ? Math.min(timeout, WRITER_LOOK) : timeout;
    let fd = this.#signals.take(this.#candidates.length > 0 ? 0 : wait);
    for (let i = 1; fd !== NONE; i++) {
      if (fd === OVERFLOW) for (const entry of this.#entries) this.#suspect(entry);
      else this.#suspect(this.#entries[fd]);
      fd = i < BATCH ? this.#signals.take(0) : NONE;
    }
    if (this.#writers.size > 0) this.#suspectWriters();
    this.#ready.count = 0;
    if (this.#candidates.length > 0) this.#look();
    return this.#ready.count;
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

  /** A signal about a descriptor that is still watched would end the process once it is let through. */
  close(): void {
    for (const entry of this.#entries) if (entry !== undefined) this.remove(entry.fd);
    this.#signals.close();
  }

  /** Asks about the candidates, and keeps those that are ready: what is still true is reported again. */
  #look(): void {
    const candidates = this.#candidates;
    const set = this.#set;
    set.clear();
    for (const entry of candidates) {
      if (this.#entries[entry.fd] === entry) candidates[set.add(entry.fd, toPoll(entry.interest))] = entry;
    }
    candidates.length = set.count;
    if (set.wait(0) < 0) return;
    for (let i = 0; i < set.count; i++) {
      const entry = candidates[i] as Entry;
      const events = set.events(i);
      entry.candidate = events !== 0;
      if (events === 0) continue;
      candidates[this.#ready.count] = entry;
      this.#ready.add(entry.fd, entry.generation, fromPoll(events));
    }
    candidates.length = this.#ready.count;
  }

  #watchFor(entry: Entry, interest: number): void {
    entry.interest = interest;
    if (interest & WRITABLE) this.#writers.add(entry);
    else this.#writers.delete(entry);
    this.#suspect(entry);
  }

  #suspect(entry: Entry | undefined): void {
    if (entry === undefined || entry.candidate) return;
    entry.candidate = true;
    this.#candidates.push(entry);
  }

  #suspectWriters(): void {
    const now = performance.now();
    if (now - this.#writersLookedAt < WRITER_LOOK) return;
    this.#writersLookedAt = now;
    for (const entry of this.#writers) this.#suspect(entry);
  }
}

/** A loop that is told by signals. */
export function createSigioLoop(): ReadinessLoop {
  return new ReadinessLoop(
    'sigio',
    Reactor.shared('sigio', () => new SignalPoller()),
  );
}
