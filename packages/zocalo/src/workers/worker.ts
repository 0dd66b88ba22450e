import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { AcceptedSocket, Loop } from '../loops/loop.ts';
import type { Client, ClientIdentity } from '../session/client.ts';
import type { CloseReason } from '../session/close-reason.ts';
import { type Group, Groups } from '../session/groups.ts';
import { type SessionLimits, shortestTimeoutMs } from '../session/limits.ts';
import type { AnyProtocol } from '../session/protocol.ts';
import type { ServerInfo } from '../session/server-info.ts';
import { Session } from '../session/session.ts';
import type { Clock, EndedSession, SessionHost, Tokens, Traffic } from '../session/session-host.ts';
import type { TlsLayer } from '../tls/tls-layer.ts';
import type { AdmittedClient, WorkerPool, WorkerPoolEvents } from './worker-pool.ts';

/** The server whose handler runs, or has led to what runs. */
export const currentServer = new AsyncLocalStorage<ServerInfo>();

/** Serves clients in this thread: one loop, the protocols of one service, a session for each socket it is given. */
export class Worker implements WorkerPool, SessionHost {
  readonly limits: SessionLimits;
  readonly shortestTimeoutMs: number;
  readonly server: ServerInfo;
  readonly groups: Groups;
  readonly context: AsyncResource;
  readonly traffic: Traffic;
  onMessage: ((client: Client<unknown>) => void) | undefined;
  readonly #dialects: Readonly<Record<string, AnyProtocol>>;
  readonly #loop: Loop;
  readonly #events: WorkerPoolEvents;
  readonly #tls: TlsLayer | undefined;

  /**
   * @param dialects the protocols by their names
   * @param traffic where it counts
   * @param tls for the dialects that are spoken over TLS
   * @param groups those of its clients, which may have other members in other workers
   */
  constructor(
    dialects: Readonly<Record<string, AnyProtocol>>,
    loop: Loop,
    limits: SessionLimits,
    server: ServerInfo,
    events: WorkerPoolEvents,
    tls: TlsLayer | undefined = undefined,
    traffic: Traffic = { messages: 0, bytesIn: 0, bytesOut: 0 },
    groups = new Groups(),
  ) {
    this.#dialects = dialects;
    this.#loop = loop;
    this.limits = limits;
    this.shortestTimeoutMs = shortestTimeoutMs(limits);
    this.server = server;
    this.groups = groups;
    this.context = currentServer.run(server, () => new AsyncResource('zocalo.server'));
    this.#events = events;
    this.#tls = tls;
    this.traffic = traffic;
  }

  get clock(): Clock {
    return this.#loop.clock;
  }

  /** It shares nothing with others: an ordinary quota will do. */
  readonly buckets = undefined;

  async start(): Promise<void> {}

  countClients(): void {}

  group(name: string): Group {
    return this.groups.group(name);
  }

  adopt(socket: AcceptedSocket, client: AdmittedClient): void {
    client.onServed();
    this.serve(socket, client.identity, client.tokens);
  }

  /** Begins a client's conversation. @throws as {@link adopt} */
  serve(socket: AcceptedSocket, identity: ClientIdentity, tokens: Tokens | undefined): void {
    const protocol = this.#dialects[identity.dialect] as AnyProtocol;
    const session = new Session(protocol, identity, this, tokens);
    this.#loop.adopt(socket, this.#tls === undefined ? session : this.#tls.secure(session));
  }

  get awaiting(): number {
    let count = 0;
    this.#loop.forEachSession(({ awaits }) => {
      if (awaits) count++;
    });
    return count;
  }

  keepAlive(keeps: boolean): void {
    this.#loop.keepAlive(keeps);
  }

  reportMessages(): void {
    this.onMessage = (client) => this.#events.message(client);
  }

  async drain(): Promise<void> {
    await this.#loop.receiveAvailable();
    this.#loop.forEachSession((session) => session.drain());
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
