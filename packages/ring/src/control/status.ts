import { knownGuests } from '../protocol/guests.ts';
import type { NodeAddress } from '../protocol/options.ts';
import { coordinatorOf, type NodeState } from '../protocol/state.ts';

/** One token as a node sees it. */
export type LaneStatus = {
  /** Whether the token is here, and whether it rests here because no node has anything to send. */
  held: boolean;
  resting: boolean;
  /** The destinations of this node's messages that are on their lap; its own ID for a broadcast. */
  inFlight: number[];
  /** The token's number when it was last here. */
  token: number;
  /** Milliseconds of a lap, smoothed; 0 when not yet measured. */
  rotation: number;
};

/** What `zocalo ring status` and the demonstration show of a node. */
export type NodeStatus = {
  id: number;
  state: string;
  view: number;
  epoch: number;
  /** In ring order; empty outside of a ring. */
  members: number[];
  wrapped: boolean;
  coordinator: number;
  /** The nodes that are in no `ring.toml` and may be there, itself included if it is one. */
  guests: NodeAddress[];
  draining: boolean;
  /** Clockwise, counter-clockwise. */
  lanes: [LaneStatus, LaneStatus];
  /** Messages read from the file without an outcome; `more`: the file has more. */
  queue: number;
  more: boolean;
  sent: number;
  done: number;
  undeliverable: number;
  uncertain: number;
  delivered: number;
  tokens: number;
};

export function statusOf(node: NodeState): NodeStatus {
  const lanes = node.lanes.map(({ held, resting, inFlight, token, rotationMs: rotation }) => ({
    held,
    resting,
    inFlight: inFlight.map(({ destination }) => destination),
    token,
    rotation,
  }));
  const { id, state, view, queue, counts } = node;
  const { sent, done, undeliverable, uncertain, delivered, tokens } = counts;
  const inRing = state === 'ring' && view !== undefined;
  return {
    id,
    state,
    view: node.viewNumber,
    epoch: node.promised,
    members: inRing ? view.members.map((member) => member.id) : [],
    wrapped: inRing && view.wrapped,
    coordinator: inRing ? coordinatorOf(node) : -1,
    guests: knownGuests(node),
    draining: node.draining,
    lanes: lanes as [LaneStatus, LaneStatus],
    queue: queue.length,
    more: !node.endOfFile,
    sent,
    done,
    undeliverable,
    uncertain,
    delivered,
    tokens,
  };
}
