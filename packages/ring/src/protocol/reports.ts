import { Flag, type Frame, FrameType, frameOf, newer } from './frame.ts';
import { adopt } from './installation.ts';
import { MAX_NODES } from './options.ts';
import { decodePresence, encodeMembers, encodePresence } from './payload.ts';
import type { Peer } from './peer.ts';
import { BeaconReason, enterApart, freeze, SLOTS, sendBeacon, sendClaim } from './recovery.ts';
import { clearTimer, type Member, majority, type NodeState, type PresenceReport } from './state.ts';
import { chooseShape } from './topology.ts';
import { sendTo } from './unacknowledged.ts';

/** What a claimant learns: each node reports which others it reaches, and the claimant chooses the ring from that. */

/** After the view of this number comes 1: 0 says that a node is in none. */
const LAST_VIEW = 2 ** 32 - 1;

/** In a gathering: a link has come up, an ACK has come, or a peer has been lost. */
export function gatherFrom(node: NodeState, peer: Peer): void {
  if (peer.outState === 'up' && peer.claimNumber === 0) sendClaim(node, peer);
  const oldest = peer.unacknowledged[0]?.linkNumber ?? peer.next;
  const reached = peer.outState === 'up' && peer.claimNumber > 0 && newer(oldest, peer.claimNumber);
  if (reached && peer.operational && node.state === 'promised') {
    // The peer has this claim and stays in its view: it is an old one, which a process that stood still found when it went on.
    enterApart(node, `node ${peer.id} is in a view already`);
    return;
  }
  if (reached === peer.reached && !peer.failed) return;
  peer.reached = reached;
  if (reached) peer.failed = false;
  if (node.reported) sendReport(node);
  else reportIfKnown(node);
}

function reportIfKnown(node: NodeState): void {
  for (const peer of node.peers.values()) {
    if (!peer.reached && !peer.failed) return;
  }
  reportReached(node);
}

/** It is known which nodes this one reaches, or the `settle` timer has run out. */
export function reportReached(node: NodeState): void {
  if (node.reported) return;
  node.reported = true;
  clearTimer(node, 'settle');
  sendReport(node);
}

function sendReport(node: NodeState): void {
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

/** PRESENT with a report: it is passed back along the way of the claim. */
export function receiveReport(node: NodeState, frame: Frame): void {
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

/** The order of nodes in rings: configured ones in their order, guests after them by their IDs. */
function slotOf(node: NodeState, id: number): number {
  const slot = node.ring.indexOf(id);
  return slot >= 0 ? slot : SLOTS + id;
}

/** One configured node is worth more than all guests. */
function weightOf(place: number): number {
  return place < SLOTS ? MAX_NODES : 1;
}

/** The claimant chooses the new ring among the nodes that have answered, and purges it; or finds that it has no majority. */
export function decide(node: NodeState): void {
  reportReached(node);
  if (node.state !== 'claiming') return;
  clearTimer(node, 'gather');
  const reports = new Map([...node.reports.values()].map((each) => [slotOf(node, each.id), each]));
  const places = [...reports.keys()].sort((a, b) => a - b);
  const reaches = (one: number, other: number) => {
    const to = reports.get(other);
    return (
      reports.get(one)?.reached.some((each) => each.id === to?.id && each.instance === to.instance) ?? false
    );
  };
  const adjacent = (one: number, other: number) => reaches(one, other) && reaches(other, one);
  const shape = chooseShape(places, node.slot, adjacent, weightOf);
  const configured = shape?.members.filter((place) => place < SLOTS).length ?? 0;
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
    view: (number % LAST_VIEW) + 1,
    epoch: node.promised,
    source: node.id,
    payload: encodeMembers(members),
  });
  adopt(node, purge);
}
