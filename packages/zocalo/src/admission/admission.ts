import { mustBe, whole, wholeOrInfinity } from '../option-checks.ts';
import { AddressCounts } from './addresses.ts';
import { LinkedQueue, type QueueNode } from './linked-queue.ts';
import { RecentWaits } from './recent-waits.ts';

export type AdmissionOptions = {
  /** How many clients are in at once. */
  maxClients: number;
  /** How many wait in line when the server is full. */
  maxWaiting: number;
  /** How long a client waits at most, in milliseconds, unless another time is given as it arrives; Infinity: without limit. */
  waitTimeoutMs: number;
  /** How many of one address are in and wait together. Default: as many as there is room for. */
  maxPerAddress?: number;
  /** How many of one address are let in while clients of another address wait. Default: as many as there is room for. */
  fairSharePerAddress?: number;
  /** How many of one address wait. Default: as many as there is room for. */
  maxWaitingPerAddress?: number;
};

/**
 * `refuse-address-limit`: as many of its address are in and wait as may; `refuse-address`: there is room, but as many of its address wait
 * as may.
 */
export type AdmissionDecision = 'enter' | 'wait' | 'refuse' | 'refuse-address' | 'refuse-address-limit';

type Waiting<Connection> = {
  readonly connection: Connection;
  readonly address: string;
  readonly since: number;
  readonly waitTimeoutMs: number;
  /** How many had come before. */
  readonly number: number;
};

/** The entries of a waiting client: in the line, in the queue of its time-out, and perhaps in that of the clients that have finished sending. */
type QueueNodes<Connection> = {
  readonly inLine: QueueNode<Waiting<Connection>>;
  readonly inTimeout: QueueNode<Waiting<Connection>>;
  finished?: QueueNode<Waiting<Connection>>;
};

/**
 * Decides which clients are in, wait, or are refused: first come, first served, except that a waiting client whose address has its fair
 * share in is passed over. Connections are only identities here, there is no I/O, and the caller supplies the time (milliseconds of any
 * monotonic clock). Connections with an empty address are not counted by address. No step walks the line but past those whose
 * addresses have their share.
 *
 * A waiting client may have finished sending. Whether it still wants its answers or has hung up shows only when something is sent to it. So
 * it keeps its place and its turn like the others, but yields in a full line: the next to enter is the first that has not finished, and a
 * new client takes the place of the last that has.
 */
export class Admission<Connection> {
  readonly #options: Required<AdmissionOptions>;
  readonly #line = new LinkedQueue<Waiting<Connection>>();
  /** The waiting clients by their time-out, so that each queue is in the order of expiry. */
  readonly #byTimeout = new Map<number, LinkedQueue<Waiting<Connection>>>();
  readonly #finished = new LinkedQueue<Waiting<Connection>>();
  readonly #nodes = new Map<Connection, QueueNodes<Connection>>();
  readonly #activeByAddress = new AddressCounts();
  readonly #waitingByAddress = new AddressCounts();
  readonly #waits = new RecentWaits();
  #active = 0;
  #arrivals = 0;
  #reordered = 0;
  #heldBack = 0;

  /** @throws OptionError for a limit that is not a whole number of its range, or a time below 0 */
  constructor(options: AdmissionOptions) {
    const {
      maxPerAddress = unlimited,
      fairSharePerAddress = unlimited,
      maxWaitingPerAddress = unlimited,
    } = options;
    this.#options = { ...options, maxPerAddress, fairSharePerAddress, maxWaitingPerAddress };
    whole('maxClients', options.maxClients, 1);
    whole('maxWaiting', options.maxWaiting, 0);
    wholeOrInfinity('maxPerAddress', maxPerAddress, 1);
    wholeOrInfinity('fairSharePerAddress', fairSharePerAddress, 1);
    wholeOrInfinity('maxWaitingPerAddress', maxWaitingPerAddress, 0);
    if (!(options.waitTimeoutMs >= 0))
      throw mustBe('waitTimeoutMs', '0 or more milliseconds', options.waitTimeoutMs);
  }

