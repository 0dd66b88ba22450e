import type { Question } from './answer.ts';
import { rcodes, types } from './constants.ts';
import { MalformedMessage, nameEnd, readName } from './domain-name.ts';
import { decodeEdns, type Edns } from './edns.ts';
import { flags, HEADER_SIZE, header } from './header.ts';

/** The longest query that is looked into, in bytes. Real ones have fewer than 512. */
export const MAX_QUERY = 4_096;
const DOT = 0x2e;
/** Type and class, behind the name of a question. */
const QUESTION_TAIL = 4;

/** A query that can be answered. */
export type Query = {
  readonly id: number;
  readonly question: Question;
  /** As it came; it keeps the question, which is echoed, octet for octet. */
  readonly message: Buffer;
  /** Where the question ends in it. */
  readonly questionEnd: number;
  readonly edns: Edns | undefined;
};

/** A message that is no query we answer: the rcode for it, or that it deserves no reply, since replies to replies never end. */
export type Unanswerable = { readonly rcode: number } | 'ignored';

/**
 * Looks at what a client has sent, which may be anything. It takes time linear in the length, and does not throw.
 *
 * FORMERR is for what is longer than 4 KiB, has not exactly one question, is cut short, has something behind its end, or asks for a name in which a
 * label contains a dot: as text it could be taken for another name.
 *
 * @param message must not change while the query is in use
 */
export function decodeQuery(message: Buffer): Query | Unanswerable {
  const { length } = message;
  if (length < HEADER_SIZE) return 'ignored';
  const bits = (message[header.flags] as number) << 8;
  if ((bits & flags.response) !== 0) return 'ignored';
  if ((bits & flags.opcode) !== 0) return { rcode: rcodes.NOTIMP };
  if (length > MAX_QUERY || message.readUInt16BE(header.questions) !== 1) return malformed;
  if (message.readUInt32BE(header.answers) !== 0) return malformed;

  const end = questionNameEnd(message);
  if (end === undefined || end + QUESTION_TAIL > length) return malformed;
  const questionEnd = end + QUESTION_TAIL;
  const additionals = message.readUInt16BE(header.additionals);
  let edns: Edns | undefined;
  if (additionals > 0) {
    const found = findEdns(message, questionEnd, additionals);
    if (found === 'malformed') return malformed;
    edns = found;
  } else if (questionEnd !== length) return malformed;

  return {
    id: ((message[0] as number) << 8) | (message[1] as number),
    question: {
      name: questionName(message, end),
      type: ((message[end] as number) << 8) | (message[end + 1] as number),
      class: ((message[end + 2] as number) << 8) | (message[end + 3] as number),
    },
    message,
    questionEnd,
    edns,
  };
}

const malformed: Unanswerable = { rcode: rcodes.FORMERR };

/** Where the name of the question ends; undefined when it is cut short, compressed (it is the first in the message) or has a dot in a label. */
function questionNameEnd(message: Buffer): number | undefined {
  const end = nameEnd(message, HEADER_SIZE);
  if (end === undefined) return undefined;
  for (let at = HEADER_SIZE; ; ) {
    const length = message[at++] as number;
    if (length === 0) return end;
    for (const labelEnd = at + length; at < labelEnd; at++) if (message[at] === DOT) return undefined;
  }
}

/** The name as text. Its octets are taken as a whole; then dots take the places of the lengths between labels. */
function questionName(message: Buffer, end: number): string {
  if (end === HEADER_SIZE + 1) return '.';
  const octets = nameScratch;
  message.copy(octets, 0, HEADER_SIZE + 1, end - 1);
  for (let at = message[HEADER_SIZE] as number; at < end - HEADER_SIZE - 2; ) {
    const length = octets[at] as number;
    octets[at] = DOT;
    at += length + 1;
  }
  return octets.toString('latin1', 0, end - HEADER_SIZE - 2);
}

const nameScratch = Buffer.allocUnsafeSlow(256);

/** The OPT record among additional records, if there is one; there may be one at most, with the root as its name (RFC 6891 section 6.1.1). */
function findEdns(message: Buffer, from: number, count: number): Edns | undefined | 'malformed' {
  let edns: Edns | undefined;
  let at = from;
  for (let index = 0; index < count; index++) {
    const isRoot = message[at] === 0;
    const fields = isRoot ? at + 1 : endOfName(message, at);
    if (fields === undefined || fields + 10 > message.length) return 'malformed';
    const end = fields + 10 + message.readUInt16BE(fields + 8);
    if (end > message.length) return 'malformed';
    if (message.readUInt16BE(fields) === types.OPT) {
      if (edns !== undefined || !isRoot) return 'malformed';
      edns = decodeEdns(message, fields + 2, end);
      if (edns === undefined) return 'malformed';
    }
    at = end;
  }
  return at === message.length ? edns : 'malformed';
}

function endOfName(message: Buffer, at: number): number | undefined {
  try {
    return readName(message, at).end;
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}
