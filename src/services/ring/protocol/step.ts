import { acknowledge, acknowledgeAll, release } from './custody.ts';
import type { Effect } from './effect.ts';
import type { NodeEvent, Recovered } from './event.ts';
import { type Direction, type Frame, FrameType, frameOf } from './frame.ts';
import { hearPurge, hearView, purgeRecorded } from './installation.ts';
import {
  checkLink,
  closed,
  connected,
  hearOf,
  hello,
  type LinkNews,
  receive,
  reconcile,
  redial,
  welcome,
} from './links.ts';
import {
  closeGap,
  departIfFree,
  hearBeacon,
  hearJoin,
  hearLeave,
  leave,
  neighbourLost,
  neighbourUp,
  seekRing,
} from './membership.ts';
import {
  abandon,
  checkTokens,
  decide,
  gatherFrom,
  hastenClaim,
  hearClaim,
  hearReport,
  settled,
} from './recovery.ts';
import { copied, markKey, relay } from './relay.ts';
import { type NodeState, type Peer, type StateName, setTimer, states } from './state.ts';
import { type Action, type Occurrence, table } from './table.ts';
import { announceAgain, exit, finishIfAcknowledged, stop, terminate } from './termination.ts';
import { enqueue, readAhead, takeToken, wake } from './transmission.ts';

/** What an action gets: the peer and the frame, or for a timer its key in `frame.message`. */
type Perform = (node: NodeState, peer: Peer | undefined, frame: Frame) => void;

/** An action for which the peer is known: every numbered frame and every link has one. */
function withPeer(perform: (node: NodeState, peer: Peer, frame: Frame) => void): Perform {
  return (node, peer, frame) => {
    if (peer !== undefined) perform(node, peer, frame);
  };
}

const noteLack = withPeer((node, peer, frame) => {
  release(node, peer, frame.linkNumber);
  peer.operational = frame.view !== 0;
});

const perform: Record<Action, Perform> = {
  drop: () => {},
  answer: (node, _, frame) => hello(node, frame.message, frame),
  greet: (node, _, frame) => told(node, welcome(node, frame.message, frame)),
  release: noteLack,
  releaseGather: withPeer((node, peer, frame) => {
    noteLack(node, peer, frame);
    gatherFrom(node, peer);
  }),
  releaseFinish: (node, peer, frame) => {
    noteLack(node, peer, frame);
    finishIfAcknowledged(node);
  },
  take: (node, _, frame) => {
    if (frame.epoch === node.promised) takeToken(node, frame);
  },
  relay: (node, _, frame) => {
    if (frame.epoch === node.promised) relay(node, frame);
  },
  report: (node, _, frame) => hearReport(node, frame),
  claim: withPeer(hearClaim),
  purge: (node, _, frame) => hearPurge(node, frame),
  view: (node, _, frame) => hearView(node, frame),
  beacon: (node, _, frame) => hearBeacon(node, frame),
  join: withPeer((node, peer) => hearJoin(node, peer)),
  depart: withPeer((node, peer) => hearLeave(node, peer)),
  term: (node, peer, frame) => terminate(node, `node ${frame.source} ends the ring`, peer),
  dial: withPeer(redial),
  checkLink: withPeer((node, peer) => told(node, [peer, checkLink(node, peer)])),
  acknowledge: (node) => acknowledgeAll(node),
  checkTokens: (node) => checkTokens(node),
  abandon: (node) => abandon(node),
  decide: (node) => decide(node),
  settle: (node) => settled(node),
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

/** The table with functions for names, and numbers for the types of frames: no look-up by text for a frame. */
const frameNames = Object.entries(FrameType);
const performers = Object.fromEntries(
  states.map((state) => {
    const row: Perform[] = [];
    for (const [name, type] of frameNames) row[type] = perform[table[state][name as Occurrence]];
    return [state, row];
  }),
) as Record<StateName, Perform[]>;

function occur(node: NodeState, occurrence: Occurrence, peer: Peer | undefined, frame: Frame): void {
  perform[table[node.state][occurrence]](node, peer, frame);
}

/** A link of a peer has come up, or the peer cannot be reached. */
function told(node: NodeState, news: [Peer, LinkNews] | undefined): void {
  if (news === undefined || news[1] === 'none') return;
  const [peer, what] = news;
  if (what === 'up') occur(node, 'link up', peer, nothing);
  else occur(node, 'peer lost', peer, nothing);
  if (node.refusedAt === node.at && node.at - node.refusedSince >= node.timing.duplicate) {
    exit(node, 1, `another process uses the ID ${node.id}: give this one an ID of its own`);
  }
}

const nothing = frameOf(FrameType.LACK);

/**
 * One step of a node: what has happened, in; what is to be done, out. The node changes in place. Nothing else is read or
 * changed, no clock and no randomness, so the same events make the same effects.
 */
export function step(node: NodeState, event: NodeEvent): Effect[] {
  const effects: Effect[] = [];
  node.effects = effects;
  if (node.state === 'ended') return effects;
  node.at = event.at;
  switch (event.type) {
    case 'frame':
      hear(node, event.link, event.frame);
      break;
    case 'timer': {
      const peer = node.peers.get(event.key);
      occur(node, `timer ${event.timer}`, peer, { ...nothing, message: event.key });
      break;
    }
    case 'synced':
      node.syncedRecord = Math.max(node.syncedRecord, event.id);
      purgeRecorded(node);
      copied(node);
      break;
    case 'connected':
      connected(node, event.link);
      break;
    case 'accepted':
      node.links.set(event.link, undefined);
      break;
    case 'closed':
      told(node, closed(node, event.link, event.refused));
      break;
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

function hear(node: NodeState, link: number, frame: Frame): void {
  const { type } = frame;
  try {
    if (type === FrameType.TOKEN || type === FrameType.DATA) {
      const peer = receive(node, link, frame);
      if (peer === undefined) return;
      performers[node.state][type]?.(node, peer, frame);
      acknowledge(node, peer, false);
      return;
    }
    if (type === FrameType.LACK) {
      const peer = node.links.get(link);
      if (peer?.out !== link || peer.outState !== 'up') return;
      hearOf(node, frame.epoch);
      performers[node.state][type]?.(node, peer, frame);
    } else if (type === FrameType.HELLO || type === FrameType.WELCOME) {
      if (!node.links.has(link)) return;
      performers[node.state][type]?.(node, undefined, { ...frame, message: link });
    } else {
      const peer = receive(node, link, frame);
      if (peer === undefined) return;
      hearOf(node, frame.epoch);
      performers[node.state][type]?.(node, peer, frame);
      acknowledge(node, peer, true);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    node.effects.push({ type: 'close', link });
    told(node, closed(node, link, false));
  }
}

function start(node: NodeState, instance: number, recovered: Recovered): void {
  node.instance = instance;
  node.incarnation = recovered.incarnation;
  node.promised = recovered.epoch;
  node.highest = recovered.epoch;
  node.viewNumber = recovered.view;
  node.finishedThrough = recovered.finishedThrough;
  for (const number of recovered.finishedBeyond) node.finishedBeyond.add(number);
  for (const { source, incarnation, stream, message } of recovered.marks) {
    node.marks.set(markKey(source, incarnation, stream), { message, recordId: 0 });
  }
  reconcile(node, true);
  readAhead(node);
  setTimer(node, 'claim', node.timing.settle);
}