  /** How many are in. */
  get active(): number {
    return this.#active;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Whether one more would neither enter nor wait. */
  get full(): boolean {
    return this.#active >= this.#options.maxClients && this.#lineFull;
  }

  /** How long the clients that entered from the line had waited, in milliseconds. */
  get waits(): Pick<RecentWaits, 'longestMs' | 'percentile'> {
    return this.#waits;
  }

  /** The longest that a client which entered has waited, in milliseconds. */
  get longestWaitMs(): number {
    return this.#waits.longestMs;
  }

  /** How often a client entered before another that had come earlier and that no rule held back. It stays 0. */
  get reordered(): number {
    return this.#reordered;
  }

  /** How often a client was passed over because its address had its share in already, or because it gave way in a full line. */
  get heldBack(): number {
    return this.#heldBack;
  }

  /** The waiting connections, in the order in which they came. */
  *line(): Iterable<Connection> {
    for (const { connection } of this.#line) yield connection;
  }

  /** A client has come. */
  arrive(
    connection: Connection,
    now: number,
    address = '',
    waitTimeoutMs: number = this.#options.waitTimeoutMs,
  ): AdmissionDecision {
    if (
      this.#activeByAddress.of(address) + this.#waitingByAddress.of(address) >=
      this.#options.maxPerAddress
    ) {
      return 'refuse-address-limit';
    }
    if (this.#active < this.#options.maxClients) {
      this.#reordered += this.#line.length;
      this.#enter(address);
      return 'enter';
    }
    if (this.#line.length >= this.#options.maxWaiting) return 'refuse';
    if (this.#waitingByAddress.of(address) >= this.#options.maxWaitingPerAddress) return 'refuse-address';
    const waiting = { connection, address, since: now, waitTimeoutMs, number: this.#arrivals++ };
    const sameTimeout = this.#byTimeout.get(waitTimeoutMs) ?? new LinkedQueue();
    this.#byTimeout.set(waitTimeoutMs, sameTimeout);
    this.#nodes.set(connection, { inLine: this.#line.add(waiting), inTimeout: sameTimeout.add(waiting) });
    this.#waitingByAddress.add(address);
    return 'wait';
  }

  /** A client that was in has left. @returns the one that enters in exchange, if any waits */
  leave(now: number, address = ''): Connection | undefined {
    this.#active--;
    this.#activeByAddress.remove(address);
    const next = this.#next();
    if (next === undefined) return undefined;
    const full = this.#lineFull;
    for (const passed of this.#line) {
      if (passed === next) break;
      if (this.#hasFairShare(passed.address) || (full && this.#hasFinished(passed))) this.#heldBack++;
      else this.#reordered++;
    }
    this.#dequeue(next);
    this.#enter(next.address);
    this.#waits.add(now - next.since);
    return next.connection;
  }

  /** A client that waits has finished sending. */
  finished(connection: Connection): void {
    const nodes = this.#nodes.get(connection);
    if (nodes !== undefined) nodes.finished ??= this.#finished.add(nodes.inLine.value);
  }

  /**
   * Removes the last client that finished sending from a full line, if one of `address` may then wait in its place.
   * @returns its connection, if there is one
   */
  evictFinished(address = ''): Connection | undefined {
    const waiting = this.#lineFull ? this.#finished.last?.value : undefined;
    if (waiting === undefined || this.#options.maxWaiting === 0) return undefined;
    const enough = this.#waitingByAddress.of(address) >= this.#options.maxWaitingPerAddress;
    if (enough && waiting.address !== address) return undefined;
    this.#dequeue(waiting);
    return waiting.connection;
  }

  /** A client stops waiting. @returns whether it was in the line */
  cancel(connection: Connection): boolean {
    const waiting = this.#nodes.get(connection)?.inLine.value;
    if (waiting !== undefined) this.#dequeue(waiting);
    return waiting !== undefined;
  }

  /** Removes the clients whose waiting time is over. @returns them, in the order in which they came */
  expire(now: number): Connection[] {
    const gone: Waiting<Connection>[] = [];
    for (const sameTimeout of this.#byTimeout.values()) {
      for (const waiting of sameTimeout) {
        if (now < expiryOf(waiting)) break;
        gone.push(waiting);
      }
    }
    for (const waiting of gone) this.#dequeue(waiting);
    return gone.sort((one, other) => one.number - other.number).map(({ connection }) => connection);
  }

  /** When {@link expire} next has a client to remove; Infinity while there is none. */
  get nextExpiry(): number {
    let soonest = unlimited;
    for (const { first } of this.#byTimeout.values()) {
      if (first !== undefined) soonest = Math.min(soonest, expiryOf(first.value));
    }
    return soonest;
  }

  /** Removes the whole line. @returns it, the next client first */
  rejectAll(): Connection[] {
    const gone = [...this.#line];
    for (const waiting of gone) this.#dequeue(waiting);
    return gone.map(({ connection }) => connection);
  }

  /** When the addresses of all waiting clients have their share in, the first enters: a place is never left empty. */
  #next(): Waiting<Connection> | undefined {
    const yielding = this.#lineFull && this.#finished.length < this.#line.length;
    let first: Waiting<Connection> | undefined;
    for (const waiting of this.#line) {
      if (yielding && this.#hasFinished(waiting)) continue;
      if (!this.#hasFairShare(waiting.address)) return waiting;
      first ??= waiting;
    }
    return first;
  }

  get #lineFull(): boolean {
    return this.#line.length >= this.#options.maxWaiting;
  }

  #hasFinished({ connection }: Waiting<Connection>): boolean {
    return this.#nodes.get(connection)?.finished !== undefined;
  }

  #hasFairShare(address: string): boolean {
    return this.#activeByAddress.of(address) >= this.#options.fairSharePerAddress;
  }

  #enter(address: string): void {
    this.#active++;
    this.#activeByAddress.add(address);
  }

  /** Takes a client out of the line. */
  #dequeue({ connection, address, waitTimeoutMs }: Waiting<Connection>): void {
    const { inLine, inTimeout, finished } = this.#nodes.get(connection) as QueueNodes<Connection>;
    const sameTimeout = this.#byTimeout.get(waitTimeoutMs) as LinkedQueue<Waiting<Connection>>;
    this.#nodes.delete(connection);
    this.#line.remove(inLine);
    sameTimeout.remove(inTimeout);
    if (finished !== undefined) this.#finished.remove(finished);
    if (sameTimeout.length === 0) this.#byTimeout.delete(waitTimeoutMs);
    this.#waitingByAddress.remove(address);
  }
}

const unlimited = Number.POSITIVE_INFINITY;

function expiryOf({ since, waitTimeoutMs }: Waiting<unknown>): number {
  return since + waitTimeoutMs;
}
