import { AsyncResource } from 'node:async_hooks';
import { OptionError } from '../errors.ts';
import { mustBe } from '../option-checks.ts';
import type { Reply } from './reply.ts';

/** The most timers that one client may have: a handler that sets one for each message must not set them without end. */
const MAX_TIMERS = 1_000;

type Timer = { readonly at: number; readonly callback: () => Reply };

/** The timers that a protocol has set for one client, on the clock of its conversation. */
export class ClientTimers {
  /** The soonest first; of the same time, in the order in which they were set. */
  readonly #timers: Timer[] = [];

  /** When the next one is due; Infinity without any. */
  get nextAt(): number {
    return this.#timers[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** @returns a function that cancels it. @throws OptionError for a callback that is no function, a time below 0, or one timer too many */
  set(callback: () => Reply, delayMs: number, now: number): () => void {
    if (typeof callback !== 'function') throw mustBe('setTimeout: the callback', 'a function', callback);
    if (!(typeof delayMs === 'number' && delayMs >= 0)) {
      throw mustBe('setTimeout: the time', '0 or more milliseconds', delayMs);
    }
    if (this.#timers.length === MAX_TIMERS)
      throw new OptionError(`setTimeout: a client can have ${MAX_TIMERS} timers at most`);
    // Never due in the turn in which it is set: one that sets itself again would go on for ever.
    const timer: Timer = { at: now + Math.max(delayMs, 1), callback: AsyncResource.bind(callback) };
    const behind = this.#timers.findIndex(({ at }) => at > timer.at);
    this.#timers.splice(behind < 0 ? this.#timers.length : behind, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Takes the next one that is due. */
  takeDue(now: number): (() => Reply) | undefined {
    return this.nextAt <= now ? this.#timers.shift()?.callback : undefined;
  }

  clear(): void {
    this.#timers.length = 0;
  }
}
