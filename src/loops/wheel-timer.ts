import type { Clock } from '../protocol/session-host.ts';
import { TimerWheel, type WheelEntry } from './timer-wheel.ts';

/** A timer wheel that is turned by one Node timer, set for the next slot with an entry and for nothing else. */
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
    // The wheel stands still while it is empty, so it is brought to the present before an entry goes in.
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
      Math.max(Math.ceil(at - this.#clock.now), 1),
    );
  }
}
