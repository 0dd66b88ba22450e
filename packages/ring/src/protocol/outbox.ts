import { BROADCAST } from './frame.ts';
import type { Lane, Outgoing } from './lane.ts';
import { isMember, type NodeState } from './state.ts';

/** Which messages may be sent now, and which are given up. */

/** A message that no node recognises is tried at least this often before it is given up. */
const MIN_ATTEMPTS = 3;
/** A message whose attempts are cut short in a row is tried at least this often: others may have cut them short. */
const MIN_CUTS = 5;
/** The longest pause between attempts that are cut short, as a multiple of `retry`. */
const MAX_PAUSE_FACTOR = 16;

/** The key of a destination's pause: one for each, and one for broadcasts. */
export function retryKey({ stream, destination }: Outgoing): number {
  return stream === BROADCAST ? -1 : destination;
}

/** The key within which messages keep their order. */
export function orderKey({ stream, destination }: Outgoing): number {
  return stream * 65_536 + destination;
}

/**
 * The messages that may go now, with a lane's token or with any: the first of the file first, but none before an earlier one of the same
 * stream and destination that waits, or that is out with the other token.
 */
export function* readyMessages(node: NodeState, lane?: Lane): Iterable<Outgoing> {
  const behind = new Set<number>();
  for (const message of node.queue) {
    const key = orderKey(message);
    // A broadcast that all members have waits for absent nodes; later messages do not wait with it.
    if (behind.has(key) || allMembersHave(node, message)) continue;
    const retry = node.retries.get(retryKey(message));
    const pausing = message.until > node.at || (retry !== undefined && retry.until > node.at);
    const waits = pausing || (node.givenUp.get(key) ?? 0) > node.syncedRecord;
    if (message.inFlight || waits || !fitsLane(node, message, lane)) behind.add(key);
    else yield message;
  }
}

function fitsLane(node: NodeState, { stream }: Outgoing, lane: Lane | undefined): boolean {
  if (lane === undefined || node.view?.wrapped === true) return true;
  return stream === 2 || stream === BROADCAST || stream === lane.direction;
}

/** Whether something may go as soon as there is a token. */
export function hasReady(node: NodeState): boolean {
  if (node.queue.length === 0) return false;
  for (const _ of readyMessages(node)) return true;
  return false;
}

/** Whether all configured nodes of the view have a broadcast message, though not all configured nodes do. */
function allMembersHave(node: NodeState, { holders }: Outgoing): boolean {
  return (
    holders.size > 0 && node.ring.every((id) => id === node.id || holders.has(id) || !isMember(node, id))
  );
}

/** The configured nodes that are not known to have a broadcast message. */
export function missingOf(node: NodeState, { holders }: Outgoing): number[] {
  return node.ring.filter((id) => id !== node.id && !holders.has(id));
}

/** Whether the time of a message is over, counted from its own first attempt. */
export function isExhausted(node: NodeState, message: Outgoing): boolean {
  const { since, attempts, cuts, uncertain, holders, stream, destination } = message;
  if (since < 0 || message.inFlight) return false;
  const known = stream === BROADCAST || (cuts >= MIN_CUTS && uncertain) || node.peers.has(destination);
  const enough = attempts >= MIN_ATTEMPTS || cuts >= MIN_CUTS || holders.size > 0;
  return enough && node.at - since >= (known ? node.timing.giveUpMs : 0);
}

/**
 * The attempt was cut short by a change of the view. The first time it is made again at once. When that happens again it may be the message
 * itself that a link does not carry: it waits, longer each time, and the ring stands meanwhile.
 */
export function cutShort(node: NodeState, message: Outgoing): void {
  message.inFlight = false;
  // Only members of the view take its frames: a message to another ID has not arrived.
  if (message.stream === BROADCAST || isMember(node, message.destination)) message.uncertain = true;
  message.cuts++;
  if (message.cuts > 1)
    message.until = node.at + node.timing.retryMs * Math.min(MAX_PAUSE_FACTOR, 2 ** (message.cuts - 2));
}
