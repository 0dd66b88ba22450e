import { type CloseReason, closeReasons } from '../protocol/close-reason.ts';
import { type RefusalCause, refusalCauses } from '../protocol/protocol.ts';

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
};

/** A count of 0 for each of some names. */
function zeroes<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

/** What only the server counts; the rest of {@link ServerStats} is known to its parts. */
export class Tally {
  accepted = 0;
  readonly refused = zeroes(refusalCauses);
  readonly closed = zeroes(closeReasons);
}
