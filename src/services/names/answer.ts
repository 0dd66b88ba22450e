/**
 * What is asked (RFC 1035 section 4.1.2).
 *
 * A name is text, one character an octet (latin1), its labels separated by dots, without a dot at its end; the root is `.`. No label contains a
 * dot: such names are refused when they are decoded, so that two names are never one text. Upper and lower case are as they were asked, since
 * an answer echoes them; whoever compares or keeps names takes `lowerCase` of them (domain-name.ts).
 */
export type Question = { readonly name: string; readonly type: number; readonly class: number };

/** A resource record (RFC 1035 section 3.2.1). */
export type DnsRecord = {
  /** As in {@link Question}. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** In seconds, counted down to now. */
  readonly ttl: number;
  /** As on the wire, with the names in it uncompressed. */
  readonly data: Uint8Array;
};

/**
 * Where an answer is from: the hosts table, what is built in for special names (RFC 6761), the cache while fresh, an upstream just now, the cache
 * when no upstream answered (RFC 8767), or nowhere: it is a failure, and `reason` says why.
 */
export type AnswerSource = 'hosts' | 'special' | 'cache' | 'upstream' | 'stale' | 'failure';

/** What is answered to a question. No data of the type (NODATA) is NOERROR without such a record among `answers`. */
export type Answer = {
  /** RFC 1035 section 4.1.1; see `rcodes` (constants.ts). */
  readonly rcode: number;
  /** Whether it is ours to say: of the hosts table, or built in. */
  readonly authoritative: boolean;
  /** With the chain of CNAMEs that leads to them, in its order. */
  readonly answers: readonly DnsRecord[];
  /** The SOA that says how long a negative answer holds (RFC 2308), if there is one. */
  readonly authorities: readonly DnsRecord[];
  readonly source: AnswerSource;
  /** Of a failure, and of a stale answer: what went wrong, for people. */
  readonly reason?: string;
};
