import { type Frame, FrameType, frameOf } from './frame.ts';
import type { Peer } from './peer.ts';
import { clearTimer, type NodeState, report, setTimer } from './state.ts';
import {
  accept,
  acknowledge,
  acknowledgePart,
  dropUnacknowledged,
  resend,
  sendTo,
  slackMsOf,
} from './unacknowledged.ts';

/**
 * Links: one to each wanted peer, connected again with back-off. In a ring those are the two neighbours; a node that is
 * outside of a ring, or makes a new one, connects to all, because the nodes that it reaches decide what the ring will be.
 */

/** A change of a link, for the recovery to act on. */
export type LinkChange = 'up' | 'lost' | 'none';

export function wanted(node: NodeState, peer: Peer): boolean {
  switch (node.state) {
    case 'ring':
      return peer === node.right || peer === node.left || peer === gapPartner(node) || peer.joining;
    case 'leaving':
    case 'stopping':
      return peer.unacknowledged.length > 0;
    case 'ended':
      return false;
    default:
      return !peer.departed;
  }
}

/** In a wrapped view, for the nodes at its two ends, the node on the other side of the gap. */
export function gapPartner(node: NodeState): Peer | undefined {
  if (node.view?.wrapped !== true) return undefined;
  const first = node.view.members[0]?.id ?? -1;
  const last = node.view.members.at(-1)?.id ?? -1;
  if (node.id === first) return node.peers.get(last);
  if (node.id === last) return node.peers.get(first);
  return undefined;
}

/** Connects to the wanted peers and closes other links. `atOnce`: without waiting for a pause to end. */
export function reconcile(node: NodeState, atOnce: boolean): void {
  for (const peer of node.peers.values()) {
    if (wanted(node, peer)) {
      if (peer.outState === 'none' && (atOnce || peer.pauseMs === 0)) connect(node, peer);
    } else if (node.state === 'ring' && peer.out >= 0) {
      closeOut(node, peer);
      dropUnacknowledged(node, peer);
      clearTimer(node, 'connect', peer.id);
      peer.pauseMs = 0;
    }
  }
}

export function connect(node: NodeState, peer: Peer): void {
  if (peer.outState !== 'none') return;
  peer.out = node.nextLink;
  node.nextLink += 2;
  node.links.set(peer.out, peer);
  peer.outState = 'connecting';
  peer.connectingSince = node.at;
  node.effects.push({ type: 'connect', link: peer.out, peer: peer.id, address: peer.address });
  watch(node, peer);
}

/** Closes the link that this node has connected. */
export function closeOut(node: NodeState, peer: Peer): void {
  if (peer.out < 0) return;
  node.effects.push({ type: 'close', link: peer.out });
  forgetOut(node, peer);
}

export function forgetOut(node: NodeState, peer: Peer): void {
  node.links.delete(peer.out);
  peer.out = -1;
  peer.outState = 'none';
  peer.operational = false;
  peer.joining = false;
  clearTimer(node, 'link', peer.id);
}

export function closeIn(node: NodeState, peer: Peer): void {
  if (peer.in < 0) return;
  node.effects.push({ type: 'close', link: peer.in });
  node.links.delete(peer.in);
  peer.in = -1;
}

/**
 * A link has ended. One that was up is connected again at once: only when that fails too is the peer lost. A refused
 * connection proves that no process is there. The announcement of the end has no other chance, so it is tried again.
 */
export function linkClosed(node: NodeState, link: number, refused: boolean): [Peer, LinkChange] | undefined {
  const peer = node.links.get(link);
  node.links.delete(link);
  if (peer === undefined) return undefined;
  if (peer.in === link) {
    peer.in = -1;
    return undefined;
  }
  if (peer.out !== link) return undefined;
  const previous = peer.outState;
  forgetOut(node, peer);
  const again = previous === 'up' || (node.state === 'stopping' && !refused);
  if (again && wanted(node, peer)) {
    connect(node, peer);
    return undefined;
  }
  return [peer, lost(node, peer)];
}

