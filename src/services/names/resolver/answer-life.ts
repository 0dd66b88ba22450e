import type { DnsRecord, Question } from '../dns/answer.ts';
import { rcodes, types } from '../dns/constants.ts';
import { lowerCase, nameEnd, nameText } from '../dns/domain-name.ts';
import type { UpstreamResponse } from '../upstream/upstream-message.ts';

/** The longest that an answer, and a negative one, is kept, in seconds (RFC 8767 section 4 and RFC 2308 section 5 advise such limits). */
const MAX_TTL = 86_400;
const MAX_NEGATIVE_TTL = 3_600;
/** The most names that a chain of CNAMEs leads through. */
const MAX_CHAIN = 16;

/** What of a response is an answer to its question, and for how long. */
export type LivingAnswer = {
  readonly answers: readonly DnsRecord[];
  /** Of a negative answer its SOA, with a TTL no longer than the answer holds. */
  readonly authorities: readonly DnsRecord[];
  /** Whether there is no name, or no record of the type. */
  readonly negative: boolean;
  /** In seconds; 0 when it may not be kept. */
  readonly ttl: number;
};

/** Takes the records that answer a question, along its chain of CNAMEs; others are none of its business and could be somebody's attempt to plant them. */
export function livingAnswer(question: Question, { rcode, ...response }: UpstreamResponse): LivingAnswer {
  const chain = chainFrom(question, response.answers);
  const answers = response.answers
    .filter((record) => isPartOf(chain, question, record))
    .map((record) => ({ ...record, ttl: Math.min(record.ttl, MAX_TTL) }));
  const ttl = Math.min(...answers.map((record) => record.ttl), MAX_TTL);
  const last = chain.at(-1) as string;
  const positive = answers.some(
    ({ name, type }) => lowerCase(name) === last && (type === question.type || question.type === types.ANY),
  );
  if (positive && rcode === rcodes.NOERROR) return { answers, authorities: [], negative: false, ttl };

  const soa = response.authorities.find(({ type }) => type === types.SOA);
  const minimum = soa === undefined ? undefined : minimumOf(soa);
  // Without an SOA a negative answer is not kept (RFC 2308 section 5).
  if (soa === undefined || minimum === undefined) return { answers, authorities: [], negative: true, ttl: 0 };
  const negativeTtl = Math.min(soa.ttl, minimum, MAX_NEGATIVE_TTL);
  return {
    answers,
    authorities: [{ ...soa, ttl: negativeTtl }],
    negative: true,
    ttl: Math.min(ttl, negativeTtl),
  };
}

/** The name that is asked for, and those that CNAMEs lead to from there, in lower case. */
function chainFrom(question: Question, records: readonly DnsRecord[]): string[] {
  const chain = [lowerCase(question.name)];
  if (question.type === types.CNAME || question.type === types.ANY) return chain;
  const targets = new Map<string, string>();
  for (const { name, type, data } of records) {
    if (type !== types.CNAME) continue;
    const target = nameText(data);
    if (target !== undefined) targets.set(lowerCase(name), lowerCase(target));
  }
  for (let next = targets.get(chain[0] as string); next !== undefined; next = targets.get(next)) {
    // A circle ends here too.
    if (chain.length === MAX_CHAIN) break;
    chain.push(next);
  }
  return chain;
}

function isPartOf(chain: readonly string[], question: Question, record: DnsRecord): boolean {
  if (record.class !== question.class) return false;
  const owner = lowerCase(record.name);
  // A DNAME stands at a name above the one that it redirects (RFC 6672 section 3.1).
  if (record.type === types.DNAME && chain.some((name) => name.endsWith(`.${owner}`))) return true;
  return chain.includes(owner);
}

/** The field MINIMUM of an SOA, the last (RFC 1035 section 3.3.13). */
function minimumOf({ data }: DnsRecord): number | undefined {
  const mailbox = nameEnd(data, 0);
  const numbers = mailbox === undefined ? undefined : nameEnd(data, mailbox);
  if (numbers === undefined || data.length !== numbers + 20) return undefined;
  return Buffer.from(data).readUInt32BE(numbers + 16);
}
