import { randomInt } from 'node:crypto';
import { type DnsRecord, defaultQueryFlags, type QueryFlags, type Question } from '../dns/answer.ts';
import { flags, HEADER_SIZE, header } from '../dns/constants.ts';
import { encodeName, lowerCase, MalformedMessage, nameText, readName } from '../dns/domain-name.ts';
import { ednsSize, writeEdns } from '../dns/edns.ts';
import { readRecords } from '../dns/records.ts';

/** A question to an upstream, as it is sent. */
export type UpstreamQuery = { readonly id: number; readonly question: Question; readonly message: Buffer };

/** What an upstream said to a question. */
export type UpstreamResponse = {
  readonly rcode: number;
  readonly truncated: boolean;
  /** None when it is truncated. */
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
};

/** Makes a recursive query with an id that cannot be guessed (RFC 5452 section 9.2). Signatures can only be asked for with EDNS. */
export function encodeUpstreamQuery(
  question: Question,
  withEdns: boolean,
  { checkingDisabled, dnssec }: QueryFlags = defaultQueryFlags,
): UpstreamQuery {
  const id = randomInt(0x1_0000);
  const name = encodeName(question.name);
  const questionEnd = HEADER_SIZE + name.length + 4;
  const edns = { rcode: 0, dnssec };
  const message = Buffer.alloc(questionEnd + (withEdns ? ednsSize(edns) : 0));
  message.writeUInt16BE(id, header.id);
  message.writeUInt16BE(
    flags.recursionDesired | (checkingDisabled ? flags.checkingDisabled : 0),
    header.flags,
  );
  message.writeUInt16BE(1, header.questions);
  name.copy(message, HEADER_SIZE);
  message.writeUInt16BE(question.type, questionEnd - 4);
  message.writeUInt16BE(question.class, questionEnd - 2);
  if (withEdns) {
    message.writeUInt16BE(1, header.additionals);
    writeEdns(message, questionEnd, edns);
  }
  return { id, question, message };
}

/**
 * Reads what came for a query. Undefined when it is no response to it: another id or another question (RFC 5452 section 9.1); such a message is to be
 * passed over, since it may be forged. An upstream that cannot read a query may leave the question out.
 *
 * @throws MalformedMessage when it is the response, and broken
 */
export function decodeResponse(
  { id, question }: UpstreamQuery,
  message: Buffer,
): UpstreamResponse | undefined {
  if (message.length < HEADER_SIZE || message.readUInt16BE(header.id) !== id) return undefined;
  const bits = message.readUInt16BE(header.flags);
  if ((bits & flags.response) === 0 || (bits & flags.opcode) !== 0) return undefined;
  const rcode = bits & flags.rcode;
  const truncated = (bits & flags.truncated) !== 0;
  const questions = message.readUInt16BE(header.questions);
  if (questions === 0 && rcode !== 0) return { rcode, truncated: false, answers: [], authorities: [] };
  const questionEnd = questions === 1 ? sameQuestionEnd(question, message) : undefined;
  if (questionEnd === undefined) return undefined;
  if (truncated) return { rcode, truncated, answers: [], authorities: [] };
  const answers = readRecords(message, questionEnd, message.readUInt16BE(header.answers));
  const authorities = readRecords(message, answers.end, message.readUInt16BE(header.authorities));
  return { rcode, truncated, answers: answers.records, authorities: authorities.records };
}

/** Where the question ends, if it is the one that was asked. */
function sameQuestionEnd(question: Question, message: Buffer): number | undefined {
  try {
    const { wire, end } = readName(message, HEADER_SIZE);
    if (end + 4 > message.length) return undefined;
    const name = nameText(wire);
    const same =
      name !== undefined &&
      lowerCase(name) === lowerCase(question.name) &&
      message.readUInt16BE(end) === question.type &&
      message.readUInt16BE(end + 2) === question.class;
    return same ? end + 4 : undefined;
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}
