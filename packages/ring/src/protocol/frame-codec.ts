import { FrameError, type Framing, lengthPrefixed } from 'zocalo';
import { crc32c } from './crc32c.ts';
import { type Frame, FrameType, MAX_PAYLOAD, NO_PAYLOAD, VERSION } from './frame.ts';

/** The header without its length, in bytes. The layout is that of docs/ring.md. */
const HEADER = 44;
const PREFIX = 4;
/** Offsets are counted from the frame's first byte, that of its length. */
const CRC_AT = 44;

/** Two types of this program's own, outside of the ring: an operator's request to a node, and its answer; both JSON. */
export const ControlType = { REQUEST: 0x80, ANSWER: 0x81 } as const;

const known = new Set<number>([...Object.values(FrameType), ...Object.values(ControlType)]);

const prefixed = lengthPrefixed({ prefix: PREFIX, maxLength: HEADER + MAX_PAYLOAD });

/** The frame as bytes, its length included. @throws RangeError when the payload is longer than {@link MAX_PAYLOAD} */
export function encodeFrame(frame: Frame): Buffer {
  const { payload } = frame;
  if (payload.length > MAX_PAYLOAD) {
    throw new RangeError(`a payload has at most ${MAX_PAYLOAD} bytes, not ${payload.length}`);
  }
  const length = HEADER + payload.length;
  const bytes = Buffer.allocUnsafe(PREFIX + length);
  put32(bytes, 0, length);
  bytes[4] = VERSION;
  bytes[5] = frame.type;
  put16(bytes, 6, frame.flags);
  put32(bytes, 8, frame.view);
  put32(bytes, 12, frame.epoch);
  put16(bytes, 16, frame.source);
  put16(bytes, 18, frame.destination);
  put32(bytes, 20, frame.message);
  put32(bytes, 24, frame.previous);
  put32(bytes, 28, frame.token);
  put32(bytes, 32, frame.linkNumber);
  put32(bytes, 36, frame.incarnation);
  put16(bytes, 40, frame.hops);
  put16(bytes, 42, 0);
  put32(bytes, CRC_AT, 0);
  if (payload.length > 0) bytes.set(payload, PREFIX + HEADER);
  put32(bytes, CRC_AT, crc32c(bytes));
  return bytes;
}

const zero = new Uint8Array(4);
const lengthSpace = new Uint8Array(PREFIX);

/**
 * The frame in what follows a length. Its payload is a view of `bytes`.
 * @throws FrameError when it is too short, of another version or an unknown type, or its CRC is wrong
 */
export function decodeFrame(bytes: Buffer): Frame {
  if (bytes.length < HEADER)
    throw new FrameError(`a frame of ${bytes.length} bytes is shorter than its header`);
  put32(lengthSpace, 0, bytes.length);
  // Offsets in `bytes` are less by the length that is missing.
  let crc = crc32c(lengthSpace);
  crc = crc32c(bytes, 0, CRC_AT - PREFIX, crc);
  crc = crc32c(zero, 0, 4, crc);
  crc = crc32c(bytes, HEADER, bytes.length, crc);
  if (crc !== get32(bytes, CRC_AT - PREFIX)) throw new FrameError('the CRC of a frame is wrong');
  if (bytes[0] !== VERSION)
    throw new FrameError(`a frame has version ${bytes[0]}; this is version ${VERSION}`);
  const type = bytes[1] as number;
  if (!known.has(type)) throw new FrameError(`a frame has the unknown type ${type}`);
  return {
    type: type as FrameType,
    flags: get16(bytes, 2),
    view: get32(bytes, 4),
    epoch: get32(bytes, 8),
    source: get16(bytes, 12),
    destination: get16(bytes, 14),
    message: get32(bytes, 16),
    previous: get32(bytes, 20),
    token: get32(bytes, 24),
    linkNumber: get32(bytes, 28),
    incarnation: get32(bytes, 32),
    hops: get16(bytes, 36),
    payload: bytes.length === HEADER ? NO_PAYLOAD : bytes.subarray(HEADER),
  };
}

/** Length-prefixed frames of the ring, decoded. */
export const ringFraming: Framing<Frame> = {
  name: 'ring',
  maxIncomplete: prefixed.maxIncomplete,
  create() {
    const framer = prefixed.create();
    return {
      next(input) {
        const bytes = framer.next(input);
        return bytes === undefined ? undefined : decodeFrame(bytes);
      },
    };
  },
};

// Buffer's own methods check their arguments again and again, which is most of the cost of a header.

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function get16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function get32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
