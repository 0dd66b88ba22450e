import type { AsyncResource } from 'node:async_hooks';
import type { Client, ClientIdentity } from './client.ts';
import type { CloseReason } from './close-reason.ts';
import type { Groups } from './groups.ts';
import type { SessionLimits } from './limits.ts';
import type { ServerInfo } from './server-info.ts';

/** Milliseconds of a monotonic clock, read once a turn of the loop. */
export interface Clock {
  readonly now: number;
}

/** What all clients of a worker sent and were sent, counted as it happens. */
export type Traffic = { messages: number; bytesIn: number; bytesOut: number };

/** How many messages a client may still send: its own allowance or that of its address. */
export interface Tokens {
  /** Takes one for a message that has come; false when there is none. */
  take(now: number): boolean;
  /** How many there are. */
  left(now: number): number;
  /** Whether the last one has been taken. */
  readonly spent: boolean;
}

/** What is reported of a session that has ended. */
export interface EndedSession {
  readonly client: Pick<ClientIdentity, 'id' | 'remoteAddress' | 'remotePort' | 'dialect'>;
  readonly messages: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly openedAt: number;
}

/** What the sessions of one worker share and report to. */
export interface SessionHost {
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** The shortest of the time limits, in milliseconds. */
  readonly shortestTimeoutMs: number;
  readonly server: ServerInfo;
  readonly groups: Groups;
  /** The async context in which conversations begin. */
  readonly context: AsyncResource;
  readonly traffic: Traffic;
  /** A message has come; undefined while there is no listener. */
  onMessage: ((client: Client<unknown>) => void) | undefined;
  /** The conversation is over: its last byte is flushed, or it was broken off. Called once a session. */
  finished(session: EndedSession, reason: CloseReason): void;
  /** A handler failed; the conversation ends for it. */
  failed(client: Client<unknown>, error: unknown): void;
}
