import { type Address, type Guest, MAX_NODES } from './options.ts';
import { createPeer, isMember, type NodeState, type Peer } from './state.ts';

/**
 * Guests: nodes whose ID is in no ring.toml. They say in HELLO where they listen, and claims tell the others. A guest has its
 * place in views, sends and receives; but it makes no claim and counts for no majority, so whether a view may be is up to the
 * same nodes as without guests.
 */

/** The peer with this ID. A new guest is as one that has left until it is let in. Undefined: there is no room for another. */
export function admit(node: NodeState, id: number, address: Address): Peer | undefined {
  const known = node.peers.get(id);
  if (known !== undefined || id === node.id) return known;
  if (node.peers.size + 1 >= MAX_NODES && !forgetOne(node)) return undefined;
  const peer = createPeer(id, address);
  peer.departed = true;
  node.peers.set(id, peer);
  return peer;
}

/** A guest that is gone gives its room to another. */
function forgetOne(node: NodeState): boolean {
  for (const { id, address, departed, in: incoming, out } of node.peers.values()) {
    if (address !== undefined && departed && incoming < 0 && out < 0) return node.peers.delete(id);
  }
  return false;
}

/** The guests that may be there, this node included if it is one. */
export function knownGuests(node: NodeState): Guest[] {
  const guests: Guest[] = node.address === undefined ? [] : [{ id: node.id, ...node.address }];
  for (const { id, address, departed } of node.peers.values()) {
    if (address !== undefined && !departed) guests.push({ id, ...address });
  }
  return guests;
}

/** Takes note of guests that another node knows. @returns whether one of them is news */
export function learn(node: NodeState, guests: readonly Guest[]): boolean {
  let news = false;
  for (const { id, host, port } of guests) {
    const peer = admit(node, id, { host, port });
    if (peer?.address === undefined || !peer.departed) continue;
    peer.departed = false;
    news = true;
  }
  return news;
}

/** A new view stands: guests that are not in it are dialled again only when they are heard of. */
export function dismissGuests(node: NodeState): void {
  for (const peer of node.peers.values()) {
    if (peer.address !== undefined) peer.departed = !isMember(node, peer.id);
  }
}
