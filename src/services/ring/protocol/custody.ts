import { type Frame, FrameType, frameOf } from './frame.ts';
import { clearTimer, type NodeState, type Peer, setTimer } from './state.ts';

/**
 * Custody of frames on a link. TCP accepting bytes says nothing about the neighbour, so every frame but HELLO, WELCOME
 * and LACK is numbered and kept until the neighbour's LACK. After a new connection the frames still kept are sent again;
 * the receiver knows duplicates by their number.
 */

/** So many frames of token and data may be received before a LACK goes out at once. */
const LACK_EVERY = 16;

/** Hands a frame to a peer: kept until its LACK, sent now if the link is up. */
export function sendTo(node: NodeState, peer: Peer, frame: Frame): number {
  frame.linkNumber = peer.next++;
  if (peer.custody.length === 0) peer.progressAt = node.at;
  peer.custody.push(frame);
  if (peer.outState === 'up') {
    peer.sentAt = node.at;
    node.effects.push({ type: 'send', link: peer.out, frame });
  }
  return frame.linkNumber;
}

/** Sends every frame in custody again. */
export function resend(node: NodeState, peer: Peer): void {
  peer.sentAt = node.at;
  for (const frame of peer.custody) node.effects.push({ type: 'send', link: peer.out, frame });
}

/** Frees what the peer has acknowledged. */
export function release(node: NodeState, peer: Peer, through: number): void {
  const { custody } = peer;
  let freed = 0;
  while (freed < custody.length && (custody[freed] as Frame).linkNumber <= through) freed++;
  if (freed === 0) return;
  custody.splice(0, freed);
  peer.progressAt = node.at;
}

/** Whether a numbered frame is new, and the next one; what is not is dropped, and acknowledged once more. */
export function accept(node: NodeState, peer: Peer, frame: Frame): boolean {
  peer.unacknowledged++;
  if (frame.linkNumber !== peer.received + 1) {
    peer.unacknowledged = LACK_EVERY;
    return false;
  }
  peer.received = frame.linkNumber;
  const travelling = frame.type === FrameType.TOKEN || frame.type === FrameType.DATA;
  if (!travelling) peer.unacknowledged = LACK_EVERY;
  else if (!node.lackTimer) {
    node.lackTimer = true;
    setTimer(node, 'lack', node.timing.lack);
  }
  return true;
}

/** Sends the LACK that has become due. Called after the frame has been acted on, so that it is not in its way. */
export function acknowledge(node: NodeState, peer: Peer, atOnce: boolean): void {
  if (peer.in < 0 || peer.unacknowledged === 0 || (!atOnce && peer.unacknowledged < LACK_EVERY)) return;
  peer.unacknowledged = 0;
  const lack = frameOf(FrameType.LACK, {
    source: node.id,
    destination: peer.id,
    linkNumber: peer.received,
    epoch: node.highest,
    view: node.state === 'ring' ? node.viewNumber : 0,
  });
  node.effects.push({ type: 'send', link: peer.in, frame: lack });
}

/** The `lack` timer: acknowledge what has come since the last one. */
export function acknowledgeAll(node: NodeState): void {
  node.lackTimer = false;
  for (const peer of node.peers.values()) acknowledge(node, peer, true);
}

/**
 * Forgets the tokens and messages in custody: a purge. Their numbers have been given, so harmless frames take their
 * places.
 */
export function purgeCustody(node: NodeState): void {
  for (const peer of node.peers.values()) {
    peer.custody = peer.custody.map((frame) =>
      frame.type === FrameType.TOKEN || frame.type === FrameType.DATA
        ? frameOf(FrameType.PRESENT, { source: node.id, destination: peer.id, linkNumber: frame.linkNumber })
        : frame,
    );
  }
}

/** Forgets everything for a peer whose process is another one now, or gone. */
export function dropCustody(node: NodeState, peer: Peer): void {
  peer.custody = [];
  clearTimer(node, 'link', peer.id);
}
