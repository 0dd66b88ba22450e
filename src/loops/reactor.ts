import { isMainThread } from 'node:worker_threads';
import type { Poller } from './poller.ts';
import { TurnClock } from './turn-clock.ts';
import type { Resumable, Waiter, Watched } from './waiter.ts';

/**
 * How many turns without any event are spun before the thread waits: a wait and its wake-up cost tens of microseconds. A client that is
 * alone comes back soon, and the spin is cheaper. Of many clients some are busy elsewhere, and waiting brings several of them at once. And
 * who has none, but accepts them for others, only takes the processor away from those.
 */
const SPIN_TURNS = { alone: 24, among: 6, none: 2 };
/** After a turn with no more events than these the client is taken to be alone: a receive and, where that is told, a send. */
const ALONE = 2;
/** For how long the main thread waits in itself before it parks, in milliseconds: parking takes another thread, and twice the time. */
const LINGER = 1;
/** After how many events a turn ends, though there may be more: Node has its turn then. */
const MOST_EVENTS = 256;
/**
 * While parked the reactor still looks by itself now and then: the parked call waits its turn in libuv's pool, and jobs of handlers
 * may occupy that for any time. First after this many milliseconds, then after twice as many, up to the longest.
 */
const LOOK = { first: 20, longest: 320 };

/**
 * In a thread beside the main one the reactor waits in the thread itself, in slices of so many milliseconds, after each of which Node has a
 * turn. Such threads have little else to do, there may be more of them than libuv's pool has threads, and one that is parked there could
 * not be ended. With a mechanism that cannot be waited for elsewhere the main thread does the same, in shorter slices.
 */
const SLICE = isMainThread ? 5 : 25;
/** When it looks in that case while a handler's promise is pending, in milliseconds, as {@link LOOK}: then Node needs the thread. */
const LOOK_HERE = { first: 1, longest: 4 };

/**
 * Waits for descriptors inside Node's own event loop. While there is work it polls without waiting and comes back through
 * `setImmediate`, so that timers, promises and files have their turns; after a short spin and a short wait it parks in a call on another
 * thread.
 * Such a call holds one thread of libuv's pool, so there is one reactor a thread and mechanism, shared by all its loops.
 *
 * An exception out of a turn is a fault of ours, since sessions catch what their handlers throw; it is left to Node, but the turns go on.
 */
export class Reactor implements Waiter {
  static readonly #shared = new Map<string, Reactor>();

  readonly clock = new TurnClock();
  readonly tellsChanges: boolean;
  awaiting = 0;
  clients = 0;
  readonly #poller: Poller;
  readonly #onEmpty: () => void;
  readonly #parks: boolean;
  readonly #watched: (Watched | undefined)[] = [];
  #generation = 0;
  #users = 0;
  #woken: Resumable[] = [];
  #idleTurns = 0;
  #spinWithClients = SPIN_TURNS.alone;
  /** Whether a turn is scheduled. */
  #turning = false;
  /** Whether a parked call is under way; turns may go on beside it. */
  #parked = false;
  #closed = false;
  #onClosed: (() => void) | undefined;
  #look: NodeJS.Timeout | undefined;
  readonly #looks: typeof LOOK;
  #lookAfter: number;

  private constructor(poller: Poller, onEmpty: () => void) {
    this.#poller = poller;
    this.tellsChanges = poller.tellsChanges === true;
    this.#onEmpty = onEmpty;
    this.#parks = isMainThread && poller.park !== undefined;
    this.#looks = this.#parks ? LOOK : LOOK_HERE;
    this.#lookAfter = this.#looks.first;
  }

