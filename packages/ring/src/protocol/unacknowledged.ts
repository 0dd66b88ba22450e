import { Flag, type Frame, FrameType, following, frameOf, newer } from './frame.ts';
import type { Peer } from './peer.ts';
import { clearTimer, type NodeState, setTimer } from './state.ts';

/**
 * Unacknowledged frames. That TCP has accepted bytes says nothing about the neighbour, so every frame but HELLO, WELCOME
 * and ACK is numbered and kept until the neighbour's ACK. On a new connection the frames that are left are sent again;
 * the receiver recognises duplicates by their number.
 */

/** So many frames of token and data may be received before an ACK is sent at once. */
const MAX_UNACKNOWLEDGED = 16;

/** Sends a frame to a peer, now if the link is up; it is kept until its ACK. */
export function sendTo(node: NodeState, peer: Peer, frame: Frame): number {
  frame.linkNumber = peer.next;
  peer.next = following(peer.next);
  if (peer.unacknowledged.length === 0) peer.progressAt = node.at;
  peer.unacknowledged.push(frame);
  if (peer.outState === 'up') {
    peer.sentAt = node.at;
    node.effects.push({ type: 'send', link: peer.out, frame });
  }
  return frame.linkNumber;
}

/** The slowest network that timeouts allow for, and by how much they grow at most. */
const SLOWEST_BYTES_PER_MS = 32;
const MAX_SLACK_MS = 4_000;

/** How much longer anything may take while so many bytes are sent. */
export function slackMsFor(bytes: number): number {
  return Math.min(MAX_SLACK_MS, bytes / SLOWEST_BYTES_PER_MS);
}

/** How much longer ACKs may take: messages to one peer may delay those to another. */
export function slackMsOf(node: NodeState): number {
  let bytes = 0;
  for (const { unacknowledged } of node.peers.values()) {
    for (const { payload } of unacknowledged) bytes += payload.length;
  }
  return slackMsFor(bytes);
}

/** Sends all unacknowledged frames again. */
export function resend(node: NodeState, peer: Peer): void {
  peer.sentAt = node.at;
  for (const frame of peer.unacknowledged) node.effects.push({ type: 'send', link: peer.out, frame });
}

/** Drops the frames that the peer has acknowledged. */
export function release(node: NodeState, peer: Peer, through: number): void {
  const { unacknowledged } = peer;
  let released = 0;
  while (released < unacknowledged.length && !newer((unacknowledged[released] as Frame).linkNumber, through))
    released++;
  if (released === 0) return;
  unacknowledged.splice(0, released);
  peer.progressAt = node.at;
}

/** Whether a numbered frame is the next one; any other is dropped, and acknowledged once more. */
export function accept(node: NodeState, peer: Peer, frame: Frame): boolean {
  peer.toAcknowledge++;
  if (frame.linkNumber !== following(peer.received)) {
    peer.toAcknowledge = MAX_UNACKNOWLEDGED;
    return false;
  }
  peer.received = frame.linkNumber;
  const circulating = frame.type === FrameType.TOKEN || frame.type === FrameType.DATA;
  if (!circulating) peer.toAcknowledge = MAX_UNACKNOWLEDGED;
  else if (!node.ackTimer) {
    node.ackTimer = true;
    setTimer(node, 'ack', node.timing.ackMs);
  }
  return true;
}

/** Sends the ACK if it is due. Called after the frame has been acted on, so that the ACK does not delay that. */
export function acknowledge(node: NodeState, peer: Peer, atOnce: boolean): void {
  if (peer.in < 0 || peer.toAcknowledge === 0 || (!atOnce && peer.toAcknowledge < MAX_UNACKNOWLEDGED)) return;
  sendAck(node, peer, 0);
}

/** More of a long frame has come from a peer: a partial ACK keeps it from giving up the link. */
export function acknowledgePart(node: NodeState, peer: Peer): void {
  sendAck(node, peer, Flag.PARTIAL);
}

function sendAck(node: NodeState, peer: Peer, flags: number): void {
  peer.toAcknowledge = 0;
  const ack = frameOf(FrameType.ACK, {
    flags,
    source: node.id,
    destination: peer.id,
    linkNumber: peer.received,
    epoch: node.highest,
    view: node.state === 'ring' ? node.viewNumber : 0,
  });
  node.effects.push({ type: 'send', link: peer.in, frame: ack });
}

/** The `ack` timer. */
export function acknowledgeAll(node: NodeState): void {
  node.ackTimer = false;
  for (const peer of node.peers.values()) acknowledge(node, peer, true);
}

/**
 * A purge: forgets unacknowledged tokens and messages. Their numbers have been assigned, so empty frames replace
 * them.
 */
export function purgeUnacknowledged(node: NodeState): void {
  for (const peer of node.peers.values()) {
    peer.unacknowledged = peer.unacknowledged.map((frame) =>
      frame.type === FrameType.TOKEN || frame.type === FrameType.DATA
        ? frameOf(FrameType.PRESENT, { source: node.id, destination: peer.id, linkNumber: frame.linkNumber })
        : frame,
    );
  }
}

/** Forgets the frames for a peer whose process is another one now, or gone. */
export function dropUnacknowledged(node: NodeState, peer: Peer): void {
  peer.unacknowledged = [];
  clearTimer(node, 'link', peer.id);
}
