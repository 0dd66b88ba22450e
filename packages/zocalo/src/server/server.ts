import type { ServerAddress, ServerInfo, ServerStats } from '../session/server-info.ts';
import type { Model } from '../workers/models.ts';
import type { DrainReport } from './drain.ts';
import type { ServerEvents } from './events.ts';

/** A running server. Made by `serve`. */
export interface Server extends ServerInfo, AsyncDisposable {
  /** Where its events can be subscribed to. */
  readonly events: ServerEvents;
  /** The concurrency model it serves with. */
  readonly model: Model;
  /** The name of its protocol, or of its service. */
  readonly name: string;
  /** Where it listens: of several endpoints, the first. */
  readonly address: ServerAddress;
  /** Where each of its dialects is spoken; of a single protocol, by its name. */
  readonly addresses: Readonly<Record<string, ServerAddress>>;

  /** What it has done and is doing. */
  stats(): ServerStats;

  /** Keeps the program alive, as it does at first. */
  ref(): this;

  /** Lets the program end while no client is in or waits, as `unref` of `net.Server` does. */
  unref(): this;

  /**
   * Stops accepting, refuses the waiting line, lets every client have the answers to what it has sent, and stops. What is not
   * finished after `timeoutMs` milliseconds (default: the option `drainTimeoutMs`) is cut off. Asked again, it is the same drain.
   *
   * Asked inside a handler that waits for it, it resolves when all other clients are gone or the time is over: the answer of that handler
   * is still delivered, and then the server stops.
   * @throws OptionError for a time that is none; then nothing is drained
   */
  drain(timeoutMs?: number): Promise<DrainReport>;

  /** Stops at once: conversations are broken off, also that of a handler which asks for it. Also ends a drain that is under way. */
  close(): Promise<void>;

  /** {@link close} */
  [Symbol.asyncDispose](): Promise<void>;
}
