import { FrameType, frameOf } from './frame.ts';
import { closeIn, closeOut, connect } from './links.ts';
import type { Peer } from './peer.ts';
import { clearTimer, coordinatorOf, enter, isMember, type NodeState, report, setTimer } from './state.ts';
import { purgeUnacknowledged, sendTo, slackMsOf } from './unacknowledged.ts';

/** The end of the ring, and the end of a process. */

/** The operator's command. Node 0 ends the ring; when it is not there, a deputy. */
export function stop(node: NodeState, now: boolean): void {
  const refusal = stopRefusal(node);
  if (refusal !== undefined) {
    report(node, { type: 'command-refused', command: 'stop', reason: refusal });
    return;
  }
  if (now) terminate(node, 'told to stop now');
  else {
    node.draining = true;
    node.idleLaps = 0;
  }
}

function stopRefusal(node: NodeState): string | undefined {
  if (node.id === 0) return undefined;
  const rank = node.deputies.indexOf(node.id);
  if (rank < 0) return `node ${node.id} is neither node 0 nor a deputy`;
  const installed = node.state === 'ring';
  const present = (id: number) => (installed ? isMember(node, id) : node.peers.get(id)?.outState === 'up');
  const senior = [0, ...node.deputies.slice(0, rank)].find((id) => id !== node.id && present(id));
  if (senior !== undefined) return `node ${senior} is there: stop the ring through it`;
  if (installed && coordinatorOf(node) !== node.id) return `node ${coordinatorOf(node)} coordinates`;
  return undefined;
}

/** Announces the end to all nodes, those without a link included, and ends once they have it or cannot be reached. */
export function terminate(node: NodeState, reason: string, from?: Peer): void {
  enter(node, 'stopping', reason);
  const slack = Math.max(slackMsOf(node), node.slackUntil - node.at, 0);
  // These have no use any more, and the announcement must not wait behind them.
  purgeUnacknowledged(node);
  for (const peer of node.peers.values()) {
    // A node that left may be back, and be the only one that reaches others.
    if (peer === from) continue;
    // How long this link has waited does not count any more: the announcement gets the full time.
    peer.progressAt = node.at;
    if (peer.outState !== 'up') closeOut(node, peer);
    announceEnd(node, peer);
    connect(node, peer);
  }
  setTimer(node, 'exit', node.timing.exitMs + slack);
}

function announceEnd(node: NodeState, peer: Peer): void {
  sendTo(node, peer, frameOf(FrameType.TERM, { source: node.id, destination: peer.id, epoch: node.highest }));
}

/** In `stopping`: a link is up. Frames for a former process of the peer are forgotten; the end is announced to the new one. */
export function announceAgain(node: NodeState, peer: Peer): void {
  if (peer.unacknowledged.length === 0) announceEnd(node, peer);
}

/** In `leaving` and `stopping`: whether the last frames have been acknowledged. */
export function finishIfAcknowledged(node: NodeState): void {
  for (const peer of node.peers.values()) {
    if (peer.outState !== 'none' && peer.unacknowledged.length > 0) return;
  }
  exit(node, 0, node.state === 'leaving' ? 'left the ring' : 'the ring has ended');
}

export function exit(node: NodeState, status: 0 | 1, reason: string): void {
  if (node.state === 'ended') return;
  for (const peer of node.peers.values()) {
    closeOut(node, peer);
    closeIn(node, peer);
    clearTimer(node, 'connect', peer.id);
  }
  enter(node, 'ended', reason);
  node.effects.push({ type: 'exit', status, reason, summary: { ...node.counts } });
}
