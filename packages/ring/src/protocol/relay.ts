import { BROADCAST, Flag, type Frame, setCopied, setRecognised, streamOf } from './frame.ts';
import { arrive, sendOnward } from './routing.ts';
import { append, type NodeState, report } from './state.ts';
import { returned } from './transmission.ts';

/** A message arrives: it is copied if it is for this node, and passed on; or it is back at its origin. */

/** How many messages may wait for this node's disk; further ones are recognised but not copied. */
const MAX_WAITING = 1024;

const INCARNATIONS = 2 ** 32;

export function markKey(source: number, incarnation: number, stream: number): number {
  return (source * 4 + stream) * INCARNATIONS + incarnation;
}

export function relay(node: NodeState, arrived: Frame): void {
  if (arrived.hops > 2 * (node.view?.members.length ?? 0)) {
    strip(node, arrived);
    return;
  }
  const frame = arrive(node, arrived);
  if (frame === undefined) return;
  const lane = node.lanes[(frame.flags & Flag.COUNTER) === 0 ? 0 : 1];
  lane.activeAt = node.at;
  if (node.view?.monitor === node.id && frame.source !== node.id) {
    if ((frame.flags & Flag.MONITOR) !== 0) {
      strip(node, frame);
      return;
    }
    frame.flags |= Flag.MONITOR;
  }
  if (isFor(node, frame)) copy(node, frame);
  else proceed(node, frame);
}

function strip(node: NodeState, frame: Frame): void {
  report(node, { type: 'stripped', source: frame.source, message: frame.message });
}

function proceed(node: NodeState, frame: Frame): void {
  if (frame.source !== node.id) sendOnward(node, frame);
  else returned(node, node.lanes[(frame.flags & Flag.COUNTER) === 0 ? 0 : 1], frame);
}

/**
 * The message goes to disk, and only then on, with its copied bit. One that is there already gets the bit; one whose
 * predecessor is missing does not, so that the order is kept.
 */
function copy(node: NodeState, frame: Frame): void {
  setRecognised(frame);
  const { source, incarnation, message, payload } = frame;
  const stream = streamOf(frame);
  const key = markKey(source, incarnation, stream);
  let mark = node.marks.get(key);
  if (mark === undefined) {
    mark = { message: 0, recordId: 0 };
    node.marks.set(key, mark);
  }
  if (message > mark.message) {
    if (frame.previous > mark.message || node.waiting.length >= MAX_WAITING) {
      proceed(node, frame);
      return;
    }
    mark.message = message;
    mark.recordId = append(node, { type: 'delivered', source, incarnation, stream, message, payload }, true);
    node.counts.delivered++;
  }
  if (mark.recordId <= node.syncedRecord) {
    setCopied(frame);
    proceed(node, frame);
  } else {
    node.waiting.push({ id: mark.recordId, frame });
  }
}

/** Records up to `id` are on disk: the messages that waited for them go on, if their epoch is still the present one. */
export function recordsSynced(node: NodeState): void {
  while (node.waiting.length > 0 && (node.waiting[0]?.id ?? 0) <= node.syncedRecord) {
    const frame = node.waiting.shift()?.frame;
    if (frame === undefined || node.state !== 'ring' || frame.epoch !== node.promised) continue;
    setCopied(frame);
    proceed(node, frame);
  }
}

/** Whether this node is to copy a message. */
export function isFor(node: NodeState, frame: Frame): boolean {
  return streamOf(frame) === BROADCAST ? frame.source !== node.id : frame.destination === node.id;
}
