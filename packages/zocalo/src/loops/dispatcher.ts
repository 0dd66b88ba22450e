import type { Clock } from '../session/session-host.ts';
import type { NodeHandle } from '../sys/node-loop.ts';

/** After a turn with no more events than these one client is assumed to be active: a receive and possibly a send. */
const BUSY_POLL_MAX_EVENTS = 2;
/** The best by measurement, in microseconds: about as long as a client on this machine takes to send its next message. */
export const DEFAULT_BUSY_POLL_US = 50;
/** After how many events a turn ends, though there may be more, so that Node has its turn. */
const MAX_EVENTS_PER_TURN = 256;

/** What is registered with a dispatcher under its descriptor. */
export interface Registration {
  readonly fd: number;
  /** Set by the dispatcher: distinguishes this registration from an earlier one of the same descriptor. */
  generation: number;
}

/** Something that has work left for the next turn. */
export interface Resumable {
  resume(): void;
}

/**
 * Milliseconds of the monotonic clock: within a turn those of its beginning, since reading the clock costs. They are whole, since
 * V8 stores a small integer in place and allocates for a fraction.
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

/**
 * How a thread waits for its descriptors, and dispatches what happens to them: all loops of a thread that use one mechanism share one
 * dispatcher. It has turns between those of Node; in each, ready events are delivered and queued work is resumed. A turn is taken in the
 * check phase of Node's loop (`setImmediate`), so that ticks, promises, exceptions and async contexts are as anywhere in Node. How the
 * thread waits between turns, and what a round of a turn does, is up to the mechanism.
 *
 * An exception out of a turn is a fault of zocalo, since sessions catch what their handlers throw; it is left to Node, but the turns go on.
 */
export abstract class Dispatcher<Entry extends Registration> {
  static readonly #shared = new Map<string, Dispatcher<Registration>>();

  readonly clock = new TurnClock();
  readonly #entries: (Registration | undefined)[] = [];
  #generation = 0;
  #queued: Resumable[] = [];
  #scheduled = false;
  #users = 0;
  /** The longest that any of its loops has asked to poll after the last event, in microseconds. */
  #busyPollUs = 0;
  #busyPollUntil = 0;
  #refs = 0;
  #clients = 0;
  #onReleased: (() => void) | undefined;
  #onClosed: (() => void) | undefined;
  #closed = false;

  /**
   * The dispatcher of this thread for a mechanism, created by the first loop that asks for it.
   * @param busyPollUs how long it polls without sleeping after the last event, in microseconds
   */
  static shared<Made extends Dispatcher<Registration>>(
    mechanism: string,
    busyPollUs: number,
    create: () => Made,
  ): Made {
    let dispatcher = Dispatcher.#shared.get(mechanism) as Made | undefined;
    if (dispatcher === undefined) {
      dispatcher = create();
      Dispatcher.#shared.set(mechanism, dispatcher);
      dispatcher.#onReleased = () => Dispatcher.#shared.delete(mechanism);
    }
    dispatcher.#users++;
    dispatcher.#busyPollUs = Math.max(dispatcher.#busyPollUs, busyPollUs);
    return dispatcher;
  }

  addClient(): void {
    this.#clients++;
    this.ref();
  }

  removeClient(): void {
    this.#clients--;
    this.unref();
  }

  /** Keeps the program alive until the matching {@link unref}. */
  ref(): void {
    if (++this.#refs === 1) this.handle.ref();
  }

  unref(): void {
    if (--this.#refs === 0) this.handle.unref();
  }

  /** Ends one use; with the last one it closes, and resolves when it has. */
  async release(): Promise<void> {
    this.#users--;
    if (this.#users > 0) return;
    this.#onReleased?.();
    this.ref();
    this.schedule();
    await new Promise<void>((resolve) => (this.#onClosed = resolve));
  }

  /** Everything that is registered now, of all loops. */
  *registrations(): Iterable<Entry> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry as Entry;
  }

  /** Resumes something in the next turn. */
  wake(resumable: Resumable): void {
    this.#queued.push(resumable);
    this.schedule();
  }

  /** Takes a turn at once, for callers that cannot wait for the next one; never from inside a turn. */
  turn(): void {
    this.clock.begin();
    let handled = 0;
    let more = true;
    try {
      while (more) {
        const count = this.round();
        handled += count;
        more = handled < MAX_EVENTS_PER_TURN && this.shouldPollAgain(count);
      }
    } finally {
      this.clock.end();
      this.#endTurn(handled);
    }
  }

  /** Delivers what is ready now, and resumes what is queued ({@link resumeQueued}). @returns how many events there were */
  protected abstract round(): number;

  /** Whether to poll once more in the same turn: a pass through Node's own loop costs more than a poll. */
  protected shouldPollAgain(count: number): boolean {
    return count > 0;
  }

  /** The turn is over, and there is nothing to do. @returns whether another turn is needed without waiting */
  protected abstract prepareToWait(): boolean;

  /** What watches in Node's loop; it does not keep the program alive at first. */
  protected abstract readonly handle: NodeHandle;

  /** Closes the mechanism: it has no users left. */
  protected close(): void {
    this.handle.close();
  }

  protected add(entry: Entry): void {
    this.#generation = (this.#generation + 1) & 0x7fff_ffff;
    entry.generation = this.#generation;
    this.#entries[entry.fd] = entry;
  }

  protected remove({ fd }: Entry): void {
    this.#entries[fd] = undefined;
  }

  /** The registration of a descriptor; undefined when the number has been reused since the generation. */
  protected registered(fd: number, generation: number): Entry | undefined {
    const entry = this.#entries[fd];
    return entry?.generation === generation ? (entry as Entry) : undefined;
  }

  protected resumeQueued(): void {
    if (this.#queued.length === 0) return;
    const queued = this.#queued;
    this.#queued = [];
    for (const resumable of queued) resumable.resume();
  }

  /** Whether a turn is scheduled. */
  protected get scheduled(): boolean {
    return this.#scheduled;
  }

  protected schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#scheduled = false;
    if (!this.#closed) this.turn();
  };

  #endTurn(handled: number): void {
    if (this.#users === 0) {
      this.#closed = true;
      this.close();
      this.#onClosed?.();
    } else if (
      this.#queued.length > 0 ||
      handled >= MAX_EVENTS_PER_TURN ||
      this.#busyPolls(handled) ||
      this.prepareToWait()
    )
      this.schedule();
  }

  /**
   * A single active client waits for its answer and soon sends again: polling for that costs less than sleeping and being woken, and answers
   * sooner. With many clients some are busy elsewhere, and waiting collects their messages.
   */
  #busyPolls(handled: number): boolean {
    if (this.#busyPollUs === 0 || this.#clients === 0) return false;
    if (handled > BUSY_POLL_MAX_EVENTS) this.#busyPollUntil = 0;
    else if (handled > 0) this.#busyPollUntil = performance.now() + this.#busyPollUs / 1_000;
    return this.#busyPollUntil > 0 && performance.now() < this.#busyPollUntil;
  }
}
