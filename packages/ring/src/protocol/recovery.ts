import { type Frame, FrameType, frameOf, newer, newest } from './frame.ts';
import { knownGuests, learnGuests } from './guests.ts';
import { lanesInUse } from './installation.ts';
import type { Lane } from './lane.ts';
import { lost, reconcile } from './links.ts';
import { decodeGuests, encodeGuests } from './payload.ts';
import type { Peer } from './peer.ts';
import { clearTimer, enter, majority, type NodeState, report, setTimer } from './state.ts';
import { resetLanes } from './transmission.ts';
import { purgeUnacknowledged, sendTo, slackMsOf } from './unacknowledged.ts';

/**
 * How a ring is formed, at its start and after every fault: CLAIM over all links, PRESENT back with what each node reaches,
 * the choice of a ring (`reports.ts`), and then the two laps of `installation.ts`.
 */

/** An epoch is a round and, in its low six bits, the claimant's place: two claimants never make the same one. */
export const SLOTS = 64;
const ROUNDS = 2 ** 32 / SLOTS;

export const BeaconReason = { OLDER: 1, NO_MAJORITY: 2 } as const;

/** A delay by the place of the node in the list, so that claims do not all come at once. */
function stagger(node: NodeState, over: number): number {
  return (over * node.slot) / node.ring.length;
}

export function scheduleClaim(node: NodeState, after: number): void {
  const wait = after + stagger(node, after);
  node.claimAt = node.at + wait;
  setTimer(node, 'claim', wait);
}

/** A link has come up: a claim may succeed now, so it comes sooner. */
export function hastenClaim(node: NodeState): void {
  if (node.claimAt - node.at > 2 * node.timing.settleMs) scheduleClaim(node, node.timing.settleMs);
}

/** The round after that of an epoch. After the last one comes round 1: an epoch of 0 is none. */
function nextRound(epoch: number): number {
  return Math.floor(epoch / SLOTS) + 1 < ROUNDS ? Math.floor(epoch / SLOTS) + 1 : 1;
}

/** Makes a claim. A guest cannot: it is apart then, and asks a member to make one. */
export function claim(node: NodeState, reason: string): void {
  if (node.address !== undefined) {
    resetLanes(node);
    purgeUnacknowledged(node);
    enterApart(node, reason);
    return;
  }
  node.highest = nextRound(node.highest) * SLOTS + node.slot;
  node.parent = undefined;
  beginEpoch(node, node.highest, 'claiming', reason);
  node.reports.clear();
  setTimer(node, 'gather', node.timing.gatherMs + node.gatherSlackMs);
}

/** The common part of claiming and promising: the old epoch is over for this node. */
function beginEpoch(node: NodeState, epoch: number, state: 'claiming' | 'promised', reason: string): void {
  node.promised = epoch;
  node.highest = newest(node.highest, epoch);
  node.reported = false;
  node.purge = undefined;
  // Frames that were sent and are forgotten here still keep a slow network busy.
  node.gatherSlackMs = Math.max(slackMsOf(node), node.slackUntil - node.at, 0);
  resetLanes(node);
  purgeUnacknowledged(node);
  clearTimer(node, 'gather');
  clearTimer(node, 'claim');
  node.state = state === node.state ? 'apart' : node.state;
  enter(node, state, reason);
  for (const peer of node.peers.values()) {
    peer.claimNumber = 0;
    peer.reached = false;
    peer.failed = peer.departed;
    peer.joining = false;
  }
  reconcile(node, true);
  for (const peer of node.peers.values()) {
    if (peer.outState === 'up') sendClaim(node, peer);
  }
  setTimer(node, 'settle', node.timing.settleMs + node.gatherSlackMs);
  const { gatherMs, lossMs } = node.timing;
  setTimer(node, 'token', gatherMs + node.gatherSlackMs + lossMs);
}

export function sendClaim(node: NodeState, peer: Peer): void {
  const claimant = node.ring[node.promised % SLOTS] ?? node.id;
  const frame = frameOf(FrameType.CLAIM, {
    source: claimant,
    destination: peer.id,
    epoch: node.promised,
    payload: encodeGuests(knownGuests(node)),
  });
  peer.claimNumber = sendTo(node, peer, frame);
}

/** CLAIM: a higher one than any before is promised and passed on, an older one is answered with what has been promised. */
export function receiveClaim(node: NodeState, peer: Peer, frame: Frame): void {
  // A claim in this node's name that it has not made is a former process's, or an impostor's; one of an unknown slot cannot succeed.
  const claimant = frame.epoch % SLOTS;
  const invalid = claimant >= node.ring.length || (claimant === node.slot && frame.epoch !== node.promised);
  const news = learnGuests(node, decodeGuests(frame.payload));
  if (newer(frame.epoch, node.promised) && !invalid) {
    node.parent = peer;
    beginEpoch(node, frame.epoch, 'promised', `node ${frame.source} claims`);
  } else if (frame.epoch !== node.promised) {
    sendBeacon(node, peer, BeaconReason.OLDER);
  } else if (news && (node.state === 'claiming' || node.state === 'promised')) {
    reconcile(node, true);
  }
}

export function sendBeacon(node: NodeState, peer: Peer, reason: number): void {
  sendTo(
    node,
    peer,
    frameOf(FrameType.BEACON, {
      source: node.id,
      destination: peer.id,
      epoch: reason === BeaconReason.OLDER ? node.highest : node.promised,
      message: reason,
    }),
  );
}

/**
 * This side has no majority, or the claimant whose claim was promised has none. The failure of another's claim does not
 * delay this node's own: that claimant may be one that no node can reach.
 */
export function freeze(node: NodeState, reached: number[], own: boolean): void {
  enter(node, 'frozen', 'no majority');
  node.view = undefined;
  clearTimer(node, 'token');
  clearTimer(node, 'settle');
  report(node, { type: 'frozen', reached, needed: majority(node) });
  if (own) {
    node.earliestClaimAt = node.at + node.retryPauseMs;
    node.retryPauseMs = Math.min(4 * node.timing.retryMs, 2 * node.retryPauseMs);
  }
  scheduleClaim(node, Math.max(node.timing.settleMs, node.earliestClaimAt - node.at));
}

/** The `token` timer in a ring: after silence for four measured rotations a token or a message has been lost. */
export function checkTokens(node: NodeState): void {
  const limitOf = (lane: Lane) => Math.max(node.timing.lossMs, 4 * lane.rotationMs) + stagger(node, 50);
  let next = Number.POSITIVE_INFINITY;
  for (const lane of lanesInUse(node)) {
    if (lane.resting) lane.activeAt = node.at;
    const left = Math.max(lane.activeAt, node.slackUntil) + limitOf(lane) - node.at;
    if (left <= 0) {
      claim(node, 'token lost');
      return;
    }
    next = Math.min(next, left);
  }
  setTimer(node, 'token', next);
}

/** The `token` timer while a view is made: its claimant has failed. */
export function abandon(node: NodeState): void {
  for (const peer of node.peers.values()) {
    if (peer.outState !== 'up' && peer.out >= 0 && node.at - peer.connectingSince > node.timing.deadMs)
      lost(node, peer);
  }
  enterApart(node, 'the claim came to nothing');
}

export function enterApart(node: NodeState, reason: string): void {
  enter(node, 'apart', reason);
  node.view = undefined;
  clearTimer(node, 'token');
  clearTimer(node, 'settle');
  clearTimer(node, 'gather');
  reconcile(node, false);
  scheduleClaim(node, node.timing.settleMs / 2);
}
