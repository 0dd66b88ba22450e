import type { DurableRecord, Effect, Report, Summary } from './effect.ts';
import type { Message, TimerName } from './event.ts';
import type { Direction, Frame } from './frame.ts';
import type { Address, NodeOptions, Timing } from './options.ts';
import { defaultTiming, MAX_NODES } from './options.ts';

/** The states of a node; `table.ts` says what each does with every frame and time-out. */
export const states = [
  /** Started, or fallen out of its ring: looks for one. */
  'apart',
  /** Has made a claim and gathers the reports. */
  'claiming',
  /** Has promised an epoch to somebody else's claim. */
  'promised',
  /** Has passed the purge, or waits for its disk to do so. */
  'purging',
  /** In an installed view: tokens come by. */
  'ring',
  /** On a side without a majority. */
  'frozen',
  /** Going on purpose. */
  'leaving',
  /** The end has been announced. */
  'stopping',
  /** The process has been told to exit; nothing is done any more. */
  'ended',
] as const;
export type StateName = (typeof states)[number];

/** Another node, with the link dialled to it and the one that it dialled. */
export type Peer = {
  readonly id: number;
  /** Of a guest, where it listens; undefined for a configured node. */
  address: Address | undefined;
  /** The link dialled to it, or -1, and how far it has come. */
  out: number;
  outState: 'none' | 'dialling' | 'greeting' | 'up';
  dialledAt: number;
  /** The pause before the next attempt, doubled each time. */
  pause: number;
  /** Its process, as it said in its last WELCOME, and when; 0 when unknown. */
  instance: number;
  answeredAt: number;
  /** The link that it dialled, or -1, and its process as it said in HELLO there. */
  in: number;
  inInstance: number;
  heardAt: number;
  /** The last frame number received from that process, and how many of them have not been acknowledged. */
  received: number;
  unacknowledged: number;
  /** Frames sent, or to be sent, that have no LACK; the number of the next one. */
  custody: Frame[];
  next: number;
  /** When the oldest frame of the custody became the oldest, when anything was sent, and when the timer was set. */
  progressAt: number;
  sentAt: number;
  watchedAt: number;
  /** It has said, in WELCOME or LACK, that it is in an installed view. */
  operational: boolean;
  /** It went on purpose. Not dialled until it is heard of again. */
  departed: boolean;
  /** It has asked to be taken into the view, and is dialled to find out whether it can be. */
  joining: boolean;
  /** When this node last asked it to be taken in. */
  askedAt: number;
  /** The claim of the present gathering: its number on the link (0: not sent), and what became of it. */
  claimNumber: number;
  reached: boolean;
  failed: boolean;
};

export type Member = { id: number; instance: number };

export type View = {
  number: number;
  epoch: number;
  /** In ring order, clockwise. In a wrapped view the first and the last are its ends. */
  members: Member[];
  wrapped: boolean;
  /** The claimant that made it; it marks frames that pass, and strips those that pass again. */
  monitor: number;
};

/** A message of this node's file without an outcome. */
export type Outgoing = Message & {
  inFlight: boolean;
  /** An attempt was cut short by a recovery: whether it arrived is not known. */
  uncertain: boolean;
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
  rotation: number;
  inFlight: Outgoing[];
};

/** What is known of a destination that did not copy a message. */
export type Retry = { until: number; pause: number; attempts: number; unrecognisedSince: number };

export type Mark = { message: number; recordId: number };

/** What a node told a claimant, or the claimant itself: whom it reaches, each with the process that answered. */
export type PresenceReport = { id: number; instance: number; view: number; reached: Member[] };

/**
 * A node. The step function owns and changes it in place: a copy for every hop of a token would cost more than the hop.
 * The same events in the same order make the same node and the same effects.
 */
export type NodeState = {
  readonly id: number;
  /** Of a guest, where it listens; undefined for a configured node. */
  readonly address: Address | undefined;
  /** The place in `ring`; a guest's is after all of them. */
  readonly slot: number;
  readonly ring: readonly number[];
  readonly fingerprint: number;
  readonly window: number;
  readonly deputies: readonly number[];
  readonly timing: Timing;
  state: StateName;
  at: number;
  instance: number;
  incarnation: number;
  /** The effects of the step in hand. */
  effects: Effect[];
  readonly peers: Map<number, Peer>;
  readonly links: Map<number, Peer | undefined>;
  nextLink: number;
  lackTimer: boolean;

  /** The highest epoch promised or heard of, the one promised, and the last view agreed to. */
  highest: number;
  promised: number;
  view: View | undefined;
  viewNumber: number;
  installedAt: number;
  right: Peer | undefined;
  left: Peer | undefined;
  /** The peer that the promised claim came from; reports go back to it. */
  parent: Peer | undefined;
  reports: Map<number, PresenceReport>;
  reported: boolean;
  retryPause: number;
  /** When the `claim` timer runs out, and the earliest time for a claim after one that failed. */
  claimAt: number;
  mayClaimAt: number;
  /** The earliest time for another JOIN, until a view is installed. */
  mayJoinAt: number;
  /** The pause before a wrapped ring is tried to be closed again. */
  healPause: number;
  refusedSince: number;
  refusedAt: number;

  readonly lanes: [Lane, Lane];
  queue: Outgoing[];
  reading: boolean;
  endOfFile: boolean;
  readonly finishedBeyond: Set<number>;
  finishedThrough: number;
  readonly retries: Map<number, Retry>;
  readonly marks: Map<number, Mark>;
  /** Frames that wait at their destination for the disk, in the order of their records; and other steps that do. */
  waiting: { id: number; frame: Frame }[];
  epochRecord: number;
  purge: Frame | undefined;
  lastRecord: number;
  syncedRecord: number;

  draining: boolean;
  idleLaps: number;
  departing: boolean;
  readonly counts: Summary;
};

