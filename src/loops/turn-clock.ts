import type { Clock } from '../protocol/session-host.ts';

/**
 * Milliseconds of the monotonic clock: within a turn those of its beginning, since asking costs. They are whole, since V8 keeps
 * a small integer in place and allocates for a fraction.
 */
export class TurnClock implements Clock {
  #turn: number | undefined;

  get now(): number {
    return this.#turn ?? Math.floor(performance.now());
  }

  begin(): void {
    this.#turn = Math.floor(performance.now());
  }

  end(): void {
    this.#turn = undefined;
  }
}
