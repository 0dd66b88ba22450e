import { Flag, FrameType, frameOf } from './frame.ts';
import { coordinatorOf, hasPending, type Lane, type NodeState, setTimer } from './state.ts';
import { onward } from './travel.ts';

/** Passing a token on, and letting it rest. */

/**
 * Passes the token to the next node. Its number grows with every hop, so a copy of a token is known by its number. The
 * coordinator clears the busy bit, everybody with something to send sets it: a token that comes back to the coordinator
 * without it has been round a ring with nothing to do. Everybody who knows that the ring drains says so, whoever coordinates now.
 */
export function passToken(node: NodeState, lane: Lane): void {
  lane.held = false;
  lane.resting = false;
  let flags = lane.direction === 0 ? 0 : Flag.COUNTER;
  const coordinator = coordinatorOf(node) === node.id;
  if (hasPending(node) || (!coordinator && (lane.flags & Flag.BUSY) !== 0)) flags |= Flag.BUSY;
  if (node.draining) flags |= Flag.DRAINING;
  onward(
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

/** Whether the token rests here: at the coordinator, when the lap behind it and this node have had nothing to send. */
export function rests(node: NodeState, lane: Lane): boolean {
  if (node.timing.pace <= 0 || node.draining || node.queue.length > 0) return false;
  if ((lane.flags & Flag.BUSY) !== 0 || coordinatorOf(node) !== node.id) return false;
  lane.resting = true;
  setTimer(node, 'pace', node.timing.pace, lane.direction);
  return true;
}
