import { type Frame, FrameType, following, frameOf, newest } from './frame.ts';
import { addGuest } from './guests.ts';
import { closeIn, closeOut, connect, type LinkChange, lost, reconcile, watch } from './links.ts';
import type { Address } from './options.ts';
import { decodeAnswer, decodeGreeting, encodeAnswer, encodeGreeting, Status, statusText } from './payload.ts';
import type { Peer } from './peer.ts';
import { type NodeState, report } from './state.ts';
import { dropUnacknowledged, release, resend } from './unacknowledged.ts';

/** The first frames of a link: HELLO from the node that has connected, WELCOME from the other one. */

export function linkConnected(node: NodeState, link: number): void {
  const peer = node.links.get(link);
  if (peer === undefined || peer.out !== link) return;
  peer.outState = 'greeting';
  const hello = frameOf(FrameType.HELLO, {
    source: node.id,
    destination: peer.id,
    epoch: node.highest,
    incarnation: node.incarnation,
    linkNumber: (peer.unacknowledged[0]?.linkNumber ?? peer.next) - 1,
    payload: encodeGreeting({
      instance: node.instance,
      fingerprint: node.fingerprint,
      address: node.address,
    }),
  });
  node.effects.push({ type: 'send', link, frame: hello });
}

/** HELLO on an accepted link. */
export function receiveHello(node: NodeState, link: number, frame: Frame): void {
  const greeting = decodeGreeting(frame.payload);
  const { address } = greeting;
  const peer =
    address === undefined || greeting.fingerprint !== node.fingerprint
      ? node.peers.get(frame.source)
      : addGuest(node, frame.source, address);
  const status = statusFor(node, peer, greeting.instance, greeting.fingerprint, frame.source);
  if (status === Status.WELCOME) noteEpoch(node, frame.epoch);
  const received =
    peer !== undefined && peer.inInstance === greeting.instance
      ? newest(peer.received, frame.linkNumber)
      : frame.linkNumber;
  const welcome = frameOf(FrameType.WELCOME, {
    source: node.id,
    destination: frame.source,
    epoch: node.highest,
    view: node.state === 'ring' ? node.viewNumber : 0,
    incarnation: node.incarnation,
    linkNumber: received,
    payload: encodeAnswer({
      instance: node.instance,
      fingerprint: node.fingerprint,
      status,
      operational: node.state === 'ring',
    }),
  });
  node.effects.push({ type: 'send', link, frame: welcome });
  if (status !== Status.WELCOME || peer === undefined) {
    if (status === Status.ID_TAKEN) report(node, { type: 'duplicate-id', peer: frame.source });
    node.effects.push({ type: 'close', link });
    node.links.delete(link);
    return;
  }
  if (peer.in !== link) closeIn(node, peer);
  peer.in = link;
  peer.inInstance = greeting.instance;
  peer.received = received;
  peer.toAcknowledge = 0;
  peer.receivedAt = node.at;
  node.links.set(link, peer);
  if (address !== undefined) updateAddress(node, peer, address);
  if (peer.departed) {
    peer.departed = false;
    reconcile(node, false);
  }
}

/** A guest that is started again may listen at another address. */
function updateAddress(node: NodeState, peer: Peer, { host, port }: Address): void {
  const { address } = peer;
  if (address === undefined || (address.host === host && address.port === port)) return;
  peer.address = { host, port };
  closeOut(node, peer);
  reconcile(node, true);
}

/**
 * The answer to a HELLO. Two processes may use one ID. The one that answers at the ID's configured address is the right
 * one, and so is the one that the present view names; any other is refused. While neither is known the first stays, and
 * this node connects to the address to find out: if the newcomer is the right one, it tries again. A link that has been
 * silent for too long does not count.
 */
function statusFor(
  node: NodeState,
  peer: Peer | undefined,
  instance: number,
  fingerprint: number,
  id: number,
): number {
  if (fingerprint !== node.fingerprint) return Status.OTHER_RING;
  if (id === node.id) return Status.ID_TAKEN;
  if (peer === undefined) return Status.UNKNOWN_ID;
  if (node.state === 'leaving' || node.state === 'stopping') return Status.ENDING;
  if (peer.outState === 'up') return peer.instance === instance ? Status.WELCOME : Status.ID_TAKEN;
  const { deadMs } = node.timing;
  const otherInstance = peer.in >= 0 && peer.inInstance !== instance && node.at - peer.receivedAt < deadMs;
  if (otherInstance || (peer.instance !== instance && node.at - peer.answeredAt < deadMs)) {
    connect(node, peer);
    return Status.ID_TAKEN;
  }
  if (node.state === 'apart' || node.state === 'frozen') return Status.WELCOME;
  const member = node.view?.members.find((each) => each.id === id);
  return member !== undefined && member.instance !== instance ? Status.ID_TAKEN : Status.WELCOME;
}

/** WELCOME on a link that this node has connected. */
export function receiveWelcome(node: NodeState, link: number, frame: Frame): [Peer, LinkChange] | undefined {
  const peer = node.links.get(link);
  if (peer === undefined || peer.out !== link || peer.outState !== 'greeting') return undefined;
  const answer = decodeAnswer(frame.payload);
  if (answer.fingerprint !== node.fingerprint && answer.status === Status.WELCOME) {
    answer.status = Status.OTHER_RING;
  }
  if (answer.status !== Status.WELCOME) {
    if (answer.status === Status.ID_TAKEN) answered(node, peer, answer.instance);
    if (answer.status !== Status.ENDING) {
      report(node, { type: 'refused', peer: peer.id, reason: statusText[answer.status] ?? 'unknown' });
    }
    if (answer.status === Status.ID_TAKEN) noteIdTaken(node);
    return [peer, lost(node, peer)];
  }
  noteEpoch(node, frame.epoch);
  const restarted = peer.instance !== 0 && peer.instance !== answer.instance;
  peer.operational = answer.operational;
  if (restarted) {
    dropUnacknowledged(node, peer);
    peer.claimNumber = 0;
  } else release(node, peer, frame.linkNumber);
  if (peer.unacknowledged.length === 0) peer.next = following(frame.linkNumber);
  answered(node, peer, answer.instance);
  peer.outState = 'up';
  peer.pauseMs = 0;
  peer.failed = false;
  peer.progressAt = node.at;
  peer.sentAt = node.at;
  resend(node, peer);
  watch(node, peer);
  return [peer, 'up'];
}

/**
 * The process that answers at an ID's address is the right one, even if it refuses this one as long as it does not know
 * better: a link of another process with that ID is closed.
 */
function answered(node: NodeState, peer: Peer, instance: number): void {
  peer.instance = instance;
  peer.answeredAt = node.at;
  if (peer.in >= 0 && peer.inInstance !== instance) closeIn(node, peer);
}

/** This node's ID is refused: at first because a former process is not known to be dead, later because of another one. */
function noteIdTaken(node: NodeState): void {
  if (node.at - node.refusedAt > node.timing.duplicateMs) node.refusedSince = node.at;
  node.refusedAt = node.at;
}

/**
 * Records an epoch that a peer has named: the next claim goes above it. Only welcomed peers are believed, and no epoch that is so far
 * ahead of the promised one that a claim above it might seem older.
 */
export function noteEpoch(node: NodeState, epoch: number): void {
  const near = node.promised === 0 || (epoch - node.promised) >>> 0 < MAX_EPOCH_LEAD;
  if (near) node.highest = newest(node.highest, epoch);
}

const MAX_EPOCH_LEAD = 2 ** 30;
