/** What a wheel holds: an object with room for its place in it, so that entering and leaving cost no allocation. */
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
 * One coarse timer for any number of clients: a ring of slots of `granularity` milliseconds, each with a list of entries to
 * look at when its time comes. An entry further away than one turn of the wheel is looked at once a turn. No I/O, no clock.
 */
export class TimerWheel<Entry extends WheelEntry> {
  readonly granularity: number;
  readonly #slots = new Array<Entry | undefined>(SLOTS).fill(undefined);
  #tick: number;
  #size = 0;

  constructor(now: number, granularity = 50) {
    this.granularity = granularity;
    this.#tick = Math.floor(now / granularity);
  }

  get size(): number {
    return this.#size;
  }

  /** Enters an entry that is in no slot, to be looked at as soon as `at` has passed, or one turn from now if that is sooner. */
  add(entry: Entry, at: number): void {
    const due = Math.ceil(at / this.granularity);
    const tick = Math.min(Math.max(due, this.#tick + 1), this.#tick + SLOTS - 1);
    const slot = tick % SLOTS;
    const head = this.#slots[slot];
    entry.slot = slot;
    entry.next = head;
    if (head !== undefined) head.previous = entry;
    this.#slots[slot] = entry;
    this.#size++;
  }

  /** Takes an entry out; one that is in no slot is left alone. */
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

  /** Takes out every entry whose slot has passed at `now`, and hands it to `visit`, which may enter it again. */
  advance(now: number, visit: (entry: Entry) => void): void {
    const target = Math.floor(now / this.granularity);
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
    return tick * this.granularity;
  }
}
