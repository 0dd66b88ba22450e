import { type Answer, failure, type PackedAnswer } from './answer.ts';
import { flags, HEADER_SIZE, header, rcodes } from './constants.ts';
import { type Edns, type EdnsReply, ednsSize, writeEdns } from './edns.ts';
import { MAX_MESSAGE, pack } from './packed-answer.ts';
import type { Query, Rejected } from './query.ts';

/** The length of a message stands before it on TCP (RFC 1035 section 4.2.2). */
const PREFIX_SIZE = 2;
/** Extended DNS Errors (RFC 8914 section 4). */
const OTHER_ERROR = 0;
const STALE_ANSWER = 3;
const NO_REACHABLE_AUTHORITY = 22;
/** The longest text of an Extended DNS Error that is sent, in characters. */
const MAX_ERROR_TEXT = 200;

/**
 * The reply to a query, with its length in front as TCP wants it. The question is echoed as it was asked. A client that sent an OPT record gets one.
 *
 * @param keepalive how long an idle connection is kept, in milliseconds: said to a client that asked (RFC 7828)
 */
export function encodeReply(query: Query, answer: Answer, keepalive?: number): Buffer {
  const packed = answer.packed ?? pack(query.question, answer.answers, answer.authorities);
  if (packed === undefined) return encodeReply(query, tooLong, keepalive);
  const { message, questionEnd } = query;
  const rest = questionEnd + packed.body.length;
  const edns = query.edns === undefined ? undefined : ednsReply(query.edns, answer, keepalive, rest);
  const size = rest + (edns === undefined ? 0 : ednsSize(edns));
  if (size > MAX_MESSAGE) return encodeReply(query, tooLong, keepalive);
  const bytes = Buffer.allocUnsafe(PREFIX_SIZE + size);
  bytes[0] = size >> 8;
  bytes[1] = size & 0xff;
  message.copy(bytes, PREFIX_SIZE, 0, questionEnd);
  const authoritative = answer.authoritative ? flags.authoritative : 0;
  writeHeader(bytes, PREFIX_SIZE, authoritative | (answer.rcode & flags.rcode), packed, edns);
  const bodyStart = PREFIX_SIZE + questionEnd;
  packed.body.copy(bytes, bodyStart);
  if (answer.age !== undefined && answer.age > 0) countDown(bytes, bodyStart, packed.ttls, answer.age);
  if (edns !== undefined) writeEdns(bytes, bodyStart + packed.body.length, edns);
  return bytes;
}

/** The reply over UDP that says nothing but to come over TCP: TC is set (RFC 1035 section 4.2.1), without the length in front. */
export function encodeTruncated({ message, questionEnd, edns }: Query): Buffer {
  const reply: EdnsReply | undefined = edns && { rcode: rcodes.NOERROR, dnssec: edns.dnssec };
  const bytes = Buffer.allocUnsafe(questionEnd + (reply === undefined ? 0 : ednsSize(reply)));
  message.copy(bytes, 0, 0, questionEnd);
  writeHeader(bytes, 0, flags.truncated, nothing, reply);
  if (reply !== undefined) writeEdns(bytes, questionEnd, reply);
  return bytes;
}

/** The reply to a message of which no more is taken seriously than its header: an rcode and no question. Without the length in front. */
export function encodeRejection(message: Buffer, { rcode, hasEdns }: Rejected): Buffer {
  const edns: EdnsReply | undefined = hasEdns ? { rcode, dnssec: false } : undefined;
  const bytes = Buffer.alloc(HEADER_SIZE + (edns === undefined ? 0 : ednsSize(edns)));
  message.copy(bytes, 0, 0, header.questions);
  writeHeader(bytes, 0, rcode & flags.rcode, nothing, edns);
  if (edns !== undefined) writeEdns(bytes, HEADER_SIZE, edns);
  return bytes;
}

/** A message with its length in front, as TCP wants it. */
export function framed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_SIZE + message.length);
  bytes.writeUInt16BE(message.length, 0);
  message.copy(bytes, PREFIX_SIZE);
  return bytes;
}

const tooLong = failure(rcodes.SERVFAIL, 'the answer does not fit into a message', OTHER_ERROR);
const nothing: PackedAnswer = { body: Buffer.alloc(0), ttls: [], answers: 0, authorities: 0 };

/** Turns the header of a query, copied to `at`, into that of its reply: id, opcode, RD and CD stay. */
function writeHeader(
  bytes: Buffer,
  at: number,
  bits: number,
  packed: PackedAnswer,
  edns: EdnsReply | undefined,
): void {
  const kept = flags.opcode | flags.recursionDesired | flags.checkingDisabled;
  const asked = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  const value = (asked & kept) | flags.response | flags.recursionAvailable | bits;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value & 0xff;
  bytes[at + 6] = packed.answers >> 8;
  bytes[at + 7] = packed.answers & 0xff;
  bytes[at + 8] = packed.authorities >> 8;
  bytes[at + 9] = packed.authorities & 0xff;
  bytes[at + 10] = 0;
  bytes[at + 11] = edns === undefined ? 0 : 1;
}

function countDown(bytes: Buffer, start: number, ttls: readonly number[], age: number): void {
  for (const at of ttls) {
    const ttl = bytes.readUInt32BE(start + at);
    bytes.writeUInt32BE(ttl > age ? ttl - age : 0, start + at);
  }
}

/** What an OPT record says beside an answer that takes so many bytes: an error is left out when there is no room for it. */
function ednsReply(asked: Edns, answer: Answer, keepalive: number | undefined, rest: number): EdnsReply {
  const { rcode } = answer;
  const reply = { rcode, dnssec: asked.dnssec, keepalive: asked.keepalive ? keepalive : undefined };
  const code = extendedError(answer);
  if (code === undefined) return reply;
  const error = { code, text: (answer.reason ?? '').slice(0, MAX_ERROR_TEXT) };
  const full = { ...reply, error };
  return rest + ednsSize(full) > MAX_MESSAGE ? reply : full;
}

function extendedError({ source, rcode, extendedError: code }: Answer): number | undefined {
  if (source === 'stale') return STALE_ANSWER;
  return code ?? (rcode === rcodes.SERVFAIL ? NO_REACHABLE_AUTHORITY : undefined);
}
