import { PollSet } from '../sys/poll.ts';
import { fromPoll, toPoll } from './poll-events.ts';
import { ReadinessLoop } from './readiness-loop.ts';
import { TurnClock } from './turn-clock.ts';
import type { Resumable, Waiter, Watched } from './waiter.ts';

/**
 * How long the thread is blocked at most before Node has a turn, in milliseconds: for its timers, among them those of deadlines. What comes
 * in on a descriptor, and a signal to this process, end the wait at once.
 */
const LONGEST_BLOCK = 25;
/** How often it looks while a handler's promise is pending, in milliseconds: then Node needs the thread, and it must not be blocked. */
const LOOK_EVERY = 1;

type Entry = { readonly watched: Watched; interest: number };

/**
 * Really blocks: poll(2) on the client and on whoever gives this thread its orders, then receive, then answer. There is nothing between
 * the thread and the system call; while it waits, nothing else happens in this thread. With one client at a time, which is how it is
 * used, the set has two descriptors.
 */
class BlockingWaiter implements Waiter {
  readonly clock = new TurnClock();
  readonly tellsChanges = false;
  awaiting = 0;
  clients = 0;
  readonly #entries = new Map<number, Entry>();
  readonly #set = new PollSet();
  #woken: Resumable[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;

  watch(watched: Watched, interest: number): void {
    this.#entries.set(watched.fd, { watched, interest });
    this.#schedule();
  }

  change(watched: Watched, interest: number): void {
    const entry = this.#entries.get(watched.fd);
    if (entry !== undefined) entry.interest = interest;
  }

  unwatch(watched: Watched): void {
    this.#entries.delete(watched.fd);
  }

  *all(): Iterable<Watched> {
    for (const { watched } of this.#entries.values()) yield watched;
  }

  wake(resumable: Resumable): void {
    this.#woken.push(resumable);
    this.#schedule();
  }

  async release(): Promise<void> {
    this.#closed = true;
    clearImmediate(this.#scheduled);
    clearTimeout(this.#pause);
  }

  #schedule(): void {
    if (this.#closed) return;
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#scheduled ??= setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = undefined;
    const entries = [...this.#entries.values()].filter(({ interest }) => interest !== 0);
    this.#set.clear();
    for (const { watched, interest } of entries) this.#set.add(watched.fd, toPoll(interest));
    const ready = this.#set.wait(this.awaiting > 0 || this.#woken.length > 0 ? 0 : LONGEST_BLOCK);
    this.clock.begin();
    try {
      for (const [i, { watched }] of entries.entries()) {
        const events = ready > 0 ? this.#set.events(i) : 0;
        if (events !== 0 && this.#entries.get(watched.fd)?.watched === watched)
          watched.onReady(fromPoll(events));
      }
      const woken = this.#woken;
      this.#woken = [];
      for (const resumable of woken) resumable.resume();
    } finally {
      this.clock.end();
      this.#continue(ready > 0);
    }
  };

  #continue(worked: boolean): void {
    if (this.#closed || this.#entries.size === 0) return;
    if (this.awaiting > 0 && !worked && this.#woken.length === 0)
      this.#pause = setTimeout(() => this.#schedule(), LOOK_EVERY);
    else this.#schedule();
  }
}

/** A loop that blocks its thread. */
export function createBlockingLoop(): ReadinessLoop {
  return new ReadinessLoop('blocking', new BlockingWaiter());
}
