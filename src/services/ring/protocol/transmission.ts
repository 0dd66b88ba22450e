import type { Message } from './event.ts';
import { type Direction, Flag, type Frame, FrameType, frameOf, STREAM_SHIFT } from './frame.ts';
import { append, coordinatorOf, type Lane, type NodeState, type Outgoing, report } from './state.ts';
import { terminate } from './termination.ts';
import { passToken, rests } from './token.ts';
import { arrive, onward } from './travel.ts';

/** A node's turn: a token arrives, messages go out and come back, the token leaves. */

/** Messages read ahead from the file. */
const READ_AHEAD = 128;

/** A message that nobody recognises is tried at least this often before it is given up. */
const LEAST_ATTEMPTS = 3;

export function takeToken(node: NodeState, arrived: Frame): void {
  const frame = arrive(node, arrived);
  if (frame === undefined) return;
  const lane = node.lanes[(frame.flags & Flag.COUNTER) === 0 ? 0 : 1];
  if (lane.held || frame.token <= lane.token) return;
  if (lane.takenAt > 0) lane.rotation += (node.at - lane.takenAt - lane.rotation) / 8;
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

/** A rested token: its time is over, or something to send has come. */
export function wake(node: NodeState, direction: Direction): void {
  const lane = node.lanes[direction];
  if (lane.held && lane.resting) useToken(node, lane);
}

/**
 * Sends up to W messages. The first of the file go first, but none goes before an earlier one of the same stream and
 * destination that waits, or that is out with the other token.
 */
function transmit(node: NodeState, lane: Lane): void {
  const behind = new Set<number>();
  const previous = new Map<number, number>();
  for (const message of node.queue) {
    if (lane.inFlight.length >= node.window) break;
    const key = message.stream * 65_536 + message.destination;
    if (behind.has(key)) continue;
    const mine = node.view?.wrapped === true || message.stream === 2 || message.stream === lane.direction;
    const retry = node.retries.get(message.destination);
    if (message.inFlight || !mine || (retry !== undefined && retry.until > node.at)) {
      behind.add(key);
      continue;
    }
    message.inFlight = true;
    lane.inFlight.push(message);
    node.counts.sent++;
    onward(
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
  if ((frame.flags & Flag.COPIED) !== 0) finish(node, message, 'done');
  else tryAgain(node, message, (frame.flags & Flag.RECOGNISED) !== 0);
  if (lane.inFlight.length === 0 && lane.held) passToken(node, lane);
}

function tryAgain(node: NodeState, message: Outgoing, recognised: boolean): void {
  const { again, giveUp } = node.timing;
  const { destination } = message;
  const retry = node.retries.get(destination) ?? {
    until: 0,
    pause: 0,
    attempts: 0,
    unrecognisedSince: node.at,
  };
  node.retries.set(destination, retry);
  retry.pause = Math.min(16 * again, Math.max(again, 2 * retry.pause));
  retry.until = node.at + retry.pause;
  if (recognised) {
    retry.attempts = 0;
    retry.unrecognisedSince = node.at;
    return;
  }
  retry.attempts++;
  const patience = destination === node.id || node.peers.has(destination) ? giveUp : 0;
  if (retry.attempts >= LEAST_ATTEMPTS && node.at - retry.unrecognisedSince >= patience) {
    finish(node, message, 'undeliverable');
  }
}

function finish(node: NodeState, message: Outgoing, outcome: 'done' | 'undeliverable'): void {
  const { number, destination } = message;
  node.queue.splice(node.queue.indexOf(message), 1);
  append(node, { type: 'finished', message: number, outcome }, false);
  if (outcome === 'done') {
    node.counts.done++;
    node.retries.delete(destination);
    report(node, { type: 'done', message: number, destination });
  } else {
    node.counts.undeliverable++;
    report(node, { type: 'undeliverable', message: number, destination, uncertain: message.uncertain });
  }
  readAhead(node);
}

export function readAhead(node: NodeState): void {
  if (node.reading || node.endOfFile || node.departing || node.queue.length > READ_AHEAD / 2) return;
  node.reading = true;
  node.effects.push({ type: 'read', count: READ_AHEAD - node.queue.length });
}

/** Messages from the file; those that had their outcome before a restart are left out. */
export function enqueue(node: NodeState, messages: readonly Message[], end: boolean): void {
  node.reading = false;
  node.endOfFile = end;
  for (const message of messages) {
    if (message.number <= node.finishedThrough || node.finishedBeyond.delete(message.number)) continue;
    node.queue.push({ ...message, inFlight: false, uncertain: false });
  }
  readAhead(node);
  wake(node, 0);
  wake(node, 1);
}

/** A purge: tokens are forgotten, and whether the messages in flight have arrived is not known. */
export function resetLanes(node: NodeState): void {
  for (const lane of node.lanes) {
    for (const message of lane.inFlight) {
      message.inFlight = false;
      message.uncertain = true;
    }
    lane.inFlight = [];
    lane.held = false;
    lane.resting = false;
    lane.flags = 0;
    lane.token = 0;
    lane.takenAt = 0;
    lane.activeAt = node.at;
    lane.rotation = 0;
  }
  node.idleLaps = 0;
}
