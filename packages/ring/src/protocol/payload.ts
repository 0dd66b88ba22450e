import type { Address, NodeAddress } from './options.ts';
import type { Member, PresenceReport } from './state.ts';

/**
 * The payloads of control frames, all big-endian. A payload that is too short throws RangeError: the step function
 * closes the link that it came on.
 */

/** HELLO: instance (4), fingerprint (4); and of a guest where it listens: port (2), host. */
export type Greeting = { instance: number; fingerprint: number; address: Address | undefined };

/** WELCOME: instance (4), fingerprint (4), status (1), operational (1). */
export type Answer = { instance: number; fingerprint: number; status: number; operational: boolean };

/** Why a HELLO is refused. */
export const Status = { WELCOME: 0, ID_TAKEN: 1, OTHER_RING: 2, UNKNOWN_ID: 3, ENDING: 4 } as const;

export const statusText: Record<number, string> = {
  1: 'another process uses this ID',
  2: 'its ring.toml differs: name, nodes or their order',
  3: 'it does not know this ID, or has no room for another guest',
  4: 'it is ending',
};

const MAX_HOST_BYTES = 255;

export function encodeGreeting({ instance, fingerprint, address }: Greeting): Uint8Array {
  const host = address === undefined ? undefined : utf8.encode(address.host);
  const bytes = new Uint8Array(host === undefined ? 8 : 10 + host.length);
  const out = new DataView(bytes.buffer);
  out.setUint32(0, instance);
  out.setUint32(4, fingerprint);
  if (address !== undefined && host !== undefined) {
    out.setUint16(8, address.port);
    bytes.set(host, 10);
  }
  return bytes;
}

export function decodeGreeting(payload: Uint8Array): Greeting {
  const input = viewOf(payload);
  const address = payload.length === 8 ? undefined : addressIn(input.getUint16(8), payload.subarray(10));
  return { instance: input.getUint32(0), fingerprint: input.getUint32(4), address };
}

function addressIn(port: number, host: Uint8Array): Address {
  if (port === 0 || host.length === 0 || host.length > MAX_HOST_BYTES) {
    throw new RangeError('an address has a port above 0 and a host of 1 to 255 bytes');
  }
  return { host: text.decode(host), port };
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

export function encodeAnswer(answer: Answer): Uint8Array {
  const bytes = new Uint8Array(10);
  const out = new DataView(bytes.buffer);
  out.setUint32(0, answer.instance);
  out.setUint32(4, answer.fingerprint);
  bytes[8] = answer.status;
  bytes[9] = answer.operational ? 1 : 0;
  return bytes;
}

export function decodeAnswer(payload: Uint8Array): Answer {
  const input = viewOf(payload);
  return {
    instance: input.getUint32(0),
    fingerprint: input.getUint32(4),
    status: input.getUint8(8),
    operational: input.getUint8(9) === 1,
  };
}

/** CLAIM: for each guest that the sender knows, ID (2), port (2), length of the host (1), host. */
export function encodeGuests(guests: readonly NodeAddress[]): Uint8Array {
  const hosts = guests.map(({ host }) => utf8.encode(host));
  const bytes = new Uint8Array(hosts.reduce((sum, host) => sum + 5 + host.length, 0));
  const out = new DataView(bytes.buffer);
  let at = 0;
  guests.forEach(({ id, port }, index) => {
    const host = hosts[index] as Uint8Array;
    out.setUint16(at, id);
    out.setUint16(at + 2, port);
    bytes[at + 4] = host.length;
    bytes.set(host, at + 5);
    at += 5 + host.length;
  });
  return bytes;
}

export function decodeGuests(payload: Uint8Array): NodeAddress[] {
  const input = viewOf(payload);
  const guests: NodeAddress[] = [];
  for (let at = 0; at < payload.length; ) {
    const end = at + 5 + input.getUint8(at + 4);
    if (end > payload.length) throw new RangeError('a list of guests is cut off');
    const address = addressIn(input.getUint16(at + 2), payload.subarray(at + 5, end));
    guests.push({ id: input.getUint16(at), ...address });
    at = end;
  }
  return guests;
}

/** PURGE and VIEW: for each member, in ring order, ID (2) and instance (4). */
export function encodeMembers(members: readonly Member[]): Uint8Array {
  const bytes = new Uint8Array(6 * members.length);
  const out = new DataView(bytes.buffer);
  members.forEach((member, index) => {
    out.setUint16(6 * index, member.id);
    out.setUint32(6 * index + 2, member.instance);
  });
  return bytes;
}

export function decodeMembers(payload: Uint8Array): Member[] {
  const input = viewOf(payload);
  const members: Member[] = [];
  for (let at = 0; at < payload.length; at += 6) {
    members.push({ id: input.getUint16(at), instance: input.getUint32(at + 2) });
  }
  return members;
}

/** PRESENT as an answer to a claim: instance (4), then the nodes reached as in {@link encodeMembers}. */
export function encodePresence(instance: number, reached: readonly Member[]): Uint8Array {
  const bytes = new Uint8Array(4 + 6 * reached.length);
  new DataView(bytes.buffer).setUint32(0, instance);
  bytes.set(encodeMembers(reached), 4);
  return bytes;
}

export function decodePresence(id: number, view: number, payload: Uint8Array): PresenceReport {
  return { id, view, instance: viewOf(payload).getUint32(0), reached: decodeMembers(payload.subarray(4)) };
}

function viewOf(payload: Uint8Array): DataView {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
}
