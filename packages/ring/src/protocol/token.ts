import { Flag, FrameType, frameOf } from './frame.ts';
import type { Lane } from './lane.ts';
import { hasReady } from './outbox.ts';
import { sendOnward } from './routing.ts';
import { coordinatorOf, hasPending, type NodeState, setTimer } from './state.ts';

/** Passing a token on, and resting it. */

/**
 * Passes the token to the next node. Its number grows with every hop, so a copy of a token is known by its number. The
 * coordinator clears the busy bit, each node with something to send sets it: a token that comes back to the coordinator
 * without it has found nothing to send on its lap. Each node that knows that the ring drains sets that bit, whichever
 * coordinates now.
 */
export function passToken(node: NodeState, lane: Lane): void {
  lane.held = false;
  lane.resting = false;
  let flags = lane.direction === 0 ? 0 : Flag.COUNTER;
  const coordinator = coordinatorOf(node) === node.id;
  const busy = node.draining ? hasPending(node) : hasReady(node);
  if (busy || (!coordinator && (lane.flags & Flag.BUSY) !== 0)) flags |= Flag.BUSY;
  if (node.draining) flags |= Flag.DRAINING;
  sendOnward(
    node,
    frameOf(FrameType.TOKEN, {
      flags,
      view: node.viewNumber,
      epoch: node.promised,
      source: node.id,
      token: lane.token + 1,
      hops: 1,
    }),
  );
}

/** The first rest after there was something to send. */
const FIRST_REST_MS = 1;

/**
 * Whether the token rests here: at the coordinator, after a lap on which no node had anything to send. Each rest is twice as long, up to
 * `paceMs`: soon after a message the next one is sent quickly, and a ring that has been idle for a while costs next to nothing.
 */
export function rests(node: NodeState, lane: Lane): boolean {
  const { paceMs } = node.timing;
  const idle = !node.draining && (lane.flags & Flag.BUSY) === 0 && coordinatorOf(node) === node.id;
  if (paceMs <= 0 || !idle || hasReady(node)) {
    lane.restMs = 0;
    return false;
  }
  lane.resting = true;
  lane.restMs = Math.min(paceMs, Math.max(FIRST_REST_MS, 2 * lane.restMs));
  setTimer(node, 'pace', lane.restMs, lane.direction);
  return true;
}
