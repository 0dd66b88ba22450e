import { OptionError } from '../errors.ts';
import { AddressCounts } from './address-counts.ts';
import { LinkedQueue, type Place } from './linked-queue.ts';
import { RecentWaits } from './recent-waits.ts';

export type AdmissionOptions = {
  /** How many clients are in at once. */
  maxClients: number;
  /** How many wait in line when the house is full. */
  maxWaiting: number;
  /** How long one waits at most, in milliseconds, unless told otherwise as it arrives; Infinity: as long as it takes. */
  waitTimeout: number;
  /** How many of one address are let in while somebody of another address waits. Default: as many as there is room for. */
  maxPerAddress?: number;
  /** How many of one address wait. Default: as many as there is room for. */
  maxWaitingPerAddress?: number;
};

/** `refuse-address`: there is room, but as many of its address wait as may. */
export type Verdict = 'enter' | 'wait' | 'refuse' | 'refuse-address';

type Waiting<Visitor> = {
  readonly visitor: Visitor;
  readonly address: string;
  readonly since: number;
  readonly waitTimeout: number;
  /** How many had come before. */
  readonly number: number;
};

/** Where somebody stands in the line, and among those who wait at most as long. */
type Places<Visitor> = { readonly inLine: Place<Waiting<Visitor>>; readonly inTime: Place<Waiting<Visitor>> };

/**
 * Who is in, who waits, who is refused: first come, first served, and of those who wait first whoever's address has not its share in
 * already. It knows visitors only as identities, does no I/O, and is told the time (milliseconds of any monotonic clock). Visitors
 * without an address (an empty one) are not counted by address. No step walks the line but past those whose addresses have their share.
 */
export class Admission<Visitor> {
  readonly #options: Required<AdmissionOptions>;
  readonly #line = new LinkedQueue<Waiting<Visitor>>();
  /** Those who wait by how long they wait at most, so that each queue is in the order in which its time is over. */
  readonly #byTimeout = new Map<number, LinkedQueue<Waiting<Visitor>>>();
  readonly #places = new Map<Visitor, Places<Visitor>>();
  readonly #inside = new AddressCounts();
  readonly #inLine = new AddressCounts();
  readonly #waits = new RecentWaits();
  #active = 0;
  #arrivals = 0;
  #overtakings = 0;
  #heldBack = 0;

  /** @throws OptionError for a limit that is not a whole number of its range, or a time below 0 */
  constructor(options: AdmissionOptions) {
    const { maxPerAddress: share = none, maxWaitingPerAddress: patience = none } = options;
    this.#options = { ...options, maxPerAddress: share, maxWaitingPerAddress: patience };
    atLeast('maxClients', options.maxClients, 1);
    atLeast('maxWaiting', options.maxWaiting, 0);
    if (share !== none) atLeast('maxPerAddress', share, 1);
    if (patience !== none) atLeast('maxWaitingPerAddress', patience, 0);
    if (!(options.waitTimeout >= 0)) {
      throw new OptionError(`waitTimeout must be 0 or more milliseconds, not ${options.waitTimeout}`);
    }
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
    return this.#active >= this.#options.maxClients && this.#line.length >= this.#options.maxWaiting;
  }

  /** How long those waited who entered from the line, in milliseconds. */
  get waits(): Pick<RecentWaits, 'longest' | 'percentile'> {
    return this.#waits;
  }

  /** The longest that anybody who entered has waited, in milliseconds. */
  get longestWait(): number {
    return this.#waits.longest;
  }

  /** How often somebody entered before another who had come earlier and whom no rule held back. It stays 0. */
  get overtakings(): number {
    return this.#overtakings;
  }

  /** How often somebody was passed over because its address had its share in already. */
  get heldBack(): number {
    return this.#heldBack;
  }

