import type { AcceptedSocket } from '../loops/loop.ts';
import type { ClientIdentity } from '../protocol/client.ts';
import type { CloseReason } from '../protocol/close-reason.ts';
import type { EndedSession, Tokens, Traffic } from '../protocol/session-host.ts';

/** Which client something is about. */
export type Concerned = Pick<ClientIdentity, 'id' | 'remoteAddress' | 'remotePort' | 'dialect'>;

/** What is reported of clients and workers. */
export interface WorkforceEvents {
  /** A client is gone; its place is free. */
  closed(session: EndedSession, reason: CloseReason): void;
  /** A handler failed. */
  failed(client: Concerned, error: unknown): void;
  message(client: Concerned): void;
}

/** Those who serve the clients that have been let in: this thread itself, or threads or processes beside it. */
export interface Workforce {
  /** What all of them have counted since the start. */
  readonly traffic: Readonly<Traffic>;
  /** Where the buckets of addresses must be for all to share them; undefined: anywhere. */
  readonly buckets: Uint8Array | undefined;
  /** Starts what serves; resolves when it can. @throws WorkerError when it cannot be started */
  start(): Promise<void>;
  /** So many clients are in now, and so many wait in line. */
  countClients(active: number, waiting: number): void;
  /** Takes a client in. @throws what the protocol throws as a client enters; the socket is then untouched */
  adopt(socket: AcceptedSocket, identity: ClientIdentity, tokens: Tokens | undefined): void;
  /** From now on every message is reported. */
  reportMessages(): void;
  /** Every client is answered what it has sent, and leaves. */
  drain(): Promise<void>;
  /** Breaks off what is left, and ends. */
  stop(): Promise<void>;
}
