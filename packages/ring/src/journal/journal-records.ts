import { crc32c } from '../protocol/crc32c.ts';
import type { DurableRecord } from '../protocol/effect.ts';
import type { Stream } from '../protocol/frame.ts';

/**
 * The bytes of a journal. It is a run of groups; each was written with one call and made durable as a whole:
 *
 *     length of the records (4), CRC-32C of all that follows it (4), number of the group (4), records
 *
 * and a record is its kind (1) and its fields, big-endian.
 */

/** What a journal holds beside what the protocol writes down: what it began with, and what a compaction has summed up. */
export type JournalRecord =
  | Exclude<DurableRecord, { type: 'finished' }>
  /** A message has its outcome; `digest` is that of its line, and missing in what an earlier version wrote. */
  | (Extract<DurableRecord, { type: 'finished' }> & { digest?: number | undefined })
  /** Whose journal this is, and how many deliveries came before the records that follow it. The first record, or a correction. */
  | { type: 'header'; node: number; incarnation: number; delivered: number }
  | { type: 'mark'; source: number; incarnation: number; stream: Stream; message: number }
  | { type: 'finished-through'; message: number; digest?: number | undefined }
  /** Which ring: what its fingerprint is made of. */
  | { type: 'ring'; text: string }
  /** The process ended with all written down; of its messages without outcome none above this number can have arrived. */
  | { type: 'closed'; uncertainThrough: number }
  /** From here on the message file is another one, and its messages are of another incarnation. */
  | { type: 'new-file'; incarnation: number };

const Kind = {
  HEADER: 1,
  DELIVERED: 2,
  FINISHED: 3,
  EPOCH: 4,
  MARK: 5,
  THROUGH: 6,
  RING: 7,
  FINISHED_LINE: 8,
  THROUGH_LINE: 9,
  CLOSED: 10,
  NEW_FILE: 11,
} as const;

const outcomes = ['done', 'undeliverable', 'uncertain'] as const;

/** Bytes of the fields of each kind, without a payload or text. */
const sizes: Record<number, number> = {
  [Kind.HEADER]: 15,
  [Kind.DELIVERED]: 16,
  [Kind.FINISHED]: 6,
  [Kind.EPOCH]: 9,
  [Kind.MARK]: 12,
  [Kind.THROUGH]: 5,
  [Kind.RING]: 3,
  [Kind.FINISHED_LINE]: 10,
  [Kind.THROUGH_LINE]: 9,
  [Kind.CLOSED]: 5,
  [Kind.NEW_FILE]: 5,
};

export const GROUP_HEADER = 12;

export function encodeRecord(record: JournalRecord): Buffer {
  switch (record.type) {
    case 'header': {
      const bytes = start(Kind.HEADER);
      bytes.writeUInt16BE(record.node, 1);
      bytes.writeUInt32BE(record.incarnation, 3);
      bytes.writeBigUInt64BE(BigInt(record.delivered), 7);
      return bytes;
    }
    case 'delivered': {
      const bytes = start(Kind.DELIVERED, record.payload.length);
      putMark(bytes, record);
      bytes.writeUInt32BE(record.payload.length, 12);
      bytes.set(record.payload, 16);
      return bytes;
    }
    case 'finished': {
      const { message, outcome, digest } = record;
      const bytes = start(digest === undefined ? Kind.FINISHED : Kind.FINISHED_LINE);
      bytes.writeUInt32BE(message, 1);
      bytes[5] = outcomes.indexOf(outcome);
      if (digest !== undefined) bytes.writeUInt32BE(digest, 6);
      return bytes;
    }
    case 'epoch': {
      const bytes = start(Kind.EPOCH);
      bytes.writeUInt32BE(record.epoch, 1);
      bytes.writeUInt32BE(record.view, 5);
      return bytes;
    }
    case 'mark': {
      const bytes = start(Kind.MARK);
      putMark(bytes, record);
      return bytes;
    }
    case 'finished-through': {
      const { message, digest } = record;
      const bytes = start(digest === undefined ? Kind.THROUGH : Kind.THROUGH_LINE);
      bytes.writeUInt32BE(message, 1);
      if (digest !== undefined) bytes.writeUInt32BE(digest, 5);
      return bytes;
    }
    case 'ring': {
      const text = Buffer.from(record.text);
      const bytes = start(Kind.RING, text.length);
      bytes.writeUInt16BE(text.length, 1);
      bytes.set(text, 3);
      return bytes;
    }
    case 'closed': {
      const bytes = start(Kind.CLOSED);
      bytes.writeUInt32BE(record.uncertainThrough, 1);
      return bytes;
    }
    case 'new-file': {
      const bytes = start(Kind.NEW_FILE);
      bytes.writeUInt32BE(record.incarnation, 1);
      return bytes;
    }
  }
}

