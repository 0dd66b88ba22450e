import type { Outcome } from './effect.ts';
import type { Message } from './event.ts';
import {
  BROADCAST,
  countsIn,
  type Direction,
  Flag,
  type Frame,
  FrameType,
  frameOf,
  STREAM_SHIFT,
} from './frame.ts';
import type { Lane, Outgoing } from './lane.ts';
import { askForTokens } from './notice.ts';
import { cutShort, hasReady, isExhausted, missingOf, orderKey, readyMessages, retryKey } from './outbox.ts';
import { arrive, sendOnward } from './routing.ts';
import { append, coordinatorOf, type NodeState, report } from './state.ts';
import { terminate } from './termination.ts';
import { passToken, rests } from './token.ts';

/** A node's turn: a token arrives, messages are sent and come back, the token is passed on. */

/** Messages read ahead from the file. */
const READ_AHEAD = 128;

export function takeToken(node: NodeState, arrived: Frame): void {
  const frame = arrive(node, arrived);
  if (frame === undefined) return;
  const lane = node.lanes[(frame.flags & Flag.COUNTER) === 0 ? 0 : 1];
  if (lane.held || frame.token <= lane.token) return;
  if (lane.takenAt > 0) lane.rotationMs += (node.at - lane.takenAt - lane.rotationMs) / 8;
  lane.takenAt = node.at;
  lane.activeAt = node.at;
  lane.token = frame.token;
  lane.flags = frame.flags;
  lane.held = true;
  node.counts.tokens++;
  if ((frame.flags & Flag.DRAINING) !== 0) node.draining = true;
  if (node.draining && lane.direction === 0 && coordinatorOf(node) === node.id) {
    const idle = (frame.flags & (Flag.BUSY | Flag.DRAINING)) === Flag.DRAINING && node.queue.length === 0;
    node.idleLaps = idle && node.endOfFile ? node.idleLaps + 1 : 0;
    if (node.idleLaps >= 2) {
      terminate(node, 'drained');
      return;
    }
  }
  if (!rests(node, lane)) useToken(node, lane);
}

/** Sends what may go, and passes the token on at once if that is nothing. */
export function useToken(node: NodeState, lane: Lane): void {
  lane.resting = false;
  if (node.queue.length > 0 && !node.departing) transmit(node, lane);
  if (lane.inFlight.length === 0) passToken(node, lane);
}

/** Uses a resting token: its time is over, or there is something to send. */
export function wake(node: NodeState, direction: Direction): void {
  const lane = node.lanes[direction];
  if (lane.held && lane.resting) useToken(node, lane);
}

/** Sends up to W messages, and gives those up whose time is over. */
function transmit(node: NodeState, lane: Lane): void {
  for (const message of node.queue.filter((each) => isExhausted(node, each))) giveUp(node, message);
  const previous = new Map<number, number>();
  for (const message of readyMessages(node, lane)) {
    if (lane.inFlight.length >= node.window) break;
    const key = orderKey(message);
    message.inFlight = true;
    if (message.since < 0) message.since = node.at;
    lane.inFlight.push(message);
    node.counts.sent++;
    sendOnward(
      node,
      frameOf(FrameType.DATA, {
        flags: lane.direction | (message.stream << STREAM_SHIFT),
        view: node.viewNumber,
        epoch: node.promised,
        source: node.id,
        destination: message.destination,
        message: message.number,
        previous: previous.get(key) ?? 0,
        incarnation: node.incarnation,
        hops: 1,
        payload: message.payload,
      }),
    );
    previous.set(key, message.number);
  }
}

/** A message of this node is back: its A and C bits say what became of it. */
export function returned(node: NodeState, lane: Lane, frame: Frame): void {
  const index = lane.inFlight.findIndex((message) => message.number === frame.message);
  const message = lane.inFlight[index];
  if (message === undefined || frame.incarnation !== node.incarnation) {
    report(node, { type: 'stripped', source: frame.source, message: frame.message });
    return;
  }
  lane.inFlight.splice(index, 1);
  message.inFlight = false;
  message.cuts = 0;
  if (message.stream === BROADCAST) broadcastReturned(node, message, frame);
  else if ((frame.flags & Flag.COPIED) !== 0) finish(node, message, 'done');
  else scheduleRetry(node, message, (frame.flags & Flag.RECOGNISED) !== 0);
  if (lane.inFlight.length === 0 && lane.held) passToken(node, lane);
}

