/**
 * What is asked (RFC 1035 section 4.1.2).
 *
 * A name is text, one character an octet (latin1), its labels separated by dots, without a dot at its end; the root is `.`. For a dot inside a
 * label another character stands (domain-name.ts), so that two names are never one text. Upper and lower case are as they were asked, since an
 * answer echoes them; names are compared and kept in `lowerCase` (domain-name.ts).
 */
export type Question = { readonly name: string; readonly type: number; readonly class: number };

/** Flag bits of a query that change its answer. */
export type QueryFlags = {
  /** RD (RFC 1035 section 4.1.1): others may be asked. Without it the answer is from what is known here. */
  readonly recursion: boolean;
  /** CD (RFC 4035 section 3.2.2): data is wanted also when its signatures are wrong. */
  readonly checkingDisabled: boolean;
  /** DO (RFC 3225): signatures are wanted too. */
  readonly dnssec: boolean;
};

/** Those of most clients. */
export const defaultQueryFlags: QueryFlags = { recursion: true, checkingDisabled: false, dnssec: false };

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
  /** Whether it is from the hosts table, or built in. */
  readonly authoritative: boolean;
  /** With the chain of CNAMEs that leads to them, in its order. */
  readonly answers: readonly DnsRecord[];
  /** The SOA that says how long a negative answer holds (RFC 2308), if there is one; with signatures also what proves the answer. */
  readonly authorities: readonly DnsRecord[];
  readonly source: AnswerSource;
  /** Of a failure, and of a stale answer: what went wrong, for people. */
  readonly reason?: string;
  /** The same as an Extended DNS Error (RFC 8914 section 4); none of a REFUSED or FORMERR that says enough by itself. */
  readonly extendedError?: number | undefined;
  /** The records as a reply has them, where they are kept so; their TTLs are still to be counted down by `age`. */
  readonly packed?: PackedAnswer;
  /** How long ago the answer was given by its upstream, in whole seconds; 0 without it. */
  readonly age?: number;
};

/**
 * The records of an answer as they stand in a message behind the question, names compressed. Another query for the same name, type and class can be
 * sent the same bytes, with other TTLs: the question is as long, and pointers into it are right.
 */
export type PackedAnswer = {
  readonly body: Buffer;
  /** Where the TTLs stand in it. */
  readonly ttls: readonly number[];
  readonly answers: number;
  readonly authorities: number;
};

/** An answer without records, for a question that is refused or could not be answered. */
export function failure(rcode: number, reason: string, extendedError?: number): Answer {
  return {
    rcode,
    authoritative: false,
    answers: [],
    authorities: [],
    source: 'failure',
    reason,
    extendedError,
  };
}

/** Answers questions: at once when it knows the answer, later when it has to ask others. It never rejects: a failure is an answer too. */
export interface Lookup {
  /** @param queryFlags default: as most clients ask */
  lookup(question: Question, queryFlags?: QueryFlags): Answer | Promise<Answer>;
  /** What it has counted since it was made. */
  stats(): Readonly<Record<string, number>>;
}
