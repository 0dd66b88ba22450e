import { type Frame, FrameType, frameOf, newer } from './frame.ts';
import { closeOut, connect, gapPartner, reconcile } from './links.ts';
import type { Peer } from './peer.ts';
import { BeaconReason, claim, enterApart, freeze, scheduleClaim } from './recovery.ts';
import { enter, isMember, type NodeState, setTimer } from './state.ts';
import { sendTo } from './unacknowledged.ts';

/** Joining and leaving: a node outside of a ring asks to be added, one that leaves announces it. */

/** The `claim` timer outside of a ring: asks a peer that is in a view to add this node, or makes a claim. */
export function seekRing(node: NodeState): void {
  // A node that left may be back, in a ring that has no reason to connect to this node.
  for (const peer of node.peers.values()) peer.departed = false;
  reconcile(node, false);
  const member = leastRecentlyAsked(node);
  if (member === undefined) {
    claim(node, 'no ring is known');
    return;
  }
  if (node.at < node.earliestJoinAt) {
    // The view that was made for the last JOIN does not have this node.
    node.claimAt = node.earliestJoinAt;
    setTimer(node, 'claim', node.earliestJoinAt - node.at);
    return;
  }
  member.operational = false;
  member.askedAt = node.at;
  sendTo(
    node,
    member,
    frameOf(FrameType.JOIN, { source: node.id, destination: member.id, epoch: node.highest }),
  );
  scheduleClaim(node, node.retryPauseMs);
  node.earliestJoinAt = node.claimAt;
  node.retryPauseMs = Math.min(8 * node.timing.retryMs, 2 * node.retryPauseMs);
}

/** The peers in a view in turn: one that cannot reach this node does nothing for it, and another may. */
function leastRecentlyAsked(node: NodeState): Peer | undefined {
  let member: Peer | undefined;
  for (const peer of node.peers.values()) {
    if (peer.outState !== 'up' || !peer.operational || peer.address !== undefined) continue;
    if (member === undefined || peer.askedAt < member.askedAt) member = peer;
  }
  return member;
}

/**
 * JOIN in a ring: a new view is made for the newcomer, unless this one has hardly begun. A newcomer that does not answer at
 * its address would be in no view, however often one is made: it is connected to first.
 */
export function receiveJoin(node: NodeState, peer: Peer): void {
  peer.departed = false;
  if (node.at - node.installedAt < node.timing.settleMs) return;
  peer.joining = true;
  if (peer.outState === 'up') admitJoining(node, peer);
  else connect(node, peer);
}

/** The link to a newcomer is up. The process that asked may be another one than the one that answers. */
function admitJoining(node: NodeState, peer: Peer): void {
  peer.joining = false;
  if (peer.instance === peer.inInstance) claim(node, `node ${peer.id} joins`);
  else reconcile(node, false);
}

export function receiveBeacon(node: NodeState, frame: Frame): void {
  if (frame.message === BeaconReason.NO_MAJORITY && frame.epoch === node.promised) {
    if (node.state === 'promised') freeze(node, [], false);
  } else if (node.state === 'claiming' && newer(frame.epoch, node.promised)) {
    enterApart(node, `node ${frame.source} has promised a higher epoch`);
  }
}

/** In a ring: a peer cannot be reached. */
export function neighbourLost(node: NodeState, peer: Peer): void {
  if (peer === node.right || peer === node.left) claim(node, `node ${peer.id} is lost`);
}

/** In a ring: a link is up, to a neighbour whose process the view does not name, or to a node that wants to join. */
export function neighbourUp(node: NodeState, peer: Peer): void {
  const member = node.view?.members.find(({ id }) => id === peer.id);
  if (member !== undefined && member.instance !== peer.instance) claim(node, `node ${peer.id} has restarted`);
  else if (peer.joining) admitJoining(node, peer);
}

/** The `claim` timer in a wrapped ring: if the nodes at its ends reach each other again, the ring is closed. */
export function closeGap(node: NodeState): void {
  const partner = gapPartner(node);
  if (partner === undefined) return;
  if (partner.outState === 'up' && partner.in >= 0) claim(node, `node ${partner.id} is reached again`);
  else setTimer(node, 'claim', node.healPauseMs);
}

/** The operator takes this node out. Messages in flight come back first, and the tokens are passed on. */
export function leave(node: NodeState): void {
  node.departing = true;
  departIfFree(node);
}

export function departIfFree(node: NodeState): void {
  if (node.state === 'leaving' || node.state === 'stopping' || node.state === 'ended') return;
  if (node.lanes.some((lane) => lane.held && lane.inFlight.length > 0)) return;
  for (const peer of node.peers.values()) {
    if (peer.outState === 'none') continue;
    sendTo(
      node,
      peer,
      frameOf(FrameType.LEAVE, { source: node.id, destination: peer.id, epoch: node.highest }),
    );
  }
  enter(node, 'leaving', 'told to leave');
  setTimer(node, 'exit', node.timing.exitMs);
}

export function receiveLeave(node: NodeState, peer: Peer): void {
  peer.departed = true;
  peer.failed = true;
  peer.reached = false;
  closeOut(node, peer);
  if (node.state === 'ring' && isMember(node, peer.id)) claim(node, `node ${peer.id} leaves`);
}
