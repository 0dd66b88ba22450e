import type { Effect } from './effect.ts';
import type { NodeEvent, Recovered } from './event.ts';
import { type Direction, Flag, type Frame, FrameType, frameOf } from './frame.ts';
import { linkConnected, noteEpoch, receiveHello, receiveWelcome } from './handshake.ts';
import { purgeRecorded, receivePurge, receiveView } from './installation.ts';
import {
  checkLink,
  type LinkChange,
  linkClosed,
  receiveNumbered,
  receivePart,
  reconcile,
  reconnect,
} from './links.ts';
import {
  closeGap,
  departIfFree,
  leave,
  neighbourLost,
  neighbourUp,
  receiveBeacon,
  receiveJoin,
  receiveLeave,
  seekRing,
} from './membership.ts';
import { noteLongFrame, receiveNotice } from './notice.ts';
import type { Peer } from './peer.ts';
import { abandon, checkTokens, hastenClaim, receiveClaim } from './recovery.ts';
import { markKey, recordsSynced, relay } from './relay.ts';
import { decide, gatherFrom, receiveReport, reportReached } from './reports.ts';
import { type NodeState, type StateName, setTimer, states } from './state.ts';
import { type Action, type Occurrence, table } from './table.ts';
import { announceAgain, exit, finishIfAcknowledged, stop, terminate } from './termination.ts';
import { enqueue, readAhead, takeToken, wake, wakeAll } from './transmission.ts';
import { acknowledge, acknowledgeAll, release } from './unacknowledged.ts';

/** An action. For a timer `frame.message` is its key, for HELLO and WELCOME the link. */
type Perform = (node: NodeState, peer: Peer | undefined, frame: Frame) => void;

/** An action for which the peer is known: every numbered frame and every link has one. */
function withPeer(perform: (node: NodeState, peer: Peer, frame: Frame) => void): Perform {
  return (node, peer, frame) => {
    if (peer !== undefined) perform(node, peer, frame);
  };
}

const noteAck = withPeer((node, peer, frame) => {
  release(node, peer, frame.linkNumber);
  if ((frame.flags & Flag.PARTIAL) !== 0 && peer.unacknowledged.length > 0) {
    peer.progressAt = node.at;
    noteLongFrame(node, peer, false);
  }
  peer.operational = frame.view !== 0;
});

const perform: Record<Action, Perform> = {
  drop: () => {},
  answer: (node, _, frame) => receiveHello(node, frame.message, frame),
  greet: (node, _, frame) => linkChanged(node, receiveWelcome(node, frame.message, frame)),
  release: noteAck,
  releaseGather: withPeer((node, peer, frame) => {
    noteAck(node, peer, frame);
    gatherFrom(node, peer);
  }),
  releaseFinish: (node, peer, frame) => {
    noteAck(node, peer, frame);
    finishIfAcknowledged(node);
  },
  take: (node, _, frame) => {
    if (frame.epoch === node.promised) takeToken(node, frame);
  },
  relay: (node, _, frame) => {
    if (frame.epoch === node.promised) relay(node, frame);
  },
  report: (node, _, frame) => receiveReport(node, frame),
  notice: withPeer((node, peer, frame) => {
    if (receiveNotice(node, peer, frame)) wakeAll(node);
  }),
  claim: withPeer(receiveClaim),
  purge: (node, _, frame) => receivePurge(node, frame),
  view: (node, _, frame) => receiveView(node, frame),
  beacon: (node, _, frame) => receiveBeacon(node, frame),
  join: withPeer((node, peer) => receiveJoin(node, peer)),
  depart: withPeer((node, peer) => receiveLeave(node, peer)),
  term: (node, peer, frame) => terminate(node, `node ${frame.source} ends the ring`, peer),
  connect: withPeer(reconnect),
  checkLink: withPeer((node, peer) => linkChanged(node, [peer, checkLink(node, peer)])),
  acknowledge: (node) => acknowledgeAll(node),
  checkTokens: (node) => checkTokens(node),
  abandon: (node) => abandon(node),
  decide: (node) => decide(node),
  settle: (node) => reportReached(node),
  seek: (node) => seekRing(node),
  closeGap: (node) => closeGap(node),
  wake: (node, _, frame) => {
    if (frame.message <= 1) wake(node, frame.message as Direction);
  },
  exit: (node) => exit(node, 0, node.state === 'leaving' ? 'left the ring' : 'the ring has ended'),
  gather: withPeer((node, peer) => gatherFrom(node, peer)),
  neighbourUp: withPeer((node, peer) => neighbourUp(node, peer)),
  neighbourLost: withPeer((node, peer) => neighbourLost(node, peer)),
  seekSoon: (node) => hastenClaim(node),
  announce: withPeer((node, peer) => announceAgain(node, peer)),
  finish: (node) => finishIfAcknowledged(node),
};

