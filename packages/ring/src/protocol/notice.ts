import { Flag, type Frame, FrameType, frameOf } from './frame.ts';
import type { Lane } from './lane.ts';
import type { Peer } from './peer.ts';
import { coordinatorOf, type NodeState } from './state.ts';
import { sendTo, slackMsFor } from './unacknowledged.ts';

/**
 * Notices in a view: PRESENT with the view's epoch, from neighbour to neighbour. One says that a long frame is on its way over a slow
 * link, so that its lane is not taken for silent; another that a node has something to send, so that a resting token is used. A node
 * that does not know notices drops them.
 */

/** In laps shorter than this a token rests too shortly to be asked for. */
const SHORT_LAP_MS = 5;
/** Messages of at least this size are announced. */
const LONG_MESSAGE_BYTES = 4_096;

/** More of a long frame has come from a neighbour, or has reached it: its lane is not silent, and the other neighbour gets a notice. */
export function noteLongFrame(node: NodeState, peer: Peer, incoming: boolean): void {
  if (node.state !== 'ring') return;
  const [right, left] = incoming ? [node.left, node.right] : [node.right, node.left];
  const wrapped = node.view?.wrapped === true;
  if (peer === right || (wrapped && peer === left)) noteDelay(node, node.lanes[0], peer);
  if (peer === left && !wrapped) noteDelay(node, node.lanes[1], peer);
}

/**
 * A message is about to be sent to a neighbour. While a slow network takes a long one nothing else comes from here either, so the
 * notice goes before it.
 */
export function announceLong(node: NodeState, peer: Peer, frame: Frame): void {
  const { length } = frame.payload;
  if (length < LONG_MESSAGE_BYTES || frame.type !== FrameType.DATA) return;
  noteDelay(
    node,
    node.lanes[(frame.flags & Flag.COUNTER) === 0 || node.view?.wrapped === true ? 0 : 1],
    peer,
    length,
  );
}

function noteDelay(node: NodeState, lane: Lane, peer: Peer, bytes = 0): void {
  extendLane(node, lane, bytes);
  if (node.at - lane.noticedAt < node.timing.lossMs / 4) return;
  lane.noticedAt = node.at;
  const flags = Flag.PARTIAL | (lane.direction === 0 ? 0 : Flag.COUNTER);
  sendNotice(node, otherNeighbour(node, peer), flags, bytes);
}

/** The lane is not silent, and for a while much may take longer than usual. */
function extendLane(node: NodeState, lane: Lane, bytes: number): void {
  lane.activeAt = node.at;
  node.slackUntil = Math.max(node.slackUntil, node.at + slackMsFor(bytes));
}

/** There is something to send, and the tokens may rest. */
export function askForTokens(node: NodeState): void {
  if (node.state !== 'ring' || coordinatorOf(node) === node.id) return;
  if (node.lanes.every(({ rotationMs: rotation }) => rotation < SHORT_LAP_MS)) return;
  sendNotice(node, node.right, Flag.BUSY);
  if (node.left !== node.right) sendNotice(node, node.left, Flag.BUSY);
}

/** The neighbour that is not this peer. */
function otherNeighbour(node: NodeState, peer: Peer): Peer | undefined {
  if (node.left === node.right) return undefined;
  if (peer === node.left) return node.right;
  return peer === node.right ? node.left : undefined;
}

function sendNotice(node: NodeState, to: Peer | undefined, flags: number, bytes = 0): void {
  if (to === undefined) return;
  const { id, viewNumber, promised } = node;
  sendTo(
    node,
    to,
    frameOf(FrameType.PRESENT, {
      flags,
      view: viewNumber,
      epoch: promised,
      source: id,
      message: bytes,
      hops: 1,
    }),
  );
}

/** PRESENT in a ring. @returns whether it asks for the tokens that rest here */
export function receiveNotice(node: NodeState, peer: Peer, frame: Frame): boolean {
  if (frame.payload.length > 0 || frame.epoch !== node.promised) return false;
  if (frame.hops >= (node.view?.members.length ?? 0)) return false;
  if ((frame.flags & Flag.PARTIAL) !== 0) {
    extendLane(node, node.lanes[(frame.flags & Flag.COUNTER) === 0 ? 0 : 1], frame.message);
  }
  const wanted = (frame.flags & Flag.BUSY) !== 0 && coordinatorOf(node) === node.id;
  const next = wanted ? undefined : otherNeighbour(node, peer);
  if (next !== undefined) sendTo(node, next, { ...frame, hops: frame.hops + 1 });
  return wanted;
}