/** The peer cannot be reached now: frames for it are dropped, and it is connected to again after a pause. */
export function lost(node: NodeState, peer: Peer): LinkChange {
  closeOut(node, peer);
  dropUnacknowledged(node, peer);
  peer.failed = true;
  peer.reached = false;
  const { connectFirstMs, connectLastMs } = node.timing;
  peer.pauseMs = Math.min(connectLastMs, Math.max(connectFirstMs, 2 * peer.pauseMs));
  setTimer(node, 'connect', peer.pauseMs, peer.id);
  return 'lost';
}

/** The `connect` timer of a peer. */
export function reconnect(node: NodeState, peer: Peer): void {
  if (wanted(node, peer)) connect(node, peer);
  else peer.pauseMs = 0;
}

export function watch(node: NodeState, peer: Peer): void {
  peer.watchedAt = node.at;
  setTimer(node, 'link', node.timing.resendMs / 2, peer.id);
}

/** The `link` timer of a peer: sends unacknowledged frames again, gives up a silent link, proves a quiet one. */
export function checkLink(node: NodeState, peer: Peer): LinkChange {
  if (peer.out < 0) return 'none';
  const { at, timing } = node;
  if (at - peer.watchedAt > timing.deadMs / 2) {
    // This process itself stood still: the acknowledgements that seem to be missing may wait to be read.
    peer.progressAt = at;
    peer.connectingSince = at;
    peer.sentAt = at;
  }
  if (peer.outState !== 'up') {
    if (at - peer.connectingSince >= timing.deadMs) return lost(node, peer);
  } else if (peer.unacknowledged.length > 0) {
    const slack = slackMsOf(node);
    if (at - peer.progressAt >= timing.deadMs + slack && at >= node.slackUntil) {
      noteStuckMessage(node, peer);
      return lost(node, peer);
    }
    if (at - Math.max(peer.sentAt, peer.progressAt) >= timing.resendMs + slack) {
      if (node.state !== 'stopping') resend(node, peer);
      else {
        // There is little time to announce the end: if this connection is stuck another one is tried.
        closeOut(node, peer);
        connect(node, peer);
        return 'none';
      }
    }
  } else if (at - peer.sentAt >= timing.proveMs) {
    sendTo(node, peer, frameOf(FrameType.PRESENT, { source: node.id, destination: peer.id }));
  }
  watch(node, peer);
  return 'none';
}

/**
 * The link is given up with a message as the first unacknowledged frame. Once may have any reason; if it is the same message again, the
 * link may carry short frames only, or be too slow.
 */
function noteStuckMessage(node: NodeState, peer: Peer): void {
  const [first] = peer.unacknowledged;
  if (first?.type !== FrameType.DATA) return;
  const { source, message, payload } = first;
  const again = peer.stuck?.source === source && peer.stuck.message === message;
  const times = again ? (peer.stuck?.times ?? 0) + 1 : 1;
  peer.stuck = { source, message, times };
  if (again) report(node, { type: 'stuck', peer: peer.id, source, message, bytes: payload.length, times });
}

/** More of a frame has come on an accepted link. @returns the peer */
export function receivePart(node: NodeState, link: number): Peer | undefined {
  const peer = node.links.get(link);
  if (peer === undefined || peer.in !== link) return undefined;
  peer.receivedAt = node.at;
  peer.progressAt = node.at;
  acknowledgePart(node, peer);
  return peer;
}

/** A numbered frame on an accepted link. @returns the peer, if the frame is new and to be acted on */
export function receiveNumbered(node: NodeState, link: number, frame: Frame): Peer | undefined {
  const peer = node.links.get(link);
  if (peer === undefined || peer.in !== link) return undefined;
  peer.receivedAt = node.at;
  if (accept(node, peer, frame)) return peer;
  acknowledge(node, peer, true);
  return undefined;
}