/** The rows of the table for frames, by the number of the type: no look-up by text for each frame. */
const frameNames = Object.entries(FrameType);
const actionsByType = Object.fromEntries(
  states.map((state) => {
    const row: Perform[] = [];
    for (const [name, type] of frameNames) row[type] = perform[table[state][name as Occurrence]];
    return [state, row];
  }),
) as Record<StateName, Perform[]>;

function dispatch(node: NodeState, occurrence: Occurrence, peer: Peer | undefined, frame: Frame): void {
  perform[table[node.state][occurrence]](node, peer, frame);
}

/** A link of a peer has come up, or the peer cannot be reached. */
function linkChanged(node: NodeState, news: [Peer, LinkChange] | undefined): void {
  if (news === undefined || news[1] === 'none') return;
  const [peer, what] = news;
  if (what === 'up') dispatch(node, 'link up', peer, nothing);
  else dispatch(node, 'peer lost', peer, nothing);
  if (node.refusedAt === node.at && node.at - node.refusedSince >= node.timing.duplicateMs) {
    exit(node, 1, `another process uses the ID ${node.id}: give this one an ID of its own`);
  }
}

const nothing = frameOf(FrameType.ACK);

/**
 * One step of a node: takes an event, returns the effects. The node changes in place. Nothing else is read or changed, no
 * clock and no randomness, so the same events have the same effects.
 */
export function step(node: NodeState, event: NodeEvent): Effect[] {
  const effects: Effect[] = [];
  node.effects = effects;
  if (node.state === 'ended') return effects;
  node.at = event.at;
  switch (event.type) {
    case 'frame':
      receiveFrame(node, event.link, event.frame);
      break;
    case 'timer': {
      const peer = node.peers.get(event.key);
      dispatch(node, `timer ${event.timer}`, peer, { ...nothing, message: event.key });
      break;
    }
    case 'synced':
      node.syncedRecord = Math.max(node.syncedRecord, event.id);
      purgeRecorded(node);
      recordsSynced(node);
      break;
    case 'connected':
      linkConnected(node, event.link);
      break;
    case 'accepted':
      node.links.set(event.link, undefined);
      break;
    case 'closed':
      linkChanged(node, linkClosed(node, event.link, event.refused));
      break;
    case 'partial': {
      const peer = receivePart(node, event.link);
      if (peer !== undefined) noteLongFrame(node, peer, true);
      break;
    }
    case 'messages':
      enqueue(node, event.messages, event.end);
      break;
    case 'start':
      start(node, event.instance, event.recovered);
      break;
    case 'stop':
      stop(node, event.now);
      break;
    case 'leave':
      leave(node);
      break;
  }
  if (node.departing) departIfFree(node);
  return effects;
}

function receiveFrame(node: NodeState, link: number, frame: Frame): void {
  const { type } = frame;
  try {
    if (type === FrameType.TOKEN || type === FrameType.DATA) {
      const peer = receiveNumbered(node, link, frame);
      if (peer === undefined) return;
      actionsByType[node.state][type]?.(node, peer, frame);
      acknowledge(node, peer, false);
      return;
    }
    if (type === FrameType.ACK) {
      const peer = node.links.get(link);
      if (peer?.out !== link || peer.outState !== 'up') return;
      noteEpoch(node, frame.epoch);
      actionsByType[node.state][type]?.(node, peer, frame);
    } else if (type === FrameType.HELLO || type === FrameType.WELCOME) {
      if (!node.links.has(link)) return;
      actionsByType[node.state][type]?.(node, undefined, { ...frame, message: link });
    } else {
      const peer = receiveNumbered(node, link, frame);
      if (peer === undefined) return;
      noteEpoch(node, frame.epoch);
      actionsByType[node.state][type]?.(node, peer, frame);
      acknowledge(node, peer, true);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    node.effects.push({ type: 'close', link });
    linkChanged(node, linkClosed(node, link, false));
  }
}

function start(node: NodeState, instance: number, recovered: Recovered): void {
  node.instance = instance;
  node.incarnation = recovered.incarnation;
  node.promised = recovered.epoch;
  node.highest = recovered.epoch;
  node.viewNumber = recovered.view;
  node.finishedThrough = recovered.finishedThrough;
  node.uncertainThrough = recovered.uncertainThrough;
  for (const number of recovered.finishedBeyond) node.finishedBeyond.add(number);
  for (const { source, incarnation, stream, message } of recovered.marks) {
    node.marks.set(markKey(source, incarnation, stream), { message, recordId: 0 });
  }
  reconcile(node, true);
  readAhead(node);
  setTimer(node, 'claim', node.timing.settleMs);
}
