import { OptionError } from '../errors.ts';

export type AdmissionOptions = {
  /** How many clients are in at once. */
  maxClients: number;
  /** How many wait in line when the house is full. */
  maxWaiting: number;
  /** How long one waits at most, in milliseconds; Infinity: as long as it takes. */
  waitTimeout: number;
};

export type Verdict = 'enter' | 'wait' | 'refuse';

type Waiting<Visitor> = { visitor: Visitor; since: number };

/**
 * Who is in, who waits, who is refused: first come, first served. It knows visitors only as identities, does no I/O, and is
 * told the time (milliseconds of any monotonic clock).
 */
export class Admission<Visitor> {
  readonly #options: AdmissionOptions;
  readonly #line: Waiting<Visitor>[] = [];
  #active = 0;
  #longestWait = 0;

  /** @throws OptionError for a limit that is not a whole number of its range, or a time below 0 */
  constructor(options: AdmissionOptions) {
    this.#options = options;
    atLeast('maxClients', options.maxClients, 1);
    atLeast('maxWaiting', options.maxWaiting, 0);
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

  /** The longest that anybody who entered has waited, in milliseconds. */
  get longestWait(): number {
    return this.#longestWait;
  }

  /** Those who wait, the next one first. */
  *line(): Iterable<Visitor> {
    for (const { visitor } of this.#line) yield visitor;
  }

  /** Somebody has come. */
  arrive(visitor: Visitor, now: number): Verdict {
    if (this.#active < this.#options.maxClients) {
      this.#active++;
      return 'enter';
    }
    if (this.#line.length >= this.#options.maxWaiting) return 'refuse';
    this.#line.push({ visitor, since: now });
    return 'wait';
  }

  /** Somebody who was in has left. @returns who enters in exchange, if anybody waits */
  leave(now: number): Visitor | undefined {
    this.#active--;
    const next = this.#line.shift();
    if (next === undefined) return undefined;
    this.#active++;
    this.#longestWait = Math.max(this.#longestWait, now - next.since);
    return next.visitor;
  }

  /** Somebody gives up waiting. @returns whether it was in the line */
  giveUp(visitor: Visitor): boolean {
    const place = this.#line.findIndex((waiting) => waiting.visitor === visitor);
    if (place < 0) return false;
    this.#line.splice(place, 1);
    return true;
  }

  /** Sends away who has waited long enough. @returns them, the longest waiting first */
  expire(now: number): Visitor[] {
    const stillIn = this.#line.findIndex(({ since }) => now < since + this.#options.waitTimeout);
    return this.#line.splice(0, stillIn < 0 ? this.#line.length : stillIn).map(({ visitor }) => visitor);
  }

  /** When {@link expire} next has somebody to send away; Infinity while nobody waits. */
  get nextExpiry(): number {
    const first = this.#line[0];
    return first === undefined ? Number.POSITIVE_INFINITY : first.since + this.#options.waitTimeout;
  }

  /** Sends the whole line away, the next one first. */
  dismissLine(): Visitor[] {
    return this.#line.splice(0).map(({ visitor }) => visitor);
  }
}

function atLeast(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new OptionError(`${name} must be a whole number of ${least} or more, not ${value}`);
}