  /** Those who wait, in the order in which they came. */
  *line(): Iterable<Visitor> {
    for (const { visitor } of this.#line) yield visitor;
  }

  /** Somebody has come. */
  arrive(
    visitor: Visitor,
    now: number,
    address = '',
    waitTimeout: number = this.#options.waitTimeout,
  ): Verdict {
    if (this.#active < this.#options.maxClients) {
      this.#overtakings += this.#line.length;
      this.#enter(address);
      return 'enter';
    }
    if (this.#line.length >= this.#options.maxWaiting) return 'refuse';
    if (this.#inLine.of(address) >= this.#options.maxWaitingPerAddress) return 'refuse-address';
    const waiting = { visitor, address, since: now, waitTimeout, number: this.#arrivals++ };
    const equals = this.#byTimeout.get(waitTimeout) ?? new LinkedQueue();
    this.#byTimeout.set(waitTimeout, equals);
    this.#places.set(visitor, { inLine: this.#line.add(waiting), inTime: equals.add(waiting) });
    this.#inLine.add(address);
    return 'wait';
  }

  /** Somebody who was in has left. @returns who enters in exchange, if anybody waits */
  leave(now: number, address = ''): Visitor | undefined {
    this.#active--;
    this.#inside.remove(address);
    const next = this.#next();
    if (next === undefined) return undefined;
    for (const passed of this.#line) {
      if (passed === next) break;
      if (this.#hasItsShare(passed.address)) this.#heldBack++;
      else this.#overtakings++;
    }
    this.#dismiss(next);
    this.#enter(next.address);
    this.#waits.add(now - next.since);
    return next.visitor;
  }

  /** Somebody gives up waiting. @returns whether it was in the line */
  giveUp(visitor: Visitor): boolean {
    const waiting = this.#places.get(visitor)?.inLine.value;
    if (waiting !== undefined) this.#dismiss(waiting);
    return waiting !== undefined;
  }

  /** Sends away who has waited long enough. @returns them, in the order in which they came */
  expire(now: number): Visitor[] {
    const gone: Waiting<Visitor>[] = [];
    for (const equals of this.#byTimeout.values()) {
      for (const waiting of equals) {
        if (now < endOf(waiting)) break;
        gone.push(waiting);
      }
    }
    for (const waiting of gone) this.#dismiss(waiting);
    return gone.sort((one, other) => one.number - other.number).map(({ visitor }) => visitor);
  }

  /** When {@link expire} next has somebody to send away; Infinity while nobody waits. */
  get nextExpiry(): number {
    let soonest = none;
    for (const { first } of this.#byTimeout.values()) {
      if (first !== undefined) soonest = Math.min(soonest, endOf(first.value));
    }
    return soonest;
  }

  /** Sends the whole line away, the next one first. */
  dismissLine(): Visitor[] {
    const gone = [...this.#line];
    for (const waiting of gone) this.#dismiss(waiting);
    return gone.map(({ visitor }) => visitor);
  }

  /** When the addresses of all who wait have their share in, the first of them enters: a place is never left empty. */
  #next(): Waiting<Visitor> | undefined {
    for (const waiting of this.#line) if (!this.#hasItsShare(waiting.address)) return waiting;
    return this.#line.first?.value;
  }

  #hasItsShare(address: string): boolean {
    return this.#inside.of(address) >= this.#options.maxPerAddress;
  }

  #enter(address: string): void {
    this.#active++;
    this.#inside.add(address);
  }

  /** Takes somebody out of the line. */
  #dismiss({ visitor, address, waitTimeout }: Waiting<Visitor>): void {
    const { inLine, inTime } = this.#places.get(visitor) as Places<Visitor>;
    const equals = this.#byTimeout.get(waitTimeout) as LinkedQueue<Waiting<Visitor>>;
    this.#places.delete(visitor);
    this.#line.remove(inLine);
    equals.remove(inTime);
    if (equals.length === 0) this.#byTimeout.delete(waitTimeout);
    this.#inLine.remove(address);
  }
}

const none = Number.POSITIVE_INFINITY;

function endOf({ since, waitTimeout }: Waiting<unknown>): number {
  return since + waitTimeout;
}

function atLeast(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new OptionError(`${name} must be a whole number of ${least} or more, not ${value}`);
}
