import { AsyncResource } from 'node:async_hooks';
import type { Client } from '../session/client.ts';
import type { CloseReason } from '../session/close-reason.ts';
import type { Groups } from '../session/groups.ts';
import { type SessionLimits, shortestTimeoutMs } from '../session/limits.ts';
import type { EndedSession, SessionHost } from '../session/session-host.ts';
import { MemoryServerInfo } from './memory-server-info.ts';

/** What stands in for a server's worker: a clock that is set by hand, and a record of what the session reports. */
export class MemoryHost implements SessionHost {
  readonly clock = { now: 0 };
  readonly traffic = { messages: 0, bytesIn: 0, bytesOut: 0 };
  readonly limits: SessionLimits;
  readonly shortestTimeoutMs: number;
  readonly server: MemoryServerInfo;
  readonly context = new AsyncResource('zocalo.server');
  readonly onMessage = undefined;
  readonly errors: unknown[] = [];
  closed: CloseReason | undefined;

  constructor(
    limits: SessionLimits,
    server: MemoryServerInfo | ConstructorParameters<typeof MemoryServerInfo>[0],
  ) {
    this.limits = limits;
    this.shortestTimeoutMs = shortestTimeoutMs(limits);
    this.server = server instanceof MemoryServerInfo ? server : new MemoryServerInfo(server);
  }

  get groups(): Groups {
    return this.server.groups;
  }

  finished(_session: EndedSession, reason: CloseReason): void {
    this.closed = reason;
    this.server.removeClient();
  }

  failed(_client: Client<unknown>, error: unknown): void {
    this.errors.push(error);
  }
}
