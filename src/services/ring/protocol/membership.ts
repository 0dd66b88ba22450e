import { sendTo } from './custody.ts';
import { type Frame, FrameType, frameOf } from './frame.ts';
import { closeOut, dial, gapPartner, reconcile } from './links.ts';
import { BeaconReason, claim, fallApart, freeze, scheduleClaim } from './recovery.ts';
import { enter, isMember, type NodeState, type Peer, setTimer } from './state.ts';

/** Coming and going: a node that is outside asks to be taken in, one that leaves says so. */

/** The `claim` timer outside of a ring: somebody there has one, and is asked to take this node in; or a claim is made. */
export function seekRing(node: NodeState): void {
  // Who left may be back, in a ring that has no reason to dial this node.
  for (const peer of node.peers.values()) peer.departed = false;
  reconcile(node, false);
  const insider = longestUnasked(node);
  if (insider === undefined) {
    claim(node, 'no ring is known');
    return;
  }
  if (node.at < node.mayJoinAt) {
    // The view that was made for the last JOIN had no place for this node.
    node.claimAt = node.mayJoinAt;
    setTimer(node, 'claim', node.mayJoinAt - node.at);
    return;
  }
  insider.operational = false;
  insider.askedAt = node.at;
  sendTo(
    node,
    insider,
    frameOf(FrameType.JOIN, { source: node.id, destination: insider.id, epoch: node.highest }),
  );
  scheduleClaim(node, node.retryPause);
  node.mayJoinAt = node.claimAt;
  node.retryPause = Math.min(8 * node.timing.retry, 2 * node.retryPause);
}

/** Each insider in turn: one that cannot reach this node does nothing for it, and another may. */
function longestUnasked(node: NodeState): Peer | undefined {
  let insider: Peer | undefined;
  for (const peer of node.peers.values()) {
    if (peer.outState !== 'up' || !peer.operational || peer.address !== undefined) continue;
    if (insider === undefined || peer.askedAt < insider.askedAt) insider = peer;
  }
  return insider;
}

/**
 * JOIN in a ring: a new view is made for the sake of the newcomer, unless this one has hardly begun. One that does not answer
 * where it should listen would be in no view, however often one is made: it is dialled first.
 */
export function hearJoin(node: NodeState, peer: Peer): void {
  peer.departed = false;
  if (node.at - node.installedAt < node.timing.settle) return;
  peer.joining = true;
  if (peer.outState === 'up') takeIn(node, peer);
  else dial(node, peer);
}

/** The link to a newcomer is up. The process that asked may be another one than that which answers. */
function takeIn(node: NodeState, peer: Peer): void {
  peer.joining = false;
  if (peer.instance === peer.inInstance) claim(node, `node ${peer.id} joins`);
  else reconcile(node, false);
}

export function hearBeacon(node: NodeState, frame: Frame): void {
  if (frame.message === BeaconReason.NO_MAJORITY && frame.epoch === node.promised) {
    if (node.state === 'promised') freeze(node, [], false);
  } else if (node.state === 'claiming' && frame.epoch > node.promised) {
    fallApart(node, `node ${frame.source} has promised a higher epoch`);
  }
}

/** In a ring: a neighbour cannot be reached. Outside, that is only one link less. */
export function neighbourLost(node: NodeState, peer: Peer): void {
  if (peer === node.right || peer === node.left) claim(node, `node ${peer.id} is lost`);
}

/** In a ring: a link is up, to a neighbour that is a process which the view does not name, or to a node that wants to join. */
export function neighbourUp(node: NodeState, peer: Peer): void {
  const member = node.view?.members.find(({ id }) => id === peer.id);
  if (member !== undefined && member.instance !== peer.instance) claim(node, `node ${peer.id} has restarted`);
  else if (peer.joining) takeIn(node, peer);
}

/** The `claim` timer in a wrapped ring: if the nodes at its ends reach each other again, the ring is closed. */
export function closeGap(node: NodeState): void {
  const partner = gapPartner(node);
  if (partner === undefined) return;
  if (partner.outState === 'up' && partner.in >= 0) claim(node, `node ${partner.id} is reached again`);
  else setTimer(node, 'claim', node.healPause);
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
  setTimer(node, 'exit', node.timing.exit);
}

export function hearLeave(node: NodeState, peer: Peer): void {
  peer.departed = true;
  peer.failed = true;
  peer.reached = false;
  closeOut(node, peer);
  if (node.state === 'ring' && isMember(node, peer.id)) claim(node, `node ${peer.id} leaves`);
}
