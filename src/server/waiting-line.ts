import type { Admission } from '../admission/admission.ts';
import type { AcceptedSocket, Held, Loop } from '../loops/loop.ts';
import type { ClientIdentity } from '../protocol/client.ts';
import type { Tokens } from '../protocol/session-host.ts';
import type { Door } from './doors.ts';
import { timerDelay } from './timer-delay.ts';

/** A connection between being accepted and being served. */
export type Visitor = {
  readonly identity: ClientIdentity;
  readonly door: Door;
  readonly socket: AcceptedSocket;
  readonly tokens: Tokens | undefined;
  readonly arrivedAt: number;
  /** While it waits: its socket, and the place it was last told. */
  held?: Held<AcceptedSocket>;
  place?: number;
};

/** What a waiting line tells its server. */
export interface WaitingLineOwner {
  /** A client hung up, and has left the line. */
  left(visitor: Visitor): void;
  /** A client has waited long enough, and has left the line. */
  waitedTooLong(visitor: Visitor): void;
  /** The words for a place in the line, if the protocol has any. */
  placeWords(visitor: Visitor, place: number): string | Uint8Array | undefined;
}

/** Keeps the sockets of those whom admission lets wait: notices who hangs up, whose time is over, and tells the others their places. */
export class WaitingLine {
  readonly #admission: Admission<Visitor>;
  readonly #loop: Loop;
  readonly #owner: WaitingLineOwner;
  #timer: NodeJS.Timeout | undefined;
  #telling: NodeJS.Immediate | undefined;

  constructor(admission: Admission<Visitor>, loop: Loop, owner: WaitingLineOwner) {
    this.#admission = admission;
    this.#loop = loop;
    this.#owner = owner;
  }

  /** Takes somebody in who has just got the last place. */
  add(visitor: Visitor): void {
    visitor.held = this.#loop.hold(visitor.socket, () => {
      this.#admission.giveUp(visitor);
      this.#owner.left(visitor);
      this.moved();
    });
    this.#tell(visitor, this.#admission.waiting);
    this.#setTimer();
  }

  /** Places have changed. A line that moves many times in a turn is told once, or telling it would take the square of its length. */
  moved(): void {
    this.#setTimer();
    this.#telling ??= setImmediate(() => {
      this.#telling = undefined;
      let place = 0;
      for (const visitor of this.#admission.line()) this.#tell(visitor, ++place);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#telling);
  }

  #tell(visitor: Visitor, place: number): void {
    if (visitor.place === place) return;
    visitor.place = place;
    const words = this.#owner.placeWords(visitor, place);
    if (words !== undefined) visitor.held?.say(words);
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const at = this.#admission.nextExpiry;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#expire(), timerDelay(at - this.#loop.clock.now));
  }

  #expire(): void {
    const expired = this.#admission.expire(this.#loop.clock.now);
    for (const visitor of expired) this.#owner.waitedTooLong(visitor);
    if (expired.length > 0) this.moved();
    else this.#setTimer();
  }
}
