import type { Client, House } from '../protocol/client.ts';
import type { CloseReason } from '../protocol/close-reason.ts';
import { type SessionLimits, shortestTimeout } from '../protocol/limits.ts';
import type { EndedSession, SessionHost } from '../protocol/session-host.ts';

/** What stands in for a server's worker: a clock that is set by hand, and a record of what the session reports. */
export class MemoryHost implements SessionHost {
  readonly clock = { now: 0 };
  readonly traffic = { messages: 0, bytesIn: 0, bytesOut: 0 };
  readonly limits: SessionLimits;
  readonly shortestTimeout: number;
  readonly house: House;
  readonly onMessage = undefined;
  readonly errors: unknown[] = [];
  closed: CloseReason | undefined;

  constructor(limits: SessionLimits, house: Partial<House>) {
    this.limits = limits;
    this.shortestTimeout = shortestTimeout(limits);
    this.house = { activeClients: 1, waitingClients: 0, stats: () => undefined, ...house };
  }

  finished(_session: EndedSession, reason: CloseReason): void {
    this.closed = reason;
  }

  failed(_client: Client<unknown>, error: unknown): void {
    this.errors.push(error);
  }
}
