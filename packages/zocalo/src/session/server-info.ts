import { mustBe } from '../option-checks.ts';
import type { CloseReason } from './close-reason.ts';
import type { Group } from './groups.ts';
import type { RefusalCause } from './refusal-cause.ts';

/** What a protocol may know of the server it runs in. */
export interface ServerInfo {
  /** How many clients are in now. */
  readonly activeClients: number;
  /** How many clients wait in line now. */
  readonly waitingClients: number;
  /** What the server has done; undefined in a worker, which does not know it. */
  stats(): ServerStats | undefined;
  /**
   * The clients that have joined a group, in all workers; it need not have any.
   * @throws OptionError for a name that is not a string of 1 to 256 characters
   */
  group(name: string): Group;
}

/** What a server has done and is doing, at the moment of asking. Times are in milliseconds, sizes in bytes. */
export type ServerStats = {
  /** Clients that are in now, including those that a worker is being found for, and clients that wait in line now. */
  active: number;
  waiting: number;
  /** Connections accepted since the start, and what became of those that are gone. */
  accepted: number;
  refused: Record<RefusalCause, number>;
  closed: Record<CloseReason, number>;
  /** Messages received and bytes both ways since the start, of the clients that are in as well. */
  messages: number;
  bytesIn: number;
  bytesOut: number;
  /** The longest that a client that entered had waited. */
  longestWaitMs: number;
  /** Percentiles of how long the most recent 1,024 clients waited that entered from the line. */
  waitP50Ms: number;
  waitP99Ms: number;
  /** How often a client entered before another that had come earlier and that no rule held back. It stays 0. */
  reordered: number;
  /** How often a client was passed over because its address had its share in (`fairSharePerAddress`). */
  heldBack: number;
  /** What the service itself counts (`stats()`), if anything. With workers each counts for itself, and none of that is here. */
  service: Readonly<Record<string, unknown>> | undefined;
};

/** Where a server listens. */
export type ServerAddress = {
  /** The numeric IP address; empty for a Unix socket. */
  readonly host: string;
  /** The real port, also when 0 was asked for; 0 for a Unix socket. */
  readonly port: number;
  /** The path of a Unix socket; the name of an abstract one begins with `\0`. */
  readonly path: string | undefined;
};

/**
 * An address as a person writes it: `127.0.0.1:8080`, `[::1]:8080`, or the path of a Unix socket; of an abstract one `@name` (ss(8)).
 * @throws OptionError for what is no address of a server
 */
export function formatAddress(address: ServerAddress): string {
  const { host, port, path }: Partial<ServerAddress> = address ?? {};
  if (typeof path === 'string') return path.replaceAll('\0', '@');
  if (typeof host !== 'string' || typeof port !== 'number') {
    throw mustBe('the address', 'one of a server, { host, port, path }', address);
  }
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
