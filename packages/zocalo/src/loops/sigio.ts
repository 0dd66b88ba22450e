import { PollSet } from '../sys/poll.ts';
import { IoSignals, NONE, OVERFLOW } from '../sys/signal-io.ts';
import { DEFAULT_BUSY_POLL_US, Dispatcher } from './dispatcher.ts';
import { fromPoll, toPoll } from './poll.ts';
import { ReadyList, WRITABLE } from './poller.ts';
import { ReadinessLoop } from './readiness-loop.ts';
import { type DescriptorPoller, WatchedDispatcher } from './watched-dispatcher.ts';

/** The most signals taken before the candidates are polled. */
const BATCH = 1_024;

/** How often descriptors that are not writable are polled: their signal may never come. */
const WRITER_RECHECK_MS = 5;

/** One registration of a descriptor. */
type Entry = {
  readonly fd: number;
  readonly generation: number;
  interest: number;
  /** Whether it is among the candidates. */
  candidate: boolean;
};

/**
 * Signal-driven I/O: a signal reports that something about a descriptor has changed, and not its present state. So a signalled descriptor
 * becomes a candidate; poll(2) is called for the candidates alone, and those that are not ready are dropped. The cost grows with the clients
 * that are active, and not with those that are watched. When the queue of signals overflows, every descriptor becomes a candidate once.
 *
 * That a socket is writable again is signalled only if it was found full since the last send: a send that succeeds whole clears that
 * (`tcp_sendmsg` in the kernel's `net/ipv4/tcp.c` clears SOCKWQ_ASYNC_NOSPACE), and a poll of a Unix socket does not set it (`unix_poll`
 * never does). So descriptors that wait to be writable become candidates again every few milliseconds.
 *
 * The signals are directed at this thread, and no other can take them. A descriptor (signalfd(2)) reports them to Node's loop.
 */
export class SignalPoller implements DescriptorPoller {
  readonly edgeTriggered = false;
  readonly #signals = new IoSignals();
  readonly #entries: (Entry | undefined)[] = [];
  /** Each entry once at most. Removed and replaced ones are dropped by the next poll. */
  readonly #candidates: Entry[] = [];
  readonly #writers = new Set<Entry>();
  #writersCheckedAt = 0;
  readonly #set = new PollSet();
  readonly #ready = new ReadyList();

  get fd(): number {
    return this.#signals.fd;
  }

  /** Descriptors that are not writable, and candidates that were still ready, are polled without a signal. */
  get pollAfterMs(): number {
    if (this.#candidates.length > 0) return 0;
    return this.#writers.size > 0 ? WRITER_RECHECK_MS : Number.POSITIVE_INFINITY;
  }

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

  poll(): number {
    let fd = this.#signals.take();
    for (let i = 1; fd !== NONE; i++) {
      if (fd === OVERFLOW) for (const entry of this.#entries) this.#addCandidate(entry);
      else this.#addCandidate(this.#entries[fd]);
      fd = i < BATCH ? this.#signals.take() : NONE;
    }
    if (this.#writers.size > 0) this.#addWriters();
    this.#ready.count = 0;
    if (this.#candidates.length > 0) this.#pollCandidates();
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

  /** Polls the candidates, and keeps those that are ready: what is still true is reported again. */
  #pollCandidates(): void {
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
    this.#addCandidate(entry);
  }

  #addCandidate(entry: Entry | undefined): void {
    if (entry === undefined || entry.candidate) return;
    entry.candidate = true;
    this.#candidates.push(entry);
  }

  #addWriters(): void {
    const now = performance.now();
    if (now - this.#writersCheckedAt < WRITER_RECHECK_MS) return;
    this.#writersCheckedAt = now;
    for (const entry of this.#writers) this.#addCandidate(entry);
  }
}

/** A loop that waits for signals. */
export function createSigioLoop(busyPollUs = DEFAULT_BUSY_POLL_US): ReadinessLoop {
  const dispatcher = Dispatcher.shared('sigio', busyPollUs, () => new WatchedDispatcher(new SignalPoller()));
  return new ReadinessLoop('sigio', dispatcher);
}
