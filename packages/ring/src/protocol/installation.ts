import { Flag, type Frame, FrameType, frameOf } from './frame.ts';
import { forgetAbsentGuests } from './guests.ts';
import type { Lane } from './lane.ts';
import { reconcile } from './links.ts';
import { decodeMembers } from './payload.ts';
import { arrive, sendOnward, setNeighbours } from './routing.ts';
import { append, clearTimer, enter, type NodeState, report, setTimer } from './state.ts';
import { excludeTimeWithoutRing, useToken } from './transmission.ts';

/** The two laps that install a view: PURGE, after which nothing older is left, and VIEW, after which the tokens are made. */

/** Takes the neighbours from a purge, and records the epoch; the purge is passed on when that is on disk. */
export function adopt(node: NodeState, purge: Frame): void {
  const members = decodeMembers(purge.payload);
  const self = members.find((member) => member.id === node.id);
  if (self?.instance !== node.instance) return;
  const { view: number, epoch } = purge;
  setNeighbours(node, {
    number,
    epoch,
    members,
    wrapped: (purge.flags & Flag.WRAPPED) !== 0,
    monitor: purge.source,
  });
  enter(node, 'purging', `node ${purge.source} purges`);
  node.viewNumber = number;
  node.purge = purge;
  clearTimer(node, 'settle');
  node.epochRecord = append(node, { type: 'epoch', epoch, view: number }, true);
}

/** The epoch is on disk: the purge goes on. */
export function purgeRecorded(node: NodeState): void {
  const { purge } = node;
  if (node.state !== 'purging' || purge === undefined || node.epochRecord > node.syncedRecord) return;
  node.purge = undefined;
  forward(node, purge);
}

function forward(node: NodeState, frame: Frame): void {
  if (frame.hops === 0) sendOnward(node, { ...frame, hops: 1 });
  else {
    const mine = arrive(node, frame);
    if (mine !== undefined) sendOnward(node, mine);
  }
}

export function receivePurge(node: NodeState, frame: Frame): void {
  if (frame.epoch !== node.promised) return;
  if (node.state === 'promised') adopt(node, frame);
  else if (frame.source !== node.id) forward(node, frame);
  else if (arrive(node, frame) !== undefined) announceView(node, frame);
}

/** The purge is back: nothing older is left anywhere. The second lap goes the other way, so both ways are proven. */
function announceView(node: NodeState, purge: Frame): void {
  const { view, epoch, source, payload } = purge;
  const flags = (purge.flags & Flag.WRAPPED) !== 0 ? Flag.WRAPPED : Flag.COUNTER;
  sendOnward(node, frameOf(FrameType.VIEW, { flags, view, epoch, source, payload, hops: 1 }));
}

export function receiveView(node: NodeState, frame: Frame): void {
  if (frame.epoch !== node.promised) return;
  if (frame.source !== node.id) {
    forward(node, frame);
    if (node.state !== 'ring') install(node);
  } else if (arrive(node, frame) !== undefined && node.state === 'purging') {
    install(node);
    for (const lane of lanesInUse(node)) {
      lane.held = true;
      useToken(node, lane);
    }
  }
}

export function lanesInUse(node: NodeState): Lane[] {
  return node.view?.wrapped === true ? [node.lanes[0]] : [...node.lanes];
}

function install(node: NodeState): void {
  const { view, timing } = node;
  if (view === undefined) return;
  enter(node, 'ring', `view ${view.number}`);
  excludeTimeWithoutRing(node);
  node.installedAt = node.at;
  node.retryPauseMs = timing.retryMs;
  node.earliestJoinAt = node.at;
  node.refusedAt = Number.NEGATIVE_INFINITY;
  node.counts.views++;
  for (const lane of node.lanes) lane.activeAt = node.at;
  forgetAbsentGuests(node);
  reconcile(node, true);
  const { number, epoch, wrapped } = view;
  report(node, { type: 'view', view: number, epoch, members: view.members.map(({ id }) => id), wrapped });
  if (wrapped) {
    setTimer(node, 'claim', node.healPauseMs);
    node.healPauseMs = Math.min(64 * timing.retryMs, 2 * node.healPauseMs);
  } else node.healPauseMs = timing.retryMs;
  setTimer(node, 'token', timing.lossMs);
}
