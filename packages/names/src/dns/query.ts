import type { QueryFlags, Question } from './answer.ts';
import { flags, HEADER_SIZE, header, rcodes, types } from './constants.ts';
import { MAX_LABEL, nameText, POINTER } from './domain-name.ts';
import { decodeEdns, type Edns } from './edns.ts';
import { RECORD_FIXED_SIZE } from './records.ts';

/** The longest query that is looked into, in bytes. Real ones have fewer than 512. */
export const MAX_QUERY = 4_096;
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
  readonly queryFlags: QueryFlags;
  readonly edns: Edns | undefined;
};

/** A message that is not answered but with an rcode. */
export type Rejected = {
  readonly rcode: number;
  /** Whether it has an OPT record: then the reply has one too (RFC 6891 section 7). */
  readonly hasEdns: boolean;
};

/** A message that is no query to be answered: the rcode for it, or that it deserves no reply, since replies to replies never end. */
export type Unanswerable = Rejected | 'ignored';

/**
 * Looks at what a client has sent, which may be anything. It takes time linear in the length, and does not throw.
 *
 * FORMERR is for what is longer than 4 KiB, has not exactly one question, is cut short, or has something behind its end.
 *
 * @param message must not change while the query is in use
 */
export function decodeQuery(message: Buffer): Query | Unanswerable {
  const { length } = message;
  if (length < HEADER_SIZE) return 'ignored';
  const bits = ((message[header.flags] as number) << 8) | (message[header.flags + 1] as number);
  if ((bits & flags.response) !== 0) return 'ignored';
  if ((bits & flags.opcode) !== 0) return rejected(message, rcodes.NOTIMP);
  const query = length > MAX_QUERY ? undefined : wellFormed(message, bits);
  return query ?? rejected(message, rcodes.FORMERR);
}

/** The query in a message of not too many bytes; undefined when it is malformed. */
function wellFormed(message: Buffer, bits: number): Query | undefined {
  if (message.readUInt16BE(header.questions) !== 1) return undefined;
  if (message.readUInt32BE(header.answers) !== 0) return undefined;
  // A question is not compressed, since nothing stands before it.
  const name = nameText(message, HEADER_SIZE);
  if (name === undefined) return undefined;
  const end = HEADER_SIZE + (name === '.' ? 1 : name.length + 2);
  const questionEnd = end + QUESTION_TAIL;
  if (questionEnd > message.length) return undefined;
  const additionals = message.readUInt16BE(header.additionals);
  let edns: Edns | undefined;
  if (additionals > 0) {
    const found = findEdns(message, questionEnd, additionals);
    if (found === 'malformed') return undefined;
    edns = found;
  } else if (questionEnd !== message.length) return undefined;

  return {
    id: ((message[0] as number) << 8) | (message[1] as number),
    question: {
      name,
      type: ((message[end] as number) << 8) | (message[end + 1] as number),
      class: ((message[end + 2] as number) << 8) | (message[end + 3] as number),
    },
    message,
    questionEnd,
    queryFlags: allQueryFlags[
      (bits & flags.recursionDesired ? 1 : 0) |
        (bits & flags.checkingDisabled ? 2 : 0) |
        (edns?.dnssec === true ? 4 : 0)
    ] as QueryFlags,
    edns,
  };
}

/** All there are, by their bits. */
const allQueryFlags: readonly QueryFlags[] = Array.from({ length: 8 }, (_, bits) => ({
  recursion: (bits & 1) !== 0,
  checkingDisabled: (bits & 2) !== 0,
  dnssec: (bits & 4) !== 0,
}));

function rejected(message: Buffer, rcode: number): Rejected {
  return { rcode, hasEdns: hasEdns(message) };
}

/** Whether there is an OPT record in a message of whatever form, as far as it can be read. */
function hasEdns(message: Buffer): boolean {
  let at = HEADER_SIZE;
  for (let left = message.readUInt16BE(header.questions); left > 0; left--) {
    const end = endOfName(message, at);
    if (end === undefined) return false;
    at = end + QUESTION_TAIL;
  }
  const counts = [header.answers, header.authorities, header.additionals];
  for (let left = counts.reduce((sum, count) => sum + message.readUInt16BE(count), 0); left > 0; left--) {
    const fields = endOfName(message, at);
    if (fields === undefined || fields + RECORD_FIXED_SIZE > message.length) return false;
    if (message.readUInt16BE(fields) === types.OPT) return true;
    at = fields + RECORD_FIXED_SIZE + message.readUInt16BE(fields + 8);
  }
  return false;
}

/** The OPT record among additional records, if there is one; there may be one at most, with the root as its name (RFC 6891 section 6.1.1). */
function findEdns(message: Buffer, from: number, count: number): Edns | undefined | 'malformed' {
  let edns: Edns | undefined;
  let at = from;
  for (let index = 0; index < count; index++) {
    const isRoot = message[at] === 0;
    const fields = isRoot ? at + 1 : endOfName(message, at);
    if (fields === undefined || fields + RECORD_FIXED_SIZE > message.length) return 'malformed';
    const end = fields + RECORD_FIXED_SIZE + message.readUInt16BE(fields + 8);
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

/** Where a name ends, without looking where its pointer leads; undefined when it does not. */
function endOfName(message: Buffer, from: number): number | undefined {
  for (let at = from; at < message.length; ) {
    const length = message[at] as number;
    if (length >= POINTER) return at + 2;
    if (length > MAX_LABEL) return undefined;
    at += length + 1;
    if (length === 0) return at;
  }
  return undefined;
}