export function createNode(options: NodeOptions): NodeState {
  const { id, ring, address, fingerprint, window = 1, deputies = [] } = options;
  const slot = address === undefined ? ring.indexOf(id) : ring.length;
  if (slot < 0) throw new RangeError(`node ${id} is not in the ring ${ring.join(', ')}`);
  if (address !== undefined && ring.includes(id)) {
    throw new RangeError(`node ${id} is in the ring ${ring.join(', ')}: it is no guest`);
  }
  if (ring.length < 2 || ring.length > MAX_NODES) {
    throw new RangeError(`a ring has 2 to ${MAX_NODES} nodes, not ${ring.length}`);
  }
  const peers = new Map<number, Peer>();
  for (const peerId of ring) if (peerId !== id) peers.set(peerId, createPeer(peerId, undefined));
  const timing = { ...defaultTiming, ...options.timing };
  return {
    id,
    address,
    slot,
    ring,
    fingerprint,
    window,
    deputies,
    timing,
    state: 'apart',
    at: 0,
    instance: 0,
    incarnation: 0,
    effects: [],
    peers,
    links: new Map(),
    nextLink: 0,
    lackTimer: false,
    highest: 0,
    promised: 0,
    view: undefined,
    viewNumber: 0,
    installedAt: 0,
    right: undefined,
    left: undefined,
    parent: undefined,
    reports: new Map(),
    reported: false,
    retryPause: timing.retry,
    claimAt: 0,
    mayClaimAt: 0,
    mayJoinAt: 0,
    healPause: timing.retry,
    refusedSince: 0,
    refusedAt: Number.NEGATIVE_INFINITY,
    lanes: [createLane(0), createLane(1)],
    queue: [],
    reading: false,
    endOfFile: false,
    finishedBeyond: new Set(),
    finishedThrough: 0,
    retries: new Map(),
    marks: new Map(),
    waiting: [],
    epochRecord: 0,
    purge: undefined,
    lastRecord: 0,
    syncedRecord: 0,
    draining: false,
    idleLaps: 0,
    departing: false,
    counts: { sent: 0, done: 0, undeliverable: 0, delivered: 0, tokens: 0, views: 0 },
  };
}

export function createPeer(id: number, address: Address | undefined): Peer {
  return {
    id,
    address,
    out: -1,
    outState: 'none',
    dialledAt: 0,
    pause: 0,
    instance: 0,
    answeredAt: Number.NEGATIVE_INFINITY,
    in: -1,
    inInstance: 0,
    heardAt: 0,
    received: 0,
    unacknowledged: 0,
    custody: [],
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
  };
}

function createLane(direction: Direction): Lane {
  return {
    direction,
    held: false,
    resting: false,
    flags: 0,
    token: 0,
    takenAt: 0,
    activeAt: 0,
    rotation: 0,
    inFlight: [],
  };
}

export function report(node: NodeState, what: Report): void {
  node.effects.push({ type: 'report', report: what });
}

export function setTimer(node: NodeState, timer: TimerName, after: number, key = 0): void {
  node.effects.push({ type: 'set-timer', timer, key, after });
}

export function clearTimer(node: NodeState, timer: TimerName, key = 0): void {
  node.effects.push({ type: 'clear-timer', timer, key });
}

/** Appends a record; with `sync` its ID comes back in a `synced` event once it is on disk. */
export function append(node: NodeState, record: DurableRecord, sync: boolean): number {
  const id = sync ? ++node.lastRecord : 0;
  node.effects.push({ type: 'append', id, record });
  return id;
}

export function enter(node: NodeState, state: StateName, reason: string): void {
  if (node.state === state) return;
  node.state = state;
  report(node, { type: 'state', state, reason });
}

export function isMember(node: NodeState, id: number): boolean {
  return node.view?.members.some((member) => member.id === id) ?? false;
}

/** More than half of the configured nodes; guests do not count. */
export function majority(node: NodeState): number {
  return Math.floor(node.ring.length / 2) + 1;
}

/** The node that may end the ring: node 0, or the first deputy in the view, or else the first configured of the view. */
export function coordinatorOf(node: NodeState): number {
  if (isMember(node, 0)) return 0;
  return node.deputies.find((id) => isMember(node, id)) ?? node.ring.find((id) => isMember(node, id)) ?? -1;
}

export function hasPending(node: NodeState): boolean {
  return node.queue.length > 0 || !node.endOfFile;
}
