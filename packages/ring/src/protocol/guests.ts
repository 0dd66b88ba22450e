import { type Address, MAX_NODES, type NodeAddress } from './options.ts';
import { createPeer, type Peer } from './peer.ts';
import { isMember, type NodeState } from './state.ts';

/**
 * Guests: members without a vote, whose ID is in no ring.toml. They say in HELLO where they listen, and claims pass that on. A
 * guest is in views, sends and receives; but it makes no claim and counts for no majority, so whether a view is possible
 * depends on the same nodes as without guests.
 */

/** The peer with this ID; a new guest counts as departed until it is welcomed. Undefined: there is no room for another. */
export function addGuest(node: NodeState, id: number, address: Address): Peer | undefined {
  const known = node.peers.get(id);
  if (known !== undefined || id === node.id) return known;
  if (node.peers.size + 1 >= MAX_NODES && !forgetGuest(node)) return undefined;
  const peer = createPeer(id, address);
  peer.departed = true;
  node.peers.set(id, peer);
  return peer;
}

/** Removes a guest that is gone, to make room for another. */
function forgetGuest(node: NodeState): boolean {
  for (const { id, address, departed, in: incoming, out } of node.peers.values()) {
    if (address !== undefined && departed && incoming < 0 && out < 0) return node.peers.delete(id);
  }
  return false;
}

/** The guests that may be reachable, this node included if it is one. */
export function knownGuests(node: NodeState): NodeAddress[] {
  const guests: NodeAddress[] = node.address === undefined ? [] : [{ id: node.id, ...node.address }];
  for (const { id, address, departed } of node.peers.values()) {
    if (address !== undefined && !departed) guests.push({ id, ...address });
  }
  return guests;
}

/** Adds the guests that another node knows. @returns whether one of them is new */
export function learnGuests(node: NodeState, guests: readonly NodeAddress[]): boolean {
  let news = false;
  for (const { id, host, port } of guests) {
    const peer = addGuest(node, id, { host, port });
    if (peer?.address === undefined || !peer.departed) continue;
    peer.departed = false;
    news = true;
  }
  return news;
}

/** A new view is installed: guests that are not in it are connected to again only when a frame names them. */
export function forgetAbsentGuests(node: NodeState): void {
  for (const peer of node.peers.values()) {
    if (peer.address !== undefined) peer.departed = !isMember(node, peer.id);
  }
}
