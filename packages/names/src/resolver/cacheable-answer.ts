import type { DnsRecord, Question } from '../dns/answer.ts';
import { rcodes, types } from '../dns/constants.ts';
import { lowerCase, nameEnd } from '../dns/domain-name.ts';
import type { UpstreamResponse } from '../upstream/upstream-message.ts';
import { chainFrom, hasData } from './alias-chain.ts';

/** The longest that an answer, and a negative one, is kept, in seconds (RFC 8767 section 4 and RFC 2308 section 5 advise such limits). */
const MAX_TTL = 86_400;
const MAX_NEGATIVE_TTL = 3_600;

/** What of a response is an answer to its question, and for how long. */
export type CacheableAnswer = {
  /** In the order of the chain of CNAMEs, whatever theirs was: the C library's resolver takes no other. */
  readonly answers: readonly DnsRecord[];
  /** Of a negative answer its SOA, with a TTL no longer than the answer holds; and what proves the answer. */
  readonly authorities: readonly DnsRecord[];
  /** Whether there is no name, or no record of the type. */
  readonly negative: boolean;
  /** In seconds; 0 when it may not be kept. */
  readonly ttl: number;
};

/** Takes the records that answer a question, along its chain of CNAMEs. Others are dropped: they could be an attempt to poison the cache. */
export function cacheableAnswer(question: Question, response: UpstreamResponse): CacheableAnswer {
  const places = new Map(chainFrom(question, response.answers).map((name, index) => [name, index]));
  const answers = response.answers
    .filter((record) => record.class === question.class)
    .map((record) => ({ place: placeIn(places, record), record }))
    .filter(({ place }) => place !== undefined)
    .sort((one, other) => (one.place as number) - (other.place as number))
    .map(({ record }) => ({ ...record, ttl: Math.min(record.ttl, MAX_TTL) }));
  const ttl = Math.min(...answers.map((record) => record.ttl), MAX_TTL);
  const proof = response.authorities.filter((record) => record.class === question.class && isProof(record));
  if (response.rcode === rcodes.NOERROR && hasData(question, response)) {
    const life = Math.min(ttl, ...proof.map((record) => record.ttl));
    return { answers, authorities: proof, negative: false, ttl: life };
  }

  const soa = response.authorities.find(({ type }) => type === types.SOA);
  const minimum = soa === undefined ? undefined : minimumOf(soa);
  // Without an SOA a negative answer is not kept (RFC 2308 section 5).
  if (soa === undefined || minimum === undefined)
    return { answers, authorities: proof, negative: true, ttl: 0 };
  const negativeTtl = Math.min(soa.ttl, minimum, MAX_NEGATIVE_TTL, ...proof.map((record) => record.ttl));
  return {
    answers,
    authorities: [soa, ...proof].map((record) => ({ ...record, ttl: negativeTtl })),
    negative: true,
    ttl: Math.min(ttl, negativeTtl),
  };
}

/** Where in the answers of a chain a record stands; undefined when it is no part of them. */
function placeIn(chain: ReadonlyMap<string, number>, record: DnsRecord): number | undefined {
  const owner = lowerCase(record.name);
  const place = chain.get(owner);
  if (place !== undefined) return 2 * place + 1;
  if (record.type !== types.DNAME && typeCovered(record) !== types.DNAME) return undefined;
  // A DNAME stands at a name above the one that it redirects (RFC 6672 section 3.1), and comes before its CNAME.
  for (const [name, redirected] of chain) if (name.endsWith(`.${owner}`)) return 2 * redirected;
  return undefined;
}

/** Whether a record of the authority section proves that there is nothing, or nothing closer (RFC 4035 section 3.1.3). */
function isProof(record: DnsRecord): boolean {
  const kinds: readonly (number | undefined)[] = [types.NSEC, types.NSEC3];
  return kinds.includes(record.type) || [types.SOA, ...kinds].includes(typeCovered(record));
}

/** The type of the records that an RRSIG is of (RFC 4034 section 3.1.1); undefined of other records. */
function typeCovered({ type, data }: DnsRecord): number | undefined {
  return type === types.RRSIG && data.length >= 2
    ? ((data[0] as number) << 8) | (data[1] as number)
    : undefined;
}

/** The field MINIMUM of an SOA, the last (RFC 1035 section 3.3.13). */
function minimumOf({ data }: DnsRecord): number | undefined {
  const mailbox = nameEnd(data, 0);
  const numbers = mailbox === undefined ? undefined : nameEnd(data, mailbox);
  if (numbers === undefined || data.length !== numbers + 20) return undefined;
  return Buffer.from(data).readUInt32BE(numbers + 16);
}
