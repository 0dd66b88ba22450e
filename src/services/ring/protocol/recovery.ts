import { purgeCustody, sendTo } from './custody.ts';
import { Flag, type Frame, FrameType, frameOf } from './frame.ts';
import { knownGuests, learn } from './guests.ts';
import { adopt, lanesInUse } from './installation.ts';
import { lost, reconcile } from './links.ts';
import { MAX_NODES } from './options.ts';
import { decodeGuests, decodePresence, encodeGuests, encodeMembers, encodePresence } from './payload.ts';
import {
  clearTimer,
  enter,
  type Lane,
  type Member,
  majority,
  type NodeState,
  type Peer,
  type PresenceReport,
  report,
  setTimer,
} from './state.ts';
import { chooseShape } from './topology.ts';
import { resetLanes } from './transmission.ts';

/**
 * The one way in which a ring comes to be, at its start and after every fault: CLAIM over all links, PRESENT back with what
 * each node reaches, the choice of a ring; and then the two laps of `installation.ts`.
 */

/** An epoch is a round and, in its low six bits, the claimant's place: two claimants never make the same one. */
const PLACES = 64;

export const BeaconReason = { OLDER: 1, NO_MAJORITY: 2 } as const;

/** How much later the claim of a node farther along the list is, so that claims do not all come at once. */
function stagger(node: NodeState, over: number): number {
  return (over * node.slot) / node.ring.length;
}

export function scheduleClaim(node: NodeState, after: number): void {
  const wait = after + stagger(node, after);
  node.claimAt = node.at + wait;
  setTimer(node, 'claim', wait);
}

/** Something has changed for the better: do not wait as long as planned. */
export function hastenClaim(node: NodeState): void {
  if (node.claimAt - node.at > 2 * node.timing.settle) scheduleClaim(node, node.timing.settle);
}

/** Makes a claim. A guest cannot: it is apart then, and asks a member to make one. */
export function claim(node: NodeState, reason: string): void {
  if (node.address !== undefined) {
    resetLanes(node);
    purgeCustody(node);
    fallApart(node, reason);
    return;
  }
  node.highest = (Math.floor(node.highest / PLACES) + 1) * PLACES + node.slot;
  node.parent = undefined;
  begin(node, node.highest, 'claiming', reason);
  node.reports.clear();
  setTimer(node, 'gather', node.timing.gather);
}

/** What claiming and promising have in common: the old epoch is over for this node. */
function begin(node: NodeState, epoch: number, state: 'claiming' | 'promised', reason: string): void {
  node.promised = epoch;
  node.highest = Math.max(node.highest, epoch);
  node.reported = false;
  node.purge = undefined;
  resetLanes(node);
  purgeCustody(node);
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
  setTimer(node, 'settle', node.timing.settle);
  const { gather, loss } = node.timing;
  setTimer(node, 'token', gather + loss);
}

function sendClaim(node: NodeState, peer: Peer): void {
  const claimant = node.ring[node.promised % PLACES] ?? node.id;
  const frame = frameOf(FrameType.CLAIM, {
    source: claimant,
    destination: peer.id,
    epoch: node.promised,
    payload: encodeGuests(knownGuests(node)),
  });
  peer.claimNumber = sendTo(node, peer, frame);
}

/** CLAIM: a higher one than any before is promised and passed on, an older one is answered with what has been promised. */
export function hearClaim(node: NodeState, peer: Peer, frame: Frame): void {
  // A claim in this node's own name that it has not made is a former self's, or an impostor's.
  const alien = frame.epoch % PLACES === node.slot && frame.epoch !== node.promised;
  const news = learn(node, decodeGuests(frame.payload));
  if (frame.epoch > node.promised && !alien) {
    node.parent = peer;
    begin(node, frame.epoch, 'promised', `node ${frame.source} claims`);
  } else if (frame.epoch < node.promised || alien) {
    sendBeacon(node, peer, BeaconReason.OLDER);
  } else if (news && (node.state === 'claiming' || node.state === 'promised')) {
    reconcile(node, true);
  }
}

