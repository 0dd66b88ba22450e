import type { Message } from './event.ts';
import type { Direction } from './frame.ts';

/** A message of this node's file without an outcome. */
export type Outgoing = Message & {
  inFlight: boolean;
  /** An attempt was cut short by a recovery, or made by an earlier process: whether it arrived is not known. */
  uncertain: boolean;
  /** When it was first sent, without the time outside of a ring since then; -1: not yet. */
  since: number;
  /** How often it has come back without its destination having seen it, and how often in a row it has not come back. */
  attempts: number;
  cuts: number;
  /** It is not sent before this. */
  until: number;
  /** Of a broadcast message: the nodes that have it. */
  readonly holders: Set<number>;
};

/** One direction's token and what this node has out with it. */
export type Lane = {
  readonly direction: Direction;
  held: boolean;
  /** Held by an idle coordinator for the length of `pace`. */
  resting: boolean;
  /** Flags and number of the token when it was last here. */
  flags: number;
  token: number;
  takenAt: number;
  /** When a token or a message last came by. */
  activeAt: number;
  /** Milliseconds of a lap, smoothed. */
  rotationMs: number;
  /** How long the token rested here last; 0 when it was needed since. */
  restMs: number;
  /** When a notice of a long frame was last sent. */
  noticedAt: number;
  inFlight: Outgoing[];
};

export function createLane(direction: Direction): Lane {
  return {
    direction,
    held: false,
    resting: false,
    flags: 0,
    token: 0,
    takenAt: 0,
    activeAt: 0,
    rotationMs: 0,
    restMs: 0,
    noticedAt: Number.NEGATIVE_INFINITY,
    inFlight: [],
  };
}
