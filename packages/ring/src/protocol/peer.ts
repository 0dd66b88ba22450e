import type { Frame } from './frame.ts';
import type { Address } from './options.ts';

/** Another node, with the link that this node has connected to it and the one that it has connected. */
export type Peer = {
  readonly id: number;
  /** Of a guest, where it listens; undefined for a configured node. */
  address: Address | undefined;
  /** The link to it, or -1, and its state. */
  out: number;
  outState: 'none' | 'connecting' | 'greeting' | 'up';
  connectingSince: number;
  /** The pause before the next attempt, doubled each time. */
  pauseMs: number;
  /** Its process, as it said in its last WELCOME, and when; 0 when unknown. */
  instance: number;
  answeredAt: number;
  /** The link from it, or -1, and its process as it said in HELLO there. */
  in: number;
  inInstance: number;
  receivedAt: number;
  /** The last frame number received from that process, and how many of them have not been acknowledged. */
  received: number;
  toAcknowledge: number;
  /** Frames sent, or to be sent, that have no ACK; the number of the next one. */
  unacknowledged: Frame[];
  next: number;
  /** When the oldest unacknowledged frame last made progress, when anything was sent, and when the timer was set. */
  progressAt: number;
  sentAt: number;
  watchedAt: number;
  /** It has said, in WELCOME or ACK, that it is in an installed view. */
  operational: boolean;
  /** It left on purpose. Not connected to until a frame names it again. */
  departed: boolean;
  /** It has asked to be added to the view, and is connected to to find out whether it can be reached. */
  joining: boolean;
  /** When this node last asked it to be added. */
  askedAt: number;
  /** The claim of the present gathering: its number on the link (0: not sent), and what became of it. */
  claimNumber: number;
  reached: boolean;
  failed: boolean;
  /** The message that was the first unacknowledged one when the link was last given up, and how often it was. */
  stuck: { source: number; message: number; times: number } | undefined;
};

export function createPeer(id: number, address: Address | undefined): Peer {
  return {
    id,
    address,
    out: -1,
    outState: 'none',
    connectingSince: 0,
    pauseMs: 0,
    instance: 0,
    answeredAt: Number.NEGATIVE_INFINITY,
    in: -1,
    inInstance: 0,
    receivedAt: 0,
    received: 0,
    toAcknowledge: 0,
    unacknowledged: [],
    next: 1,
    progressAt: 0,
    sentAt: 0,
    watchedAt: 0,
    operational: false,
    departed: false,
    joining: false,
    askedAt: Number.NEGATIVE_INFINITY,
    claimNumber: 0,
    reached: false,
    failed: false,
    stuck: undefined,
  };
}
