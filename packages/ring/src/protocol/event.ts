import type { Frame, Stream } from './frame.ts';

/** What a node knows from its state directory when it starts. */
export type Recovered = {
  /** Which state directory this is: random, from 1 to 2^32 - 1, made when the directory was. */
  incarnation: number;
  /** The highest epoch recorded, or 0. */
  epoch: number;
  /** The highest view number recorded, or 0. */
  view: number;
  /** For every source, incarnation and stream the highest message number recorded as delivered. */
  marks: { source: number; incarnation: number; stream: Stream; message: number }[];
  /** Every message of the file up to this number has an outcome recorded. */
  finishedThrough: number;
  /** Messages beyond it that have one all the same. */
  finishedBeyond: number[];
  /** Messages without outcome up to this number may have arrived: an earlier process may have sent them. */
  uncertainThrough: number;
};

/** One message of a node's file. */
export type Message = {
  /** Its place in the file, from 1; gaps are allowed, the order is not free. */
  number: number;
  destination: number;
  stream: Stream;
  payload: Uint8Array;
};

/** The timers of a node; those that come one per peer or one per direction say so in `key`. */
export type TimerName =
  /** Per peer: time to connect to it again. */
  | 'connect'
  /** Per peer: frames wait for their ACK, or the link is to be proven. */
  | 'link'
  /** Received frames wait to be acknowledged. */
  | 'ack'
  /** No token has come for too long, or no frame of a view in the making. */
  | 'token'
  /** The claimant stops waiting for reports. */
  | 'gather'
  /** A node stops waiting to know which others it reaches, and reports. */
  | 'settle'
  /** Time for a claim, or for another one. */
  | 'claim'
  /** Per direction: an idle token has rested long enough. */
  | 'pace'
  /** Stopping or leaving ends, whatever is still unacknowledged. */
  | 'exit';

/**
 * What happens to a node. `at` is a clock in milliseconds (fractions are welcome) that never goes back.
 * Events of one node are handed over one at a time, in the order in which they happened.
 */
export type NodeEvent =
  /** Once, first of all. `instance` is random, from 1 to 2^32 - 1: this process. */
  | { type: 'start'; at: number; instance: number; recovered: Recovered }
  /** A link is connected (TCP; the node itself says HELLO on it). */
  | { type: 'connected'; at: number; link: number }
  /** A neighbour has connected to this node. */
  | { type: 'accepted'; at: number; link: number }
  /** A link has ended, was refused, or could not be connected. Nothing more comes from it. Not sent after a `close` effect. */
  | { type: 'closed'; at: number; link: number; refused: boolean }
  /** A whole, valid frame. One that cannot be read closes its link instead. */
  | { type: 'frame'; at: number; link: number; frame: Frame }
  /** A timer set with `set-timer` has run out. */
  | { type: 'timer'; at: number; timer: TimerName; key: number }
  /** The record appended with this ID, and all before it, are on disk. */
  | { type: 'synced'; at: number; id: number }
  /** More of a frame has come on an accepted link, and is not all of it. Repeated while that lasts. */
  | { type: 'partial'; at: number; link: number }
  /**
   * Answer to `read`: the next messages of the file, in order, at most as many as asked. `end`: there are no more now. Without messages
   * and without `end` it comes unasked: the file has grown.
   */
  | { type: 'messages'; at: number; messages: Message[]; end: boolean }
  /** The operator ends the whole ring; `now`: without waiting for messages. Only for the coordinator. */
  | { type: 'stop'; at: number; now: boolean }
  /** The operator takes this node out of the ring. */
  | { type: 'leave'; at: number };
