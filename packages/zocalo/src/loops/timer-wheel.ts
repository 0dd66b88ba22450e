import type { Clock } from '../session/session-host.ts';

/** What a wheel holds: an object with room for its place in it, so that adding and removing cost no allocation. */
export abstract class WheelEntry {
  slot = NOWHERE;
  previous: WheelEntry | undefined;
  next: WheelEntry | undefined;
}

const SLOTS = 512;
/** The slot of an entry that is in none, and of one that is about to be visited. */
const NOWHERE = -1;
const DUE = -2;

/**
 * One coarse timer for any number of clients: a ring of slots of `granularityMs` milliseconds, each with a list of entries to visit when
 * its time comes. An entry further away than one turn of the wheel is visited once a turn. No I/O, no clock.
 */
export class TimerWheel<Entry extends WheelEntry> {
  readonly granularityMs: number;
  readonly #slots = new Array<Entry | undefined>(SLOTS).fill(undefined);
  #tick: number;
  #size = 0;

  constructor(now: number, granularityMs = 50) {
    this.granularityMs = granularityMs;
    this.#tick = Math.floor(now / granularityMs);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an entry that is in no slot, to be visited as soon as `at` has passed, or one turn from now if that is sooner. */
  add(entry: Entry, at: number): void {
    const due = Math.ceil(at / this.granularityMs);
    const tick = Math.min(Math.max(due, this.#tick + 1), this.#tick + SLOTS - 1);
    const slot = tick % SLOTS;
    const head = this.#slots[slot];
    entry.slot = slot;
    entry.next = head;
    if (head !== undefined) head.previous = entry;
    this.#slots[slot] = entry;
    this.#size++;
  }

  /** Removes an entry; one that is in no slot is left alone. */
  remove(entry: Entry): void {
    if (entry.slot === DUE) entry.slot = NOWHERE;
    if (entry.slot === NOWHERE) return;
    if (entry.previous === undefined) this.#slots[entry.slot] = entry.next as Entry | undefined;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.previous = entry.next = undefined;
    entry.slot = NOWHERE;
    this.#size--;
  }

  /** Removes every entry whose slot has passed at `now`, and passes it to `visit`, which may add it again. */
  advance(now: number, visit: (entry: Entry) => void): void {
    const target = Math.floor(now / this.granularityMs);
    const steps = Math.min(target - this.#tick, SLOTS);
    if (steps <= 0) return;
    const first = this.#tick + 1;
    this.#tick = target;
    const due: Entry[] = [];
    for (let i = 0; i < steps; i++) {
      for (let entry = this.#slots[(first + i) % SLOTS]; entry !== undefined; ) {
        const following = entry.next as Entry | undefined;
        this.remove(entry);
        entry.slot = DUE;
        due.push(entry);
        entry = following;
      }
    }
    for (const entry of due) {
      if (entry.slot !== DUE) continue;
      entry.slot = NOWHERE;
      visit(entry);
    }
  }

  /** When the next slot with an entry passes; Infinity while the wheel is empty. */
  nextAt(): number {
    if (this.#size === 0) return Number.POSITIVE_INFINITY;
    let tick = this.#tick + 1;
    while (this.#slots[tick % SLOTS] === undefined) tick++;
    return tick * this.granularityMs;
  }
}

/** A wheel that is advanced by one Node timer, set for the next slot with an entry and for nothing else. */
export class WheelTimer<Entry extends WheelEntry> {
  readonly #wheel: TimerWheel<Entry>;
  readonly #clock: Clock;
  readonly #visit: (entry: Entry, now: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, visit: (entry: Entry, now: number) => void) {
    this.#clock = clock;
    this.#visit = visit;
    this.#wheel = new TimerWheel(clock.now);
  }

  /** Has an entry visited when `at` (milliseconds of the clock) has passed; Infinity: never. */
  schedule(entry: Entry, at: number): void {
    this.#wheel.remove(entry);
    if (at === Number.POSITIVE_INFINITY) return;
    // The wheel stands still while it is empty, so it is brought to the present before an entry is added.
    if (this.#wheel.size === 0) this.#wheel.advance(this.#clock.now, () => {});
    this.#wheel.add(entry, at);
    if (at < this.#firesAt) this.#arm();
  }

  cancel(entry: Entry): void {
    this.#wheel.remove(entry);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#firesAt = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const at = this.#wheel.nextAt();
    if (at >= this.#firesAt) return;
    clearTimeout(this.#timer);
    this.#firesAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(
      () => {
        this.#firesAt = Number.POSITIVE_INFINITY;
        const now = this.#clock.now;
        this.#wheel.advance(now, (entry) => this.#visit(entry, now));
        this.#arm();
      },
      timerDelay(at - this.#clock.now),
    );
  }
}

/** The longest delay that a timer of Node can be set for; with a longer one it fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A delay in milliseconds as a timer of Node takes it: whole, at least 1, at most about 24 days. */
export function timerDelay(delayMs: number): number {
  return Math.min(Math.max(Math.ceil(delayMs), 1), MAX_DELAY_MS);
}
