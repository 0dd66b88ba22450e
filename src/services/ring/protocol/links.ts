import { accept, acknowledge, dropCustody, release, resend, sendTo } from './custody.ts';
import { type Frame, FrameType, frameOf } from './frame.ts';
import { admit } from './guests.ts';
import type { Address } from './options.ts';
import { decodeAnswer, decodeGreeting, encodeAnswer, encodeGreeting, Status, statusText } from './payload.ts';
import { clearTimer, type NodeState, type Peer, report, setTimer } from './state.ts';

/**
 * Links: one to each peer that is wanted, dialled again with back-off. In a ring those are the two neighbours; a node that
 * is out of its ring, or makes a new one, dials everybody, because whom it reaches decides what the ring will be.
 */

/** What has become of a peer, for the recovery to act on. */
export type LinkNews = 'up' | 'lost' | 'none';

export function wanted(node: NodeState, peer: Peer): boolean {
  switch (node.state) {
    case 'ring':
      return peer === node.right || peer === node.left || peer === gapPartner(node) || peer.joining;
    case 'leaving':
    case 'stopping':
      return peer.custody.length > 0;
    case 'ended':
      return false;
    default:
      return !peer.departed;
  }
}

/** In a wrapped view, for the nodes at its two ends, the node on the other side of the gap. */
export function gapPartner(node: NodeState): Peer | undefined {
  if (node.view?.wrapped !== true) return undefined;
  const first = node.view.members[0]?.id ?? -1;
  const last = node.view.members.at(-1)?.id ?? -1;
  if (node.id === first) return node.peers.get(last);
  if (node.id === last) return node.peers.get(first);
  return undefined;
}

/** Dials what is wanted and ends what is not. `atOnce`: without waiting for a pause to end. */
export function reconcile(node: NodeState, atOnce: boolean): void {
  for (const peer of node.peers.values()) {
    if (wanted(node, peer)) {
      if (peer.outState === 'none' && (atOnce || peer.pause === 0)) dial(node, peer);
    } else if (node.state === 'ring' && peer.out >= 0) {
      closeOut(node, peer);
      dropCustody(node, peer);
      clearTimer(node, 'dial', peer.id);
      peer.pause = 0;
    }
  }
}

export function dial(node: NodeState, peer: Peer): void {
  if (peer.outState !== 'none') return;
  peer.out = node.nextLink;
  node.nextLink += 2;
  node.links.set(peer.out, peer);
  peer.outState = 'dialling';
  peer.dialledAt = node.at;
  node.effects.push({ type: 'dial', link: peer.out, peer: peer.id, address: peer.address });
  watch(node, peer);
}

export function connected(node: NodeState, link: number): void {
  const peer = node.links.get(link);
  if (peer === undefined || peer.out !== link) return;
  peer.outState = 'greeting';
  const hello = frameOf(FrameType.HELLO, {
    source: node.id,
    destination: peer.id,
    epoch: node.highest,
    incarnation: node.incarnation,
    linkNumber: (peer.custody[0]?.linkNumber ?? peer.next) - 1,
    payload: encodeGreeting({
      instance: node.instance,
      fingerprint: node.fingerprint,
      address: node.address,
    }),
  });
  node.effects.push({ type: 'send', link, frame: hello });
}

/** Ends the dialled link. */
export function closeOut(node: NodeState, peer: Peer): void {
  if (peer.out < 0) return;
  node.effects.push({ type: 'close', link: peer.out });
  forgetOut(node, peer);
}

function forgetOut(node: NodeState, peer: Peer): void {
  node.links.delete(peer.out);
  peer.out = -1;
  peer.outState = 'none';
  peer.operational = false;
  peer.joining = false;
  clearTimer(node, 'link', peer.id);
}

export function closeIn(node: NodeState, peer: Peer): void {
  if (peer.in < 0) return;
  node.effects.push({ type: 'close', link: peer.in });
  node.links.delete(peer.in);
  peer.in = -1;
}

/**
 * A link has ended. One that was up is dialled again at once: only when that fails too is the peer lost. A refused
 * connection says at once that no process is there. The announcement of the end has no other chance, so it is tried on.
 */
export function closed(node: NodeState, link: number, refused: boolean): [Peer, LinkNews] | undefined {
  const peer = node.links.get(link);
  node.links.delete(link);
  if (peer === undefined) return undefined;
  if (peer.in === link) {
    peer.in = -1;
    return undefined;
  }
  if (peer.out !== link) return undefined;
  const was = peer.outState;
  forgetOut(node, peer);
  const again = was === 'up' || (node.state === 'stopping' && !refused);
  if (again && wanted(node, peer)) {
    dial(node, peer);
    return undefined;
  }
  return [peer, lost(node, peer)];
}

/** The peer cannot be reached now: what was for it is given up, and it is dialled again after a pause. */
export function lost(node: NodeState, peer: Peer): LinkNews {
  closeOut(node, peer);
  dropCustody(node, peer);
  peer.failed = true;
  peer.reached = false;
  const { dialFirst, dialLast } = node.timing;
  peer.pause = Math.min(dialLast, Math.max(dialFirst, 2 * peer.pause));
  setTimer(node, 'dial', peer.pause, peer.id);
  return 'lost';
}

/** The `dial` timer of a peer. */
export function redial(node: NodeState, peer: Peer): void {
  if (wanted(node, peer)) dial(node, peer);
  else peer.pause = 0;
}

