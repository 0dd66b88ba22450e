import type { Admission } from '../admission/admission.ts';
import type { AcceptedSocket, Loop, PendingSocket } from '../loops/loop.ts';
import { timerDelay } from '../loops/timer-wheel.ts';
import type { ClientIdentity } from '../session/client.ts';
import type { Tokens } from '../session/session-host.ts';
import type { Endpoint } from './endpoints.ts';

/** How many at the front of the line are notified at once that they have moved up. */
const NOTIFIED_AT_ONCE = 10;
/** The others are notified in rounds: the least time of one, how many clients a batch has, and the pause between batches. */
const ROUND = { intervalMs: 1_000, batch: 100, pauseMs: 50 };

/** A connection between being accepted and being served. */
export type PendingConnection = {
  readonly identity: ClientIdentity;
  readonly endpoint: Endpoint;
  readonly socket: AcceptedSocket;
  readonly tokens: Tokens | undefined;
  readonly acceptedAt: number;
  /** While it waits: its socket, and the place that was last sent to it. */
  held?: PendingSocket;
  place?: number;
};

/** What a waiting line reports to its server. */
export interface WaitingLineOwner {
  /** A client hung up, and has left the line. */
  leftLine(connection: PendingConnection): void;
  /** A client has waited long enough, and has left the line. */
  waitTimedOut(connection: PendingConnection): void;
  /** The message for a place in the line, if the protocol has any. */
  placeMessage(connection: PendingConnection, place: number): Uint8Array | undefined;
}

/** Holds the sockets of waiting clients: notices hang-ups and timeouts, and tells the others their places. */
export class WaitingLine {
  readonly #admission: Admission<PendingConnection>;
  readonly #loop: Loop;
  readonly #owner: WaitingLineOwner;
  #timer: NodeJS.Timeout | undefined;
  #notifying: NodeJS.Immediate | undefined;
  #nextBatch: NodeJS.Timeout | undefined;
  #roundBegan = Number.NEGATIVE_INFINITY;
  /** The id of the client that was notified last in this round; 0 between rounds. Clients wait in the order of their ids. */
  #notifiedUpTo = 0;

  constructor(admission: Admission<PendingConnection>, loop: Loop, owner: WaitingLineOwner) {
    this.#admission = admission;
    this.#loop = loop;
    this.#owner = owner;
  }

  /** Adds a connection that has just got the last place. */
  add(connection: PendingConnection): void {
    connection.held = this.#loop.hold(connection.socket, {
      onDisconnect: () => this.#left(connection),
      onEnd: () => {
        if (connection.endpoint.protocol.halfClose !== false) {
          this.#admission.finished(connection);
          return;
        }
        connection.held?.take().close();
        this.#left(connection);
      },
    });
    this.#notify(connection, this.#admission.waiting);
    this.#setTimer();
  }

  /** In a full line, a client that has finished sending makes room. @returns that one, to be refused */
  makeRoom(address: string): PendingConnection | undefined {
    const connection = this.#admission.evictFinished(address);
    if (connection !== undefined) this.placesChanged();
    return connection;
  }

  /**
   * Places have changed. The first are notified at once, and once where a line moves many times in a turn; the others in rounds, or a
   * line of thousands that moves fast would take more time than the clients that are served.
   */
  placesChanged(): void {
    this.#setTimer();
    this.#notifying ??= setImmediate(() => {
      this.#notifying = undefined;
      let place = 0;
      for (const connection of this.#admission.line()) {
        if (++place > NOTIFIED_AT_ONCE) break;
        this.#notify(connection, place);
      }
      const due = this.#roundBegan + ROUND.intervalMs - this.#loop.clock.now;
      if (this.#nextBatch === undefined && due <= 0) this.#notifyOthers();
      else this.#nextBatch ??= setTimeout(this.#notifyOthers, timerDelay(due));
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#notifying);
    clearTimeout(this.#nextBatch);
  }

  #left(connection: PendingConnection): void {
    this.#admission.cancel(connection);
    this.#owner.leftLine(connection);
    this.placesChanged();
  }
  /** Goes on with a round after the client notified last: each is sent its place as it is by then. */
  readonly #notifyOthers = (): void => {
    this.#nextBatch = undefined;
    const { now } = this.#loop.clock;
    if (this.#notifiedUpTo === 0) this.#roundBegan = now;
    let place = 0;
    let left = ROUND.batch;
    let movedSince = false;
    for (const connection of this.#admission.line()) {
      if (++place <= NOTIFIED_AT_ONCE || connection.place === place) continue;
      const { id } = connection.identity;
      if (id <= this.#notifiedUpTo) movedSince = true;
      else if (left === 0) {
        this.#nextBatch = setTimeout(this.#notifyOthers, ROUND.pauseMs);
        return;
      } else {
        left--;
        this.#notifiedUpTo = id;
        this.#notify(connection, place);
      }
    }
    this.#notifiedUpTo = 0;
    if (movedSince)
      this.#nextBatch = setTimeout(this.#notifyOthers, timerDelay(this.#roundBegan + ROUND.intervalMs - now));
  };

  #notify(connection: PendingConnection, place: number): void {
    if (connection.place === place) return;
    connection.place = place;
    const message = this.#owner.placeMessage(connection, place);
    if (message !== undefined) connection.held?.send(message);
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const at = this.#admission.nextExpiry;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#expire(), timerDelay(at - this.#loop.clock.now));
  }

  #expire(): void {
    const expired = this.#admission.expire(this.#loop.clock.now);
    for (const connection of expired) this.#owner.waitTimedOut(connection);
    if (expired.length > 0) this.placesChanged();
    else this.#setTimer();
  }
}
