import type { AcceptedSocket } from '../loops/loop.ts';
import type { ClientIdentity } from '../session/client.ts';
import type { CloseReason } from '../session/close-reason.ts';
import type { Group } from '../session/groups.ts';
import type { RefusalCause } from '../session/refusal-cause.ts';
import type { EndedSession, Tokens, Traffic } from '../session/session-host.ts';
import type { Balance } from './balance.ts';

/** Which client something is about. */
export type ReportedClient = Pick<ClientIdentity, 'id' | 'remoteAddress' | 'remotePort' | 'dialect'>;

/** What is reported of clients and workers. */
export interface WorkerPoolEvents {
  /** A client is gone; its place is free. */
  closed(session: EndedSession, reason: CloseReason): void;
  /** A handler failed. */
  failed(client: ReportedClient, error: unknown): void;
  message(client: ReportedClient): void;
}

/** What a supervisor reports besides its clients. */
export interface SupervisorEvents extends WorkerPoolEvents {
  /** A worker of a fixed number is ready to serve. */
  workerStarted(worker: string): void;
  /** A worker ended without being asked to, and took its clients with it; `restartMs` is after how many milliseconds another is started. */
  workerDied(worker: string, error: Error, clients: number, restartMs: number | undefined): void;
}

/** A client that has been let in, until it is served. */
export interface AdmittedClient {
  readonly identity: ClientIdentity;
  readonly tokens: Tokens | undefined;
  /** How long it waits for a worker at most, in milliseconds. */
  readonly waitTimeoutMs: number;
  /** It is served from now on. Called before anything else is reported of it. */
  onServed(): void;
  /** It will not be served. Its socket is neither held nor adopted; with the cause `left` it is closed. */
  onRejected(cause: RefusalCause): void;
}

/** What serves the clients that have been let in: this thread itself, or threads or processes beside it. */
export interface WorkerPool {
  /** What all of them have counted since the start. */
  readonly traffic: Readonly<Traffic>;
  /** Where the buckets of addresses must be for all to share them; undefined: anywhere. */
  readonly buckets: Uint8Array | undefined;
  /** Starts what serves; resolves when it can. @throws WorkerError when it cannot be started */
  start(): Promise<void>;
  /** So many clients are in now, and so many wait in line. */
  countClients(active: number, waiting: number): void;
  /** The clients in a group, wherever they are served. @throws OptionError for a name that cannot be one */
  group(name: string): Group;
  /** Takes a client in. @throws what the protocol throws as a client enters; the socket is then untouched */
  adopt(socket: AcceptedSocket, entrant: AdmittedClient): void;
  /** How many clients wait for a handler, of those that are served in this thread. */
  readonly awaiting: number;
  /** Whether it keeps the program alive, as it does at first. */
  keepAlive(keeps: boolean): void;
  /** From now on every message is reported. */
  reportMessages(): void;
  /** Every client is answered what it has sent, and leaves. */
  drain(): Promise<void>;
  /** Breaks off what is left, and ends. */
  stop(): Promise<void>;
}

/** How many workers there are, and how clients are given to them. */
export type WorkerPoolOptions = {
  /** A fixed number of workers, or one for each client. */
  readonly workers: number | 'each';
  readonly balance: Balance;
  /** How many clients one worker serves at once. */
  readonly clientsPerWorker: number;
};