function watch(node: NodeState, peer: Peer): void {
  peer.watchedAt = node.at;
  setTimer(node, 'link', node.timing.resend / 2, peer.id);
}

/** The `link` timer of a peer: frames without LACK are sent again, a silent link is given up, a quiet one is proven. */
export function checkLink(node: NodeState, peer: Peer): LinkNews {
  if (peer.out < 0) return 'none';
  const { at, timing } = node;
  if (at - peer.watchedAt > timing.dead / 2) {
    // This process itself stood still: its inbox may be full of the acknowledgements that seem to be missing.
    peer.progressAt = at;
    peer.dialledAt = at;
    peer.sentAt = at;
  }
  if (peer.outState !== 'up') {
    if (at - peer.dialledAt >= timing.dead) return lost(node, peer);
  } else if (peer.custody.length > 0) {
    if (at - peer.progressAt >= timing.dead) return lost(node, peer);
    if (at - peer.sentAt >= timing.resend) resend(node, peer);
  } else if (at - peer.sentAt >= timing.prove) {
    sendTo(node, peer, frameOf(FrameType.PRESENT, { source: node.id, destination: peer.id }));
  }
  watch(node, peer);
  return 'none';
}

/** An epoch that others have heard of: the next claim goes above it. Only those who have been let in are believed. */
export function hearOf(node: NodeState, epoch: number): void {
  node.highest = Math.max(node.highest, epoch);
}

/** HELLO on an accepted link. */
export function hello(node: NodeState, link: number, frame: Frame): void {
  const greeting = decodeGreeting(frame.payload);
  const { address } = greeting;
  const peer =
    address === undefined || greeting.fingerprint !== node.fingerprint
      ? node.peers.get(frame.source)
      : admit(node, frame.source, address);
  const status = judge(node, peer, greeting.instance, greeting.fingerprint, frame.source);
  if (status === Status.WELCOME) hearOf(node, frame.epoch);
  const received =
    peer !== undefined && peer.inInstance === greeting.instance
      ? Math.max(peer.received, frame.linkNumber)
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
  peer.unacknowledged = 0;
  peer.heardAt = node.at;
  node.links.set(link, peer);
  if (address !== undefined) moved(node, peer, address);
  if (peer.departed) {
    peer.departed = false;
    reconcile(node, false);
  }
}

/** A guest may listen somewhere else when it is started again. */
function moved(node: NodeState, peer: Peer, { host, port }: Address): void {
  const { address } = peer;
  if (address === undefined || (address.host === host && address.port === port)) return;
  peer.address = { host, port };
  closeOut(node, peer);
  reconcile(node, true);
}

/**
 * Two processes may claim one ID. The one that answers at the ID's configured address is the right one, and so is the one
 * that the present view names; any other is refused. While neither is known the first stays, and the address is dialled to
 * find out: if the newcomer is the right one, it comes again. A link that has been silent for too long does not count.
 */
function judge(
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
  const { dead } = node.timing;
  const unlike = peer.in >= 0 && peer.inInstance !== instance && node.at - peer.heardAt < dead;
  if (unlike || (peer.instance !== instance && node.at - peer.answeredAt < dead)) {
    dial(node, peer);
    return Status.ID_TAKEN;
  }
  if (node.state === 'apart' || node.state === 'frozen') return Status.WELCOME;
  const member = node.view?.members.find((each) => each.id === id);
  return member !== undefined && member.instance !== instance ? Status.ID_TAKEN : Status.WELCOME;
}

/** WELCOME on a dialled link. */
export function welcome(node: NodeState, link: number, frame: Frame): [Peer, LinkNews] | undefined {
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
    if (answer.status === Status.ID_TAKEN) taken(node);
    return [peer, lost(node, peer)];
  }
  hearOf(node, frame.epoch);
  const restarted = peer.instance !== 0 && peer.instance !== answer.instance;
  peer.operational = answer.operational;
  if (restarted) {
    dropCustody(node, peer);
    peer.claimNumber = 0;
  } else release(node, peer, frame.linkNumber);
  if (peer.custody.length === 0) peer.next = frame.linkNumber + 1;
  answered(node, peer, answer.instance);
  peer.outState = 'up';
  peer.pause = 0;
  peer.failed = false;
  peer.progressAt = node.at;
  peer.sentAt = node.at;
  resend(node, peer);
  watch(node, peer);
  return [peer, 'up'];
}

/**
 * Whoever answers at an ID's address is the right process, even one that does not know yet that this one is right: a link
 * that another one holds under that ID ends.
 */
function answered(node: NodeState, peer: Peer, instance: number): void {
  peer.instance = instance;
  peer.answeredAt = node.at;
  if (peer.in >= 0 && peer.inInstance !== instance) closeIn(node, peer);
}

/** This node's ID is refused: for a while that is a former self, not yet known to be dead; then it is somebody else. */
function taken(node: NodeState): void {
  if (node.at - node.refusedAt > node.timing.duplicate) node.refusedSince = node.at;
  node.refusedAt = node.at;
}

/** A numbered frame on an accepted link: its peer, if the frame is new and to be acted on. */
export function receive(node: NodeState, link: number, frame: Frame): Peer | undefined {
  const peer = node.links.get(link);
  if (peer === undefined || peer.in !== link) return undefined;
  peer.heardAt = node.at;
  if (accept(node, peer, frame)) return peer;
  acknowledge(node, peer, true);
  return undefined;
}
