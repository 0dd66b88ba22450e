import type { TimerName } from './event.ts';
import type { Frame, Stream } from './frame.ts';
import type { Address } from './options.ts';

/**
 * What became of a message: `done`, it is in the log of its destination; `undeliverable`, it is not and will not be; `uncertain`, it was
 * given up and may have arrived all the same.
 */
export type Outcome = 'done' | 'undeliverable' | 'uncertain';

/** What a node writes down. Replayed at the next start into {@link Recovered}. */
export type DurableRecord =
  /** A message for this node. The record is the delivery: a message is delivered when, and only when, it is on disk. */
  | {
      type: 'delivered';
      source: number;
      incarnation: number;
      stream: Stream;
      message: number;
      payload: Uint8Array;
    }
  /** A message of this node's own file has its outcome. */
  | { type: 'finished'; message: number; outcome: Outcome }
  /** No epoch and no view below these will be accepted again. */
  | { type: 'epoch'; epoch: number; view: number };

/** What an operator may want to know. */
export type Report =
  /** The node's state has changed. */
  | { type: 'state'; state: string; reason: string }
  /** A view is installed: its members in ring order. */
  | { type: 'view'; view: number; epoch: number; members: number[]; wrapped: boolean }
  /** This side has no majority and has frozen. */
  | { type: 'frozen'; reached: number[]; needed: number }
  /** A message of this node is in its destination's log. */
  | { type: 'done'; message: number; destination: number }
  /**
   * A message was given up. `cuts`: so many attempts in a row were cut short by a change of the view. Of a broadcast `missing` are
   * the configured nodes that may not have it.
   */
  | {
      type: 'undeliverable';
      message: number;
      destination: number;
      uncertain: boolean;
      bytes: number;
      attempts: number;
      cuts: number;
      missing?: number[];
    }
  /** The same message was on the link to a peer when it was given up, again: so many times now. */
  | { type: 'stuck'; peer: number; source: number; message: number; bytes: number; times: number }
  /** Another process uses this node's ID. */
  | { type: 'duplicate-id'; peer: number }
  /** A neighbour is of another ring, or does not know this ID. */
  | { type: 'refused'; peer: number; reason: string }
  /** A frame was stripped: it had passed the monitor twice, or crossed too many links. */
  | { type: 'stripped'; source: number; message: number }
  /** A command cannot be obeyed here. */
  | { type: 'command-refused'; command: 'stop' | 'leave'; reason: string };

/** Counts since the start, for the summary line. */
export type Summary = {
  sent: number;
  done: number;
  undeliverable: number;
  uncertain: number;
  delivered: number;
  tokens: number;
  views: number;
};

/** What a node asks its runtime to do. Effects of one step are carried out in order. */
export type Effect =
  /** Send the frame on a link. Its fields do not change afterwards. The link may be gone: then nothing happens. */
  | { type: 'send'; link: number; frame: Frame }
  /**
   * Connect to a node, for a guest at its address; `link` is the number that later events carry. Even; accepted links get odd
   * numbers.
   */
  | { type: 'connect'; link: number; peer: number; address: Address | undefined }
  /** End a link once what was sent on it has been written. No event follows. */
  | { type: 'close'; link: number }
  /** Setting a timer that runs sets it anew. */
  | { type: 'set-timer'; timer: TimerName; key: number; afterMs: number }
  | { type: 'clear-timer'; timer: TimerName; key: number }
  /** Append to the journal. With `id` above 0, make it durable and answer `synced`; with 0, when convenient. */
  | { type: 'append'; id: number; record: DurableRecord }
  /** Give the next messages of the file, at most `count`: answer `messages`. */
  | { type: 'read'; count: number }
  | { type: 'report'; report: Report }
  /** Carry out what was sent, then end the process. Status 0, or 1 with `reason` an error. */
  | { type: 'exit'; status: 0 | 1; reason: string; summary: Summary };
