import type { CloseReason } from './close-reason.ts';

/** Where a session stands; it only ever moves down this list. */
export const OPEN = 0;
/** Nothing more is read; the messages that have come are answered. */
export const DRAINING = 1;
/** No message is begun; the answers in progress are finished. */
export const ENDING = 2;
/** The final reply is written, and what is left is sent. */
export const FLUSHING = 3;
export const FINISHED = 4;

/** The state of a session as its parts see it, and the ways in which they end it: see `Lifecycle`, which implements it. */
export interface SessionState {
  readonly state: number;
  readonly reason: CloseReason;
  /** Whether messages may be begun. */
  readonly dispatches: boolean;
  /** Whether replies may be added besides the final one. */
  readonly sends: boolean;
  end(reason: CloseReason): void;
  endWithFarewell(reason: CloseReason): void;
  replyFailed(error: unknown, halfWritten: boolean): void;
  failed(error: unknown): void;
  badFrame(error: unknown): void;
}