/** A broadcast message is back: it is done when all members have copied it, and all configured nodes were among them. */
function broadcastReturned(node: NodeState, message: Outgoing, frame: Frame): void {
  const members = node.view?.members ?? [];
  const { seen, copied } = countsIn(frame);
  const others = members.length - 1;
  if (copied > 0) message.uncertain = true;
  if (copied < others) {
    scheduleRetry(node, message, seen >= others);
    return;
  }
  for (const { id } of members) message.holders.add(id);
  if (missingOf(node, message).length === 0) finish(node, message, 'done');
}

function scheduleRetry(node: NodeState, message: Outgoing, recognised: boolean): void {
  const { againMs } = node.timing;
  const pauseMs = Math.min(
    16 * againMs,
    Math.max(againMs, 2 * (node.retries.get(retryKey(message))?.pauseMs ?? 0)),
  );
  node.retries.set(retryKey(message), { until: node.at + pauseMs, pauseMs });
  if (recognised) {
    message.attempts = 0;
    message.since = node.at;
    return;
  }
  message.attempts++;
  if (isExhausted(node, message)) giveUp(node, message);
}

function finish(node: NodeState, message: Outgoing, outcome: Outcome): void {
  const { number, destination } = message;
  node.queue.splice(node.queue.indexOf(message), 1);
  const record = append(node, { type: 'finished', message: number, outcome }, outcome !== 'done');
  node.counts[outcome]++;
  if (outcome === 'done') {
    node.retries.delete(retryKey(message));
    report(node, { type: 'done', message: number, destination });
  } else {
    // Without that record it would be sent again after a restart, behind later ones, and be taken for a duplicate.
    node.givenUp.set(orderKey(message), record);
  }
  readAhead(node);
}

/** What may have arrived, or has arrived at some of many, is not called undeliverable. */
function giveUp(node: NodeState, message: Outgoing): void {
  const { number, destination, stream, payload, attempts, cuts, holders } = message;
  const uncertain = message.uncertain || holders.size > 0;
  report(node, {
    type: 'undeliverable',
    ...{ message: number, destination, uncertain, bytes: payload.length, attempts, cuts },
    ...(stream === BROADCAST ? { missing: missingOf(node, message) } : {}),
  });
  finish(node, message, uncertain ? 'uncertain' : 'undeliverable');
}

export function readAhead(node: NodeState): void {
  if (node.reading || node.endOfFile || node.departing || node.queue.length > READ_AHEAD / 2) return;
  node.reading = true;
  node.effects.push({ type: 'read', count: READ_AHEAD - node.queue.length });
}

/** Messages from the file; those that had their outcome before a restart are left out. */
export function enqueue(node: NodeState, messages: readonly Message[], end: boolean): void {
  const idle = !hasReady(node);
  node.reading = false;
  node.endOfFile = end;
  for (const message of messages) {
    if (message.number <= node.finishedThrough || node.finishedBeyond.delete(message.number)) continue;
    const uncertain = message.number <= node.uncertainThrough;
    const fresh = { inFlight: false, since: -1, attempts: 0, cuts: 0, until: 0, holders: new Set<number>() };
    node.queue.push({ ...message, ...fresh, uncertain });
  }
  if (idle && hasReady(node)) askForTokens(node);
  readAhead(node);
  wake(node, 0);
  wake(node, 1);
}

/** A purge: tokens are forgotten, and whether the messages in flight have arrived is not known. */
export function resetLanes(node: NodeState): void {
  for (const lane of node.lanes) {
    for (const message of lane.inFlight) cutShort(node, message);
    lane.inFlight = [];
    lane.held = false;
    lane.resting = false;
    lane.flags = 0;
    lane.token = 0;
    lane.takenAt = 0;
    lane.activeAt = node.at;
    lane.rotationMs = 0;
    lane.restMs = 0;
  }
  node.idleLaps = 0;
}

/** A view is installed: the time without one does not count against the messages. */
export function excludeTimeWithoutRing(node: NodeState): void {
  for (const message of node.queue)
    if (message.since >= 0) message.since += node.at - Math.max(node.leftAt, message.since);
}

/** Uses the tokens that rest here; their next rest is short. */
export function wakeAll(node: NodeState): void {
  for (const lane of node.lanes) {
    lane.restMs = 0;
    wake(node, lane.direction);
  }
}
