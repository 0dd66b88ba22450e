import type { DurableRecord, Effect, Report, Summary } from './effect.ts';
import type { TimerName } from './event.ts';
import type { Frame } from './frame.ts';
import { createLane, type Lane, type Outgoing } from './lane.ts';
import { type Address, defaultTiming, MAX_NODES, type NodeOptions, type Timing } from './options.ts';
import { createPeer, type Peer } from './peer.ts';

/** The states of a node; `table.ts` says what each does with every frame and time-out. */
export const states = [
  /** Started, or out of its ring: looks for one. */
  'apart',
  /** Has made a claim and gathers the reports. */
  'claiming',
  /** Has promised the epoch of another node's claim. */
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

/** A destination that did not copy a message is not sent another before this; the pause is doubled each time. */
export type Retry = { until: number; pauseMs: number };

export type Mark = { message: number; recordId: number };

/** What a node has reported to a claimant: which others it reaches, each with the process that answered. */
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
  ackTimer: boolean;

  /** The highest epoch promised or received, the one promised, and the last view agreed to. */
  highest: number;
  promised: number;
  view: View | undefined;
  viewNumber: number;
  installedAt: number;
  /** Until then silence means nothing: a long message has been sent here or elsewhere in the ring, maybe over a slow network. */
  slackUntil: number;
  /** How much longer the making of a view may take for the same reason. */
  gatherSlackMs: number;
  /** When it lost its ring. */
  leftAt: number;
  right: Peer | undefined;
  left: Peer | undefined;
  /** The peer that the promised claim came from; reports go back to it. */
  parent: Peer | undefined;
  reports: Map<number, PresenceReport>;
  reported: boolean;
  retryPauseMs: number;
  /** When the `claim` timer runs out, and the earliest time for a claim after one that failed. */
  claimAt: number;
  earliestClaimAt: number;
  /** The earliest time for another JOIN, until a view is installed. */
  earliestJoinAt: number;
  /** The pause before a wrapped ring is tried to be closed again. */
  healPauseMs: number;
  refusedSince: number;
  refusedAt: number;

  readonly lanes: [Lane, Lane];
  queue: Outgoing[];
  reading: boolean;
  endOfFile: boolean;
  readonly finishedBeyond: Set<number>;
  finishedThrough: number;
  uncertainThrough: number;
  readonly retries: Map<number, Retry>;
  /** By stream and destination, the record that says that a message was given up: until it is on disk no later one is sent. */
  readonly givenUp: Map<number, number>;
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
    ackTimer: false,
    highest: 0,
    promised: 0,
    view: undefined,
    viewNumber: 0,
    installedAt: 0,
    slackUntil: 0,
    gatherSlackMs: 0,
    leftAt: 0,
    right: undefined,
    left: undefined,
    parent: undefined,
    reports: new Map(),
    reported: false,
    retryPauseMs: timing.retryMs,
    claimAt: 0,
    earliestClaimAt: 0,
    earliestJoinAt: 0,
    healPauseMs: timing.retryMs,
    refusedSince: 0,
    refusedAt: Number.NEGATIVE_INFINITY,
    lanes: [createLane(0), createLane(1)],
    queue: [],
    reading: false,
    endOfFile: false,
    finishedBeyond: new Set(),
    finishedThrough: 0,
    uncertainThrough: 0,
    retries: new Map(),
    givenUp: new Map(),
    marks: new Map(),
    waiting: [],
    epochRecord: 0,
    purge: undefined,
    lastRecord: 0,
    syncedRecord: 0,
    draining: false,
    idleLaps: 0,
    departing: false,
    counts: { sent: 0, done: 0, undeliverable: 0, uncertain: 0, delivered: 0, tokens: 0, views: 0 },
  };
}

export function report(node: NodeState, what: Report): void {
  node.effects.push({ type: 'report', report: what });
}

export function setTimer(node: NodeState, timer: TimerName, afterMs: number, key = 0): void {
  node.effects.push({ type: 'set-timer', timer, key, afterMs });
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
  if (node.state === 'ring') node.leftAt = node.at;
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
