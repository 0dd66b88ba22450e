import { Flag, type Frame } from './frame.ts';
import { announceLong } from './notice.ts';
import type { NodeState, View } from './state.ts';
import { sendTo } from './unacknowledged.ts';

/**
 * The way of a frame round the ring. In a closed ring a frame keeps its direction. In a wrapped one there is a single lane:
 * a frame goes right to the last node of the line, turns, is passed to the left by every node unread, and turns again at
 * the first node. Every node thus meets it once a lap as in a closed ring, on its way right.
 */

/** Sets the neighbours that a view gives this node. The ends of a wrapped line have one each. */
export function setNeighbours(node: NodeState, view: View): void {
  const place = view.members.findIndex((member) => member.id === node.id);
  const count = view.members.length;
  const neighbour = (at: number) => {
    if (view.wrapped && (at < 0 || at >= count)) return undefined;
    return node.peers.get(view.members[(at + count) % count]?.id ?? -1);
  };
  node.view = view;
  node.right = neighbour(place + 1);
  node.left = neighbour(place - 1);
}

/** Sends a frame on its way. The frame is changed: it must not be referred to elsewhere. */
export function sendOnward(node: NodeState, frame: Frame): void {
  if (node.right === undefined) frame.flags |= Flag.COUNTER;
  const next = (frame.flags & Flag.COUNTER) === 0 ? node.right : node.left;
  if (next === undefined) return;
  announceLong(node, next, frame);
  sendTo(node, next, frame);
}

/**
 * A frame has arrived: is it this node's turn with it? If not, it is on the way back of a wrapped line and is passed on as
 * it is. The frame that comes out is a copy, to be changed and sent.
 */
export function arrive(node: NodeState, frame: Frame): Frame | undefined {
  const copy = { ...frame, hops: frame.hops + 1 };
  if (node.view?.wrapped !== true || (frame.flags & Flag.COUNTER) === 0) return copy;
  if (node.left === undefined) {
    copy.flags &= ~Flag.COUNTER;
    return copy;
  }
  sendOnward(node, copy);
  return undefined;
}
