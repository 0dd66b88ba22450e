/**
 * The frames of the ring in object form; `frame-codec.ts` turns them into bytes and back. `docs/ring.md` gives the layout.
 * Every frame has the same fixed header; a field that a type has no use for is 0.
 */

/** The version of the protocol, the fifth byte of every frame. */
export const VERSION = 1;

/** The longest payload, in bytes. */
export const MAX_PAYLOAD = 65_536;

export const FrameType = {
  /** The first frame of a connection, from the node that has connected: its identity. */
  HELLO: 1,
  /** The answer to HELLO: accepted, or refused and why. */
  WELCOME: 2,
  /** The right to transmit in one direction. */
  TOKEN: 3,
  /** A message on its lap. */
  DATA: 4,
  /** Link acknowledgement: the neighbour has every frame of this connection up to `linkNumber`. */
  ACK: 5,
  /** "I am here": keeps a quiet link proven, answers a claim with what the sender can reach, and in a view gives notice. */
  PRESENT: 6,
  /** A bid to make the next epoch, flooded over every link. */
  CLAIM: 7,
  /** The lap that empties the ring: a node that passes it on has forgotten all frames and tokens of older epochs. */
  PURGE: 8,
  /** The second lap, the other way: the new view is agreed by all of its members. */
  VIEW: 9,
  /** Trouble: a claim is older than what the sender has promised, or the sender has lost its ring. */
  BEACON: 10,
  /** A node outside of the view asks to be taken in. */
  JOIN: 11,
  /** A node goes on purpose. */
  LEAVE: 12,
  /** The end of the ring, for all nodes. */
  TERM: 13,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Bits of {@link Frame.flags}. */
export const Flag = {
  /** The frame travels counter-clockwise (left); without it, clockwise (right). */
  COUNTER: 0x0001,
  /** A, address recognised: the destination has seen the message. */
  RECOGNISED: 0x0002,
  /** C, frame copied: the destination has it on disk. */
  COPIED: 0x0004,
  /** M: the monitor has seen the frame pass once. */
  MONITOR: 0x0008,
  /** TOKEN: a node has had something to send since the coordinator last cleared this bit. */
  BUSY: 0x0010,
  /** TOKEN: the ring is draining before its end. */
  DRAINING: 0x0020,
  /** DATA: bits 6 and 7 hold the stream, see {@link Stream}. */
  STREAM: 0x00c0,
  /** PURGE and VIEW: the view is wrapped, one lane that turns at both ends. */
  WRAPPED: 0x0100,
  /** ACK: more of a long frame has come, though not all of it. PRESENT in a view: a long frame is on its way. */
  PARTIAL: 0x0200,
} as const;
export const STREAM_SHIFT = 6;

/** A direction of travel: 0 clockwise (to the right neighbour), 1 counter-clockwise (to the left). */
export type Direction = 0 | 1;

/**
 * What a sender's order is kept within: 0 the messages for the clockwise token, 1 those for the counter-clockwise one,
 * 2 those that go with either token, one after another, so that their order holds across both directions; 3 broadcast
 * messages, which go with either token as well.
 */
export type Stream = 0 | 1 | 2 | 3;

/** The stream of broadcast messages. Their destination is their source, so that a node that does not know broadcasts passes them on. */
export const BROADCAST: Stream = 3;

export type Frame = {
  type: FrameType;
  /** Bits of {@link Flag}. 16 bits. */
  flags: number;
  /** The view that the frame belongs to. 32 bits. */
  view: number;
  /** The epoch that the frame belongs to; frames of older epochs are dropped. 32 bits. */
  epoch: number;
  /** The ID of the node that made the frame. 16 bits. */
  source: number;
  /** The ID of the node that it is for. 16 bits. */
  destination: number;
  /** DATA: the message's number in its sender's file, from 1. 32 bits. */
  message: number;
  /** DATA: the message of the same stream and destination just before it in the same window, or 0. 32 bits. */
  previous: number;
  /** TOKEN: grows by one with every hop. DATA of a broadcast: how many nodes have seen it and copied it, see {@link countsIn}. 32 bits. */
  token: number;
  /** The frame's number on its link, or in ACK and WELCOME the last number received. 32 bits. */
  linkNumber: number;
  /** The sender's incarnation: which state directory its numbers belong to. 32 bits. */
  incarnation: number;
  /** How many links the frame has crossed since its source. 16 bits. */
  hops: number;
  /** At most {@link MAX_PAYLOAD} bytes; must not change once the frame is handed over. */
  payload: Uint8Array;
};

export const NO_PAYLOAD = new Uint8Array(0);

/** A frame with every field 0 but those given. */
export function frameOf(type: FrameType, fields: Partial<Frame> = {}): Frame {
  return {
    type,
    flags: fields.flags ?? 0,
    view: fields.view ?? 0,
    epoch: fields.epoch ?? 0,
    source: fields.source ?? 0,
    destination: fields.destination ?? 0,
    message: fields.message ?? 0,
    previous: fields.previous ?? 0,
    token: fields.token ?? 0,
    linkNumber: fields.linkNumber ?? 0,
    incarnation: fields.incarnation ?? 0,
    hops: fields.hops ?? 0,
    payload: fields.payload ?? NO_PAYLOAD,
  };
}

export function directionOf(frame: Frame): Direction {
  return (frame.flags & Flag.COUNTER) === 0 ? 0 : 1;
}

export function streamOf(frame: Frame): Stream {
  return ((frame.flags & Flag.STREAM) >> STREAM_SHIFT) as Stream;
}

/**
 * Broadcast messages. Where a message for one node has two bits, A and C, a broadcast has two counts, in the place of a token's number:
 * 16 bits for the nodes that have seen it, 16 for those that have it on disk.
 */
const SEEN = 0x1_0000;

/** How many nodes have seen and copied a broadcast message. */
export function countsIn({ token }: Frame): { seen: number; copied: number } {
  return { seen: Math.floor(token / SEEN), copied: token % SEEN };
}

export function setRecognised(frame: Frame): void {
  if (streamOf(frame) === BROADCAST) frame.token += SEEN;
  else frame.flags |= Flag.RECOGNISED;
}

export function setCopied(frame: Frame): void {
  if (streamOf(frame) === BROADCAST) frame.token++;
  else frame.flags |= Flag.COPIED;
}

/**
 * Epochs and the numbers of frames on a link are of 32 bits, and go round: after the highest comes 1 again, and 0 says that there is
 * none. Which of two is newer depends on how far one is ahead, as in RFC 1982: after a peer has named the highest number there is,
 * another still follows.
 */

const HALF = 2 ** 31;

/** Whether one number is newer than another. 0 is older than all. */
export function newer(one: number, other: number): boolean {
  if (one === 0 || other === 0) return one > other;
  return one !== other && (one - other) >>> 0 < HALF;
}

export function newest(one: number, other: number): number {
  return newer(one, other) ? one : other;
}

/** The number of the next frame on a link. */
export function following(number: number): number {
  return (number + 1) >>> 0 || 1;
}