  /** The reactor of this thread for a mechanism, made by the first loop that asks for it. */
  static shared(mechanism: string, createPoller: () => Poller): Reactor {
    let reactor = Reactor.#shared.get(mechanism);
    if (reactor === undefined) {
      reactor = new Reactor(createPoller(), () => Reactor.#shared.delete(mechanism));
      Reactor.#shared.set(mechanism, reactor);
    }
    reactor.#users++;
    return reactor;
  }

  async release(): Promise<void> {
    this.#users--;
    if (this.#users > 0) return;
    this.#onEmpty();
    this.#schedule();
    await new Promise<void>((resolve) => (this.#onClosed = resolve));
  }

  watch(watched: Watched, interest: number): void {
    this.#generation = (this.#generation + 1) & 0x7fffffff;
    watched.generation = this.#generation;
    this.#poller.add(watched.fd, interest, watched.generation);
    this.#watched[watched.fd] = watched;
    if (!this.#parked) this.#schedule();
  }

  change(watched: Watched, interest: number): void {
    this.#poller.modify(watched.fd, interest, watched.generation);
  }

  unwatch(watched: Watched): void {
    this.#poller.remove(watched.fd);
    this.#watched[watched.fd] = undefined;
  }

  *all(): Iterable<Watched> {
    for (const watched of this.#watched) if (watched !== undefined) yield watched;
  }

  wake(resumable: Resumable): void {
    this.#woken.push(resumable);
    this.#schedule();
  }

  /** Takes a turn at once, for whoever cannot wait for the next one; never from inside a turn. */
  turn(): void {
    this.#work(this.#poller.poll(0));
  }

  get #spinTurns(): number {
    return this.clients > 0 ? this.#spinWithClients : SPIN_TURNS.none;
  }

  #schedule(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turning = false;
    // A turn beside a parked call is for what was woken: the parked call reports what is ready.
    const parked = this.#parked && this.#idleTurns >= this.#spinTurns;
    const ready = parked ? 0 : this.#poller.poll(this.#patience());
    if (ready > 0) this.#stir();
    else this.#idleTurns++;
    this.#work(ready);
  };

  /** One turn's work, as long as more comes meanwhile, then the next turn or a rest. */
  #work(ready: number): void {
    this.clock.begin();
    try {
      let left = ready;
      let handled = 0;
      do {
        this.#deliver(left);
        this.#resume();
        handled += left;
        left = this.#more(left, handled);
      } while (left > 0);
      if (handled > 0) this.#spinWithClients = handled <= ALONE ? SPIN_TURNS.alone : SPIN_TURNS.among;
    } finally {
      this.clock.end();
      this.#continue();
    }
  }

  #continue(): void {
    if (this.#users === 0) this.#close();
    else if (this.#woken.length > 0 || this.#idleTurns < this.#spinTurns) this.#schedule();
    else if (this.#parks) this.#park();
    else if (this.awaiting > 0) this.#look ??= setTimeout(this.#lookAround, this.#lookAfter);
    else this.#schedule();
  }

  /** How many events have come by the end of a turn's work, if they are to be handled in the same turn. */
  #more(left: number, handled: number): number {
    const prepared = this.#poller.flush?.();
    if (handled >= MOST_EVENTS || this.awaiting > 0) return 0;
    return prepared ?? (left > 0 ? this.#poller.poll(0) : 0);
  }

  /** How long a turn may wait for its events, in milliseconds. */
  #patience(): number {
    if (this.awaiting > 0 || this.#woken.length > 0 || this.#users === 0) return 0;
    if (!this.#parks) return this.#idleTurns >= this.#spinTurns ? SLICE : 0;
    return !this.#parked && this.#idleTurns === this.#spinTurns - 1 ? LINGER : 0;
  }

  #park(): void {
    if (!this.#parked) {
      this.#parked = true;
      this.#lookAfter = this.#looks.first;
      this.#poller.park?.((ready) => {
        this.#parked = false;
        this.#idleTurns = 0;
        this.#work(ready);
      });
    }
    this.#look ??= setTimeout(this.#lookAround, this.#lookAfter);
  }

  readonly #lookAround = (): void => {
    this.#look = undefined;
    if (this.#users === 0 || this.#turning) return;
    this.#lookAfter = Math.min(2 * this.#lookAfter, this.#looks.longest);
    const ready = this.#poller.poll(0);
    if (ready > 0) this.#stir();
    this.#work(ready);
  };

  /** There is something to do: more may follow soon. */
  #stir(): void {
    this.#idleTurns = 0;
    this.#lookAfter = this.#looks.first;
  }

  /** A parked call uses the poller until it comes back. */
  #close(): void {
    clearTimeout(this.#look);
    this.#look = undefined;
    if (this.#parked) this.#poller.unpark?.();
    else if (!this.#turning && !this.#closed) {
      this.#closed = true;
      this.#poller.close();
      this.#onClosed?.();
    }
  }

  #deliver(ready: number): void {
    const poller = this.#poller;
    for (let i = 0; i < ready; i++) {
      const watched = this.#watched[poller.descriptor(i)];
      if (watched !== undefined && watched.generation === poller.generation(i))
        watched.onReady(poller.events(i));
    }
  }

  #resume(): void {
    if (this.#woken.length === 0) return;
    const woken = this.#woken;
    this.#woken = [];
    for (const resumable of woken) resumable.resume();
  }
}
