import type { CloseReason } from './close-reason.ts';
import type { RefusalCause } from './refusal-cause.ts';

/** What a server has done and is doing, at the moment of asking. Times are in milliseconds, sizes in bytes. */
export type ServerStats = {
  /** Clients that are in now, and that wait in line now. */
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
  /** The longest that a client who entered had waited. */
  longestWait: number;
  /** How long the most recent 1,024 waited who entered from the line: half of them, and 99 of 100, not longer than this. */
  waitP50: number;
  waitP99: number;
  /** How often a client entered before another who had come earlier and whom no rule held back. It stays 0. */
  overtakings: number;
  /** How often a client was passed over because its address had its share in (`maxPerAddress`). */
  heldBack: number;
  /** What the service counts itself, if it does (`stats()`). With workers each counts for itself, and this is of none of them. */
  service: Readonly<Record<string, unknown>> | undefined;
};
