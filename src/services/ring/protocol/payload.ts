import type { Member, PresenceReport } from './state.ts';

/**
 * The payloads of control frames, all big-endian. A payload that is too short throws RangeError: the step function
 * closes the link that it came on.
 */

/** HELLO: instance (4), fingerprint (4). */
export type Greeting = { instance: number; fingerprint: number };

/** WELCOME: instance (4), fingerprint (4), status (1), operational (1). */
export type Answer = Greeting & { status: number; operational: boolean };

/** Why a HELLO is refused. */
export const Status = { WELCOME: 0, ID_TAKEN: 1, OTHER_RING: 2, UNKNOWN_ID: 3, ENDING: 4 } as const;

export const statusText: Record<number, string> = {
  1: 'another process uses this ID',
  2: 'its ring.toml differs: name, nodes or their order',
  3: 'it does not know this ID',
  4: 'it is ending',
};

export function encodeGreeting(greeting: Greeting): Uint8Array {
  const bytes = new Uint8Array(8);
  const out = new DataView(bytes.buffer);
  out.setUint32(0, greeting.instance);
  out.setUint32(4, greeting.fingerprint);
  return bytes;
}

export function decodeGreeting(payload: Uint8Array): Greeting {
  const input = viewOf(payload);
  return { instance: input.getUint32(0), fingerprint: input.getUint32(4) };
}

export function encodeAnswer(answer: Answer): Uint8Array {
  const bytes = new Uint8Array(10);
  bytes.set(encodeGreeting(answer));
  bytes[8] = answer.status;
  bytes[9] = answer.operational ? 1 : 0;
  return bytes;
}

export function decodeAnswer(payload: Uint8Array): Answer {
  const input = viewOf(payload);
  return { ...decodeGreeting(payload), status: input.getUint8(8), operational: input.getUint8(9) === 1 };
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
