import { type Answer, failure, type PackedAnswer } from './answer.ts';
import { rcodes } from './constants.ts';
import { type EdnsReply, ednsSize, writeEdns } from './edns.ts';
import { flags, HEADER_SIZE, header } from './header.ts';
import { pack } from './packed-answer.ts';
import type { Query } from './query.ts';

/** The length of a message stands before it on TCP (RFC 1035 section 4.2.2). */
const PREFIX_SIZE = 2;
/** Extended DNS Errors (RFC 8914 section 4). */
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
  if (packed === undefined) {
    return encodeReply(query, failure(rcodes.SERVFAIL, 'the answer does not fit into a message'), keepalive);
  }
  const edns = query.edns === undefined ? undefined : ednsReply(query.edns.keepalive, answer, keepalive);
  const { message, questionEnd } = query;
  const size = questionEnd + packed.body.length + (edns === undefined ? 0 : ednsSize(edns));
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
  const reply: EdnsReply | undefined = edns && { rcode: rcodes.NOERROR };
  const bytes = Buffer.allocUnsafe(questionEnd + (reply === undefined ? 0 : ednsSize(reply)));
  message.copy(bytes, 0, 0, questionEnd);
  writeHeader(bytes, 0, flags.truncated, nothing, reply);
  if (reply !== undefined) writeEdns(bytes, questionEnd, reply);
  return bytes;
}

/** The reply to a message of which no more is taken seriously than its header, with its length in front: an rcode and no question. */
export function encodeRejection(message: Buffer, rcode: number): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_SIZE + HEADER_SIZE);
  bytes.writeUInt16BE(HEADER_SIZE, 0);
  message.copy(bytes, PREFIX_SIZE, 0, HEADER_SIZE);
  writeHeader(bytes, PREFIX_SIZE, rcode & flags.rcode, nothing, undefined);
  bytes.writeUInt16BE(0, PREFIX_SIZE + header.questions);
  return bytes;
}

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

function ednsReply(asked: boolean, answer: Answer, keepalive: number | undefined): EdnsReply {
  const { rcode, source, reason = '' } = answer;
  const reply = { rcode, keepalive: asked ? keepalive : undefined };
  if (source !== 'stale' && rcode !== rcodes.SERVFAIL) return reply;
  const code = source === 'stale' ? STALE_ANSWER : NO_REACHABLE_AUTHORITY;
  return { ...reply, error: { code, text: reason.slice(0, MAX_ERROR_TEXT) } };
}