/** The records of a group, as bytes. */
export function encodeGroup(records: readonly Buffer[], number: number): Buffer {
  const length = records.reduce((sum, record) => sum + record.length, 0);
  const bytes = Buffer.allocUnsafe(GROUP_HEADER + length);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt32BE(number >>> 0, 8);
  let at = GROUP_HEADER;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  bytes.writeUInt32BE(crc32c(bytes, 8), 4);
  return bytes;
}

/** The length of the whole and undamaged group that begins at `at`; undefined when there is none. */
export function groupAt(bytes: Buffer, at: number, number: number): number | undefined {
  if (at + GROUP_HEADER > bytes.length || bytes.readUInt32BE(at + 8) !== number >>> 0) return undefined;
  const length = bytes.readUInt32BE(at);
  const end = at + GROUP_HEADER + length;
  if (length === 0 || end > bytes.length) return undefined;
  return crc32c(bytes, at + 8, end) === bytes.readUInt32BE(at + 4) ? GROUP_HEADER + length : undefined;
}

/** The records of a group that {@link groupAt} has found. @throws RangeError when its bytes are no records all the same */
export function* decodeRecords(bytes: Buffer): Iterable<JournalRecord> {
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] as number;
    const size = sizes[kind];
    if (size === undefined) throw new RangeError(`a record of the unknown kind ${kind}`);
    const end = at + size + lengthAfter(kind, bytes, at);
    yield decodeRecord(kind, bytes.subarray(at, end));
    at = end;
  }
}

/** How long the payload or text of a record is. */
function lengthAfter(kind: number, bytes: Buffer, at: number): number {
  if (kind === Kind.DELIVERED) return bytes.readUInt32BE(at + 12);
  return kind === Kind.RING ? bytes.readUInt16BE(at + 1) : 0;
}

function decodeRecord(kind: number, bytes: Buffer): JournalRecord {
  switch (kind) {
    case Kind.HEADER:
      return {
        type: 'header',
        node: bytes.readUInt16BE(1),
        incarnation: bytes.readUInt32BE(3),
        delivered: Number(bytes.readBigUInt64BE(7)),
      };
    case Kind.DELIVERED:
      return { type: 'delivered', ...markIn(bytes), payload: bytes.subarray(16) };
    case Kind.FINISHED:
    case Kind.FINISHED_LINE:
      return {
        type: 'finished',
        message: bytes.readUInt32BE(1),
        outcome: outcomes[bytes[5] as number] ?? 'undeliverable',
        digest: kind === Kind.FINISHED ? undefined : bytes.readUInt32BE(6),
      };
    case Kind.EPOCH:
      return { type: 'epoch', epoch: bytes.readUInt32BE(1), view: bytes.readUInt32BE(5) };
    case Kind.MARK:
      return { type: 'mark', ...markIn(bytes) };
    case Kind.RING:
      return { type: 'ring', text: bytes.toString('utf8', 3) };
    case Kind.CLOSED:
      return { type: 'closed', uncertainThrough: bytes.readUInt32BE(1) };
    case Kind.NEW_FILE:
      return { type: 'new-file', incarnation: bytes.readUInt32BE(1) };
    default:
      return {
        type: 'finished-through',
        message: bytes.readUInt32BE(1),
        digest: kind === Kind.THROUGH ? undefined : bytes.readUInt32BE(5),
      };
  }
}

function start(kind: number, payload = 0): Buffer {
  const bytes = Buffer.allocUnsafe((sizes[kind] as number) + payload);
  bytes[0] = kind;
  return bytes;
}

type Mark = { source: number; incarnation: number; stream: Stream; message: number };

function putMark(bytes: Buffer, mark: Mark): void {
  bytes.writeUInt16BE(mark.source, 1);
  bytes.writeUInt32BE(mark.incarnation, 3);
  bytes[7] = mark.stream;
  bytes.writeUInt32BE(mark.message, 8);
}

function markIn(bytes: Buffer): Mark {
  return {
    source: bytes.readUInt16BE(1),
    incarnation: bytes.readUInt32BE(3),
    stream: bytes[7] as Stream,
    message: bytes.readUInt32BE(8),
  };
}
