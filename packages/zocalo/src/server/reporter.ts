import type { PlatformError } from '../errors.ts';
import type { CloseReason } from '../session/close-reason.ts';
import { closeReasons } from '../session/close-reason.ts';
import type { Served } from '../session/protocol.ts';
import type { RefusalCause } from '../session/refusal-cause.ts';
import { refusalCauses } from '../session/refusal-cause.ts';
import { formatAddress, type ServerAddress } from '../session/server-info.ts';
import type { EndedSession } from '../session/session-host.ts';
import type { Model } from '../workers/models.ts';
import type { ReportedClient, SupervisorEvents } from '../workers/worker-pool.ts';
import type { ClientRef, EventEmitter } from './events.ts';

/** Counts what happens to clients, and emits it as events. */
export class Reporter implements Omit<SupervisorEvents, 'closed'> {
  readonly events: EventEmitter;
  readonly counters = { accepted: 0, refused: zeroes(refusalCauses), closed: zeroes(closeReasons) };
  readonly #served: Served;
  readonly #model: Model;
  /** Notices of the service from before the caller could subscribe. */
  #earlyNotices: string[] | undefined = [];

  constructor(served: Served, model: Model, events: EventEmitter) {
    this.#served = served;
    this.#model = model;
    this.events = events;
  }

  /** @param refused why another model could not be used that was asked for */
  listening(addresses: Readonly<Record<string, ServerAddress>>, refused: PlatformError | undefined): void {
    const model = this.#model;
    if (refused !== undefined) this.#fallback(refused);
    for (const [dialect, where] of Object.entries(addresses)) {
      const address = formatAddress(where);
      const protocol = this.#served.name;
      this.events.emit({ type: 'listening', protocol, ...this.#dialectRef(dialect), model, address });
    }
    const notices = this.#earlyNotices ?? [];
    this.#earlyNotices = undefined;
    for (const message of notices) this.notice(message);
  }

  /** Without a subscriber it is a warning: this is not the server that was asked for. */
  #fallback(error: PlatformError): void {
    const model = this.#model;
    if (this.events.hasSubscribers('fallback')) this.events.emit({ type: 'fallback', model, error });
    else process.emitWarning(`zocalo: ${model} serves instead: ${error.message}`);
  }

  notice(message: string): void {
    if (this.#earlyNotices === undefined) this.events.emit({ type: 'notice', message });
    else this.#earlyNotices.push(message);
  }

  accepted(client: ReportedClient): void {
    this.counters.accepted++;
    if (!this.events.hasSubscribers('accepted')) return;
    this.events.emit({ type: 'accepted', client: this.#clientRef(client) });
  }

  waiting(client: ReportedClient, place: number): void {
    this.events.emit({ type: 'waiting', client: this.#clientRef(client), place });
  }

  refused(client: ReportedClient, cause: RefusalCause, waitedMs: number): void {
    this.counters.refused[cause]++;
    this.events.emit({ type: 'refused', client: this.#clientRef(client), cause, waitedMs });
  }

  opened(client: ReportedClient, waitedMs: number): void {
    if (!this.events.hasSubscribers('opened')) return;
    this.events.emit({ type: 'opened', client: this.#clientRef(client), waitedMs });
  }

  message(client: ReportedClient): void {
    this.events.emit({ type: 'message', client: this.#clientRef(client) });
  }

  closed(session: EndedSession, reason: CloseReason, now: number): void {
    this.counters.closed[reason]++;
    if (!this.events.hasSubscribers('closed')) return;
    const { messages, bytesIn, bytesOut, openedAt } = session;
    const client = this.#clientRef(session.client);
    const durationMs = now - openedAt;
    this.events.emit({ type: 'closed', client, reason, messages, bytesIn, bytesOut, durationMs });
  }

  failed(client: ReportedClient, error: unknown): void {
    this.events.emit({ type: 'error', client: this.#clientRef(client), error });
  }

  acceptFailed(error: Error): void {
    this.events.emit({ type: 'error', client: undefined, error });
  }

  workerStarted(worker: string): void {
    this.events.emit({ type: 'worker-started', worker });
  }

  workerDied(worker: string, error: Error, clients: number, restartMs: number | undefined): void {
    this.events.emit({ type: 'worker-died', worker, error, clients, restartMs });
  }

  #clientRef({ id, remoteAddress, remotePort, dialect }: ReportedClient): ClientRef {
    return { id, remoteAddress, remotePort, ...this.#dialectRef(dialect) };
  }

  /** The dialect, where there are several. */
  #dialectRef(dialect: string): { dialect?: string } {
    return 'dialects' in this.#served ? { dialect } : {};
  }
}

function zeroes<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
