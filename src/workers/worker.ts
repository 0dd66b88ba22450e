import type { AcceptedSocket, Loop } from '../loops/loop.ts';
import type { Client, ClientIdentity, House } from '../protocol/client.ts';
import type { CloseReason } from '../protocol/close-reason.ts';
import { type SessionLimits, shortestTimeout } from '../protocol/limits.ts';
import type { AnyProtocol } from '../protocol/protocol.ts';
import { Session } from '../protocol/session.ts';
import type { Clock, EndedSession, SessionHost, Tokens, Traffic } from '../protocol/session-host.ts';
import type { Workforce, WorkforceEvents } from './workforce.ts';

/** Serves clients in this thread: one loop, the protocols of one service, a session for each socket it is given. */
export class Worker implements Workforce, SessionHost {
  readonly limits: SessionLimits;
  readonly shortestTimeout: number;
  readonly house: House;
  readonly traffic: Traffic;
  onMessage: ((client: Client<unknown>) => void) | undefined;
  readonly #dialects: Readonly<Record<string, AnyProtocol>>;
  readonly #loop: Loop;
  readonly #events: WorkforceEvents;

  /**
   * @param dialects the protocols by their names
   * @param traffic where it counts
   */
  constructor(
    dialects: Readonly<Record<string, AnyProtocol>>,
    loop: Loop,
    limits: SessionLimits,
    house: House,
    events: WorkforceEvents,
    traffic: Traffic = { messages: 0, bytesIn: 0, bytesOut: 0 },
  ) {
    this.#dialects = dialects;
    this.#loop = loop;
    this.limits = limits;
    this.shortestTimeout = shortestTimeout(limits);
    this.house = house;
    this.#events = events;
    this.traffic = traffic;
  }

  get clock(): Clock {
    return this.#loop.clock;
  }

  /** It shares nothing with others: an ordinary quota will do. */
  readonly buckets = undefined;

  async start(): Promise<void> {}

  countClients(): void {}

  adopt(socket: AcceptedSocket, identity: ClientIdentity, tokens: Tokens | undefined): void {
    const protocol = this.#dialects[identity.dialect] as AnyProtocol;
    this.#loop.adopt(socket, new Session(protocol, identity, this, tokens));
  }

  reportMessages(): void {
    this.onMessage = (client) => this.#events.message(client);
  }

  async drain(): Promise<void> {
    await this.#loop.catchUp();
    this.#loop.each((session) => session.drain());
  }

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