function sendBeacon(node: NodeState, peer: Peer, reason: number): void {
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

/** In a gathering: a link has come up, a LACK has come, or a peer has been lost. */
export function gatherFrom(node: NodeState, peer: Peer): void {
  if (peer.outState === 'up' && peer.claimNumber === 0) sendClaim(node, peer);
  const oldest = peer.custody[0]?.linkNumber ?? peer.next;
  const reached = peer.outState === 'up' && peer.claimNumber > 0 && oldest > peer.claimNumber;
  if (reached && peer.operational && node.state === 'promised') {
    // It has this claim and stays in its view: an old claim, which a process that stood still finds when it goes on.
    fallApart(node, `node ${peer.id} is in a view already`);
    return;
  }
  if (reached === peer.reached && !peer.failed) return;
  peer.reached = reached;
  if (reached) peer.failed = false;
  if (node.reported) tell(node);
  else settleIfKnown(node);
}

function settleIfKnown(node: NodeState): void {
  for (const peer of node.peers.values()) {
    if (!peer.reached && !peer.failed) return;
  }
  settled(node);
}

/** All is known that will be known of whom this node reaches; or the `settle` timer has run out. */
export function settled(node: NodeState): void {
  if (node.reported) return;
  node.reported = true;
  clearTimer(node, 'settle');
  tell(node);
}

function tell(node: NodeState): void {
  const reached: Member[] = [];
  for (const peer of node.peers.values()) {
    if (peer.reached && !peer.departed) reached.push({ id: peer.id, instance: peer.instance });
  }
  if (node.state === 'claiming') {
    collect(node, { id: node.id, instance: node.instance, view: node.viewNumber, reached });
  } else if (node.parent !== undefined) {
    sendTo(
      node,
      node.parent,
      frameOf(FrameType.PRESENT, {
        source: node.id,
        view: node.viewNumber,
        epoch: node.promised,
        payload: encodePresence(node.instance, reached),
      }),
    );
  }
}

/** PRESENT with a report: it goes the claim's way back to the claimant. */
export function hearReport(node: NodeState, frame: Frame): void {
  if (frame.payload.length === 0 || frame.epoch !== node.promised) return;
  if (frame.source === node.id || frame.hops >= 2 * (node.peers.size + 1)) return;
  if (node.state === 'claiming') collect(node, decodePresence(frame.source, frame.view, frame.payload));
  else if (node.parent !== undefined) sendTo(node, node.parent, { ...frame, hops: frame.hops + 1 });
}

function collect(node: NodeState, presence: PresenceReport): void {
  node.reports.set(presence.id, presence);
  if (!node.reported) return;
  for (const each of node.reports.values()) {
    for (const other of each.reached) if (!node.reports.has(other.id)) return;
  }
  decide(node);
}

/** Where a node stands in rings: configured ones in their order, guests after them by their IDs. */
function placeOf(node: NodeState, id: number): number {
  const slot = node.ring.indexOf(id);
  return slot >= 0 ? slot : PLACES + id;
}

/** One configured node is worth more than all guests. */
function weightOf(place: number): number {
  return place < PLACES ? MAX_NODES : 1;
}

/** The claimant chooses the new ring among those who have answered, and purges it; or finds that it has no majority. */
export function decide(node: NodeState): void {
  settled(node);
  if (node.state !== 'claiming') return;
  clearTimer(node, 'gather');
  const reports = new Map([...node.reports.values()].map((each) => [placeOf(node, each.id), each]));
  const places = [...reports.keys()].sort((a, b) => a - b);
  const reaches = (one: number, other: number) => {
    const to = reports.get(other);
    return (
      reports.get(one)?.reached.some((each) => each.id === to?.id && each.instance === to.instance) ?? false
    );
  };
  const adjacent = (one: number, other: number) => reaches(one, other) && reaches(other, one);
  const shape = chooseShape(places, node.slot, adjacent, weightOf);
  const configured = shape?.members.filter((place) => place < PLACES).length ?? 0;
  if (shape === undefined || configured < majority(node)) {
    const reached = [...node.reports.keys()];
    for (const peer of node.peers.values()) {
      if (peer.outState === 'up') sendBeacon(node, peer, BeaconReason.NO_MAJORITY);
    }
    freeze(node, reached, true);
    return;
  }
  let number = 0;
  for (const each of node.reports.values()) number = Math.max(number, each.view);
  const members = shape.members.map((place) => {
    const { id, instance } = reports.get(place) as PresenceReport;
    return { id, instance };
  });
  const purge = frameOf(FrameType.PURGE, {
    flags: shape.wrapped ? Flag.WRAPPED : 0,
    view: number + 1,
    epoch: node.promised,
    source: node.id,
    payload: encodeMembers(members),
  });
  adopt(node, purge);
}

/**
 * This side has no majority; or a claimant that this node followed has none. The failure of another's claim does not put
 * this node's own off: the other may be one that nobody can reach.
 */
export function freeze(node: NodeState, reached: number[], own: boolean): void {
  enter(node, 'frozen', 'no majority');
  node.view = undefined;
  clearTimer(node, 'token');
  clearTimer(node, 'settle');
  report(node, { type: 'frozen', reached, needed: majority(node) });
  if (own) {
    node.mayClaimAt = node.at + node.retryPause;
    node.retryPause = Math.min(4 * node.timing.retry, 2 * node.retryPause);
  }
  scheduleClaim(node, Math.max(node.timing.settle, node.mayClaimAt - node.at));
}

/** The `token` timer in a ring: silence for four measured rotations is a token, or a message, that has been lost. */
export function checkTokens(node: NodeState): void {
  const limitOf = (lane: Lane) => Math.max(node.timing.loss, 4 * lane.rotation) + stagger(node, 50);
  let next = Number.POSITIVE_INFINITY;
  for (const lane of lanesInUse(node)) {
    if (lane.resting) lane.activeAt = node.at;
    const left = lane.activeAt + limitOf(lane) - node.at;
    if (left <= 0) {
      claim(node, 'token lost');
      return;
    }
    next = Math.min(next, left);
  }
  setTimer(node, 'token', next);
}

/** The `token` timer while a view is made: whoever makes it has failed. */
export function abandon(node: NodeState): void {
  for (const peer of node.peers.values()) {
    if (peer.outState !== 'up' && peer.out >= 0 && node.at - peer.dialledAt > node.timing.dead)
      lost(node, peer);
  }
  fallApart(node, 'the claim came to nothing');
}

export function fallApart(node: NodeState, reason: string): void {
  enter(node, 'apart', reason);
  node.view = undefined;
  clearTimer(node, 'token');
  clearTimer(node, 'settle');
  clearTimer(node, 'gather');
  reconcile(node, false);
  scheduleClaim(node, node.timing.settle / 2);
}
