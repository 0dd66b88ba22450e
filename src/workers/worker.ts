import type { TokenBucket } from '../admission/quota.ts';
import type { AcceptedSocket, Loop } from '../loops/loop.ts';
import type { Client, ClientIdentity, House } from '../protocol/client.ts';
import type { CloseReason } from '../protocol/close-reason.ts';
import { type SessionLimits, shortestTimeout } from '../protocol/limits.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { Refusal } from '../protocol/refusal.ts';
import { Session } from '../protocol/session.ts';
import type { Clock, EndedSession, SessionHost, Traffic } from '../protocol/session-host.ts';

/** What a worker reports of its clients. */
export interface WorkerEvents {
  closed(session: EndedSession, reason: CloseReason): void;
  failed(client: Client<unknown>, error: unknown): void;
}

/** How long the words of a refusal may take to leave, in milliseconds. */
const REFUSAL_TIMEOUT = 1_000;

/** Serves clients in this thread: one loop, one protocol, a session for each socket it is given. */
export class Worker<Frame, State> implements SessionHost {
  readonly limits: SessionLimits;
  readonly shortestTimeout: number;
  readonly house: House;
  readonly traffic: Traffic = { messages: 0, bytesIn: 0, bytesOut: 0 };
  onMessage: ((client: Client<unknown>) => void) | undefined;
  readonly #protocol: Protocol<Frame, State>;
  readonly #loop: Loop;
  readonly #events: WorkerEvents;

  constructor(
    protocol: Protocol<Frame, State>,
    loop: Loop,
    limits: SessionLimits,
    house: House,
    events: WorkerEvents,
  ) {
    this.#protocol = protocol;
    this.#loop = loop;
    this.limits = limits;
    this.shortestTimeout = shortestTimeout(limits);
    this.house = house;
    this.#events = events;
  }

  get clock(): Clock {
    return this.#loop.clock;
  }

  /** Takes a client in. @throws what the protocol's `state` or its framing's `create` throws; the socket is then untouched */
  adopt(socket: AcceptedSocket, identity: ClientIdentity, tokens: TokenBucket | undefined): void {
    this.#loop.adopt(socket, new Session(this.#protocol, identity, this, tokens));
  }

  /** Says a few words to a client that is turned away, and closes. */
  refuse(socket: AcceptedSocket, words: string | Uint8Array | undefined): void {
    this.#loop.adopt(socket, new Refusal(words ?? '', this.clock.now + REFUSAL_TIMEOUT));
  }

  /** Every client is answered what it has sent, and leaves. */
  async drain(): Promise<void> {
    await this.#loop.catchUp();
    this.#loop.each((session) => session.drain());
  }

  /** Breaks off what is left. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  finished(session: EndedSession, reason: CloseReason): void {
    this.#events.closed(session, reason);
  }

  failed(client: Client<unknown>, error: unknown): void {
    this.#events.failed(client, error);
  }
}
