import type { Lookup } from '../dns/answer.ts';
import {
  type Answer,
  defaultQueryFlags,
  failure,
  type PackedAnswer,
  type QueryFlags,
  type Question,
} from '../dns/answer.ts';
import { rcodes } from '../dns/constants.ts';
import { lowerCase } from '../dns/domain-name.ts';
import { pack, withTtl } from '../dns/packed-answer.ts';
import type { HostsTable } from '../hosts/hosts-table.ts';
import type { Upstream } from '../upstream/upstreams.ts';
import { askFollowingAliases } from './alias-chain.ts';
import { AnswerCache, type CacheEntry, keyOf, keyOfName } from './answer-cache.ts';
import { cacheableAnswer } from './cacheable-answer.ts';
import { LazyAnswer } from './lazy-answer.ts';
import { refusal, specialAnswer, specialAuthority } from './local-answers.ts';

const MAX_ENTRIES = 100_000;
const MAX_BYTES = 64 * 1_024 * 1_024;
/** For how long an old answer may be given, after its TTL: a day, as RFC 8767 section 5 advises at least. */
const MAX_STALE_MS = 86_400_000;
/** How long a client waits for an upstream, in milliseconds. Clients such as dig wait for 5 s. */
const CLIENT_TIMEOUT_MS = 4_800;
/** The same when there is an old answer (RFC 8767 section 5). */
const STALE_TIMEOUT_MS = 1_800;
/** How long no upstream is asked again when none answered and there is an old answer (RFC 8767 section 5). */
const FAILURE_RECHECK_MS = 30_000;
/** The TTL of an old answer, in seconds (RFC 8767 section 4). */
const STALE_TTL = 30;
/** How long a failure is remembered (RFC 9520 section 3.2 wants 1 s at least, and 5 min at most). */
const FAILURE_TTL_MS = 5_000;
/** Extended DNS Errors (RFC 8914 section 4). */
const NOT_AUTHORITATIVE = 20;
/** An entry that was the answer so often is fetched again in the last tenth of its TTL. */
const PREFETCH_HITS = 3;
const PREFETCH_FRACTION = 0.1;

/** All times are in milliseconds. */
export type ResolverOptions = {
  readonly upstream: Upstream;
  /** The table as it is at the moment; without it there is none. */
  readonly hosts?: () => HostsTable;
  /** A clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
  /** How many answers are kept, and in how many bytes. Default 100,000 and 64 MiB. */
  readonly cacheEntries?: number;
  readonly cacheBytes?: number;
  /** For how long an old answer may be given. Default a day; 0 for never. */
  readonly maxStaleMs?: number;
  /** How long a client waits for an upstream. Default 4,800. What comes later is kept for the next question. */
  readonly clientTimeoutMs?: number;
  /** The same when there is an old answer. Default 1,800. */
  readonly staleTimeoutMs?: number;
  /** Whether names of private networks are asked for like others: reverse names of their addresses, and `home.arpa`. Default false. */
  readonly forwardPrivate?: boolean;
};

/** What came of asking the upstream: something to answer, or why there is nothing. */
type Fetched = { readonly rcode: number; readonly packed: PackedAnswer } | { readonly failed: string };

/**
 * Answers questions: from the hosts table, for special names, from the cache, and else from the upstream. At once when it knows; what it has to ask for
 * is asked once, however many clients wait for it. A chain of CNAMEs is passed on whole. It never rejects: a failure is an answer with a reason.
 */
export class Resolver implements Lookup {
  readonly #upstream: Upstream;
  readonly #hosts: (() => HostsTable) | undefined;
  readonly #now: () => number;
  readonly #maxStaleMs: number;
  readonly #clientTimeoutMs: number;
  readonly #staleTimeoutMs: number;
  readonly #forwardPrivate: boolean;
  readonly #cache: AnswerCache;
  readonly #inFlight = new Map<string, Promise<Fetched>>();
  readonly #counts = {
    questions: 0,
    hosts: 0,
    hits: 0,
    misses: 0,
    negative: 0,
    stale: 0,
    failures: 0,
    prefetches: 0,
  };

  constructor(options: ResolverOptions) {
    this.#upstream = options.upstream;
    this.#hosts = options.hosts;
    this.#now = options.now ?? (() => performance.now());
    this.#maxStaleMs = options.maxStaleMs ?? MAX_STALE_MS;
    this.#clientTimeoutMs = options.clientTimeoutMs ?? CLIENT_TIMEOUT_MS;
    this.#staleTimeoutMs = options.staleTimeoutMs ?? STALE_TIMEOUT_MS;
    this.#forwardPrivate = options.forwardPrivate ?? false;
    const { cacheEntries: maxEntries = MAX_ENTRIES, cacheBytes: maxBytes = MAX_BYTES } = options;
    this.#cache = new AnswerCache({ maxEntries, maxBytes });
  }

  lookup(question: Question, queryFlags: QueryFlags = defaultQueryFlags): Answer | Promise<Answer> {
    this.#counts.questions++;
    const refused = refusal(question);
    if (refused !== undefined) return refused;
    const lower = lowerCase(question.name);
    const own = this.#fromHosts(question, lower) ?? specialAnswer(question, lower, this.#forwardPrivate);
    if (own !== undefined) {
      this.#counts.hosts++;
      return own;
    }
    const key = keyOf(question, lower, queryFlags);
    const entry = this.#find(key);
    const now = this.#now();
    if (entry !== undefined && now - entry.storedAt < entry.ttlMs)
      return this.#fresh(question, queryFlags, key, entry, now - entry.storedAt);
    if (!queryFlags.recursion) return unknownHere;
    if (entry !== undefined && now < entry.staleUntil) return this.#stale(question, entry, entry.staleReason);
    return this.#ask(question, queryFlags, key);
  }

  /** Counts since it was made, how recent upstream answers took in milliseconds, and sizes as they are now. */
  stats() {
    const upstream = this.#upstream.stats();
    return {
      ...this.#counts,
      upstreamQuestions: upstream.questions,
      upstreamFailures: upstream.failures,
      upstreamInFlight: upstream.inFlight,
      upstreamP50Ms: upstream.latencyP50Ms,
      upstreamP99Ms: upstream.latencyP99Ms,
      cacheEntries: this.#cache.entries,
      cacheBytes: this.#cache.bytes,
      hostsNames: this.#hosts?.().names ?? 0,
    };
  }

  #fromHosts(question: Question, lower: string): Answer | undefined {
    const answer = this.#hosts?.().lookup(question, lower);
    if (answer === undefined || answer.answers.length > 0) return answer;
    return { ...answer, authorities: specialAuthority(lower, this.#forwardPrivate) };
  }

  /** What is kept for a key, or for all types of its name. */
  #find(key: string): CacheEntry | undefined {
    return this.#cache.find(key) ?? this.#cache.find(keyOfName(key));
  }

  #fresh(question: Question, queryFlags: QueryFlags, key: string, entry: CacheEntry, age: number): Answer {
    this.#counts.hits++;
    entry.hits++;
    if (entry.failure !== undefined) {
      this.#counts.failures++;
      return failure(entry.rcode, entry.failure);
    }
    if (entry.negative) this.#counts.negative++;
    const isNearItsEnd = age > entry.ttlMs * (1 - PREFETCH_FRACTION);
    if (isNearItsEnd && entry.hits >= PREFETCH_HITS && !entry.refreshing && queryFlags.recursion) {
      entry.refreshing = true;
      this.#counts.prefetches++;
      this.#fetch(question, queryFlags, key);
    }
    return new LazyAnswer(question, entry, 'cache', Math.floor(age / 1_000));
  }

  async #ask(question: Question, queryFlags: QueryFlags, key: string): Promise<Answer> {
    this.#counts.misses++;
    const fetching = this.#fetch(question, queryFlags, key);
    const timeoutMs = this.#usable(key) === undefined ? this.#clientTimeoutMs : this.#staleTimeoutMs;
    const fetched = await inTime(fetching, timeoutMs, `${this.#upstream.names} did not answer in time`);
    if ('packed' in fetched) return new LazyAnswer(question, fetched, 'upstream', 0);
    const kept = this.#usable(key);
    if (kept !== undefined) return this.#stale(question, kept, fetched.failed);
    this.#counts.failures++;
    return failure(rcodes.SERVFAIL, fetched.failed);
  }

  #stale(question: Question, { rcode, packed }: CacheEntry, reason: string): Answer {
    this.#counts.stale++;
    return new LazyAnswer(question, { rcode, packed: withTtl(packed, STALE_TTL) }, 'stale', 0, reason);
  }

  /** An answer that may be given although it is old, if there is one. */
  #usable(key: string): CacheEntry | undefined {
    const entry = this.#find(key);
    if (entry === undefined || entry.failure !== undefined) return undefined;
    return this.#now() - entry.storedAt < entry.ttlMs + this.#maxStaleMs ? entry : undefined;
  }

  /** Asks the upstream, unless it is being asked already. */
  #fetch(question: Question, queryFlags: QueryFlags, key: string): Promise<Fetched> {
    const known = this.#inFlight.get(key);
    if (known !== undefined) return known;
    const fetching = this.#fetchNow({ ...question, name: lowerCase(question.name) }, queryFlags, key).finally(
      () => this.#inFlight.delete(key),
    );
    this.#inFlight.set(key, fetching);
    return fetching;
  }

  async #fetchNow(question: Question, queryFlags: QueryFlags, key: string): Promise<Fetched> {
    try {
      const response = await askFollowingAliases(this.#upstream, question, queryFlags);
      const { answers, authorities, negative, ttl } = cacheableAnswer(question, response);
      const packed = pack(question, answers, authorities);
      if (packed === undefined) throw new Error('the answer of the upstream does not fit into a message');
      const { rcode } = response;
      const kept = { rcode, packed, negative, ttlMs: ttl * 1_000, storedAt: this.#now(), failure: undefined };
      // A name that does not exist has no records of any type; one that does is known by the type (RFC 2308 section 5).
      const isUnknown = rcode === rcodes.NXDOMAIN && answers.length === 0;
      this.#cache.remove(key);
      this.#cache.remove(keyOfName(key));
      if (ttl > 0) this.#cache.store(isUnknown ? keyOfName(key) : key, kept);
      return { rcode, packed };
    } catch (error) {
      return this.#failed(question, key, (error as Error).message);
    }
  }

  /** Remembers a failure for a while: beside an old answer, or in its place. */
  #failed(question: Question, key: string, reason: string): Fetched {
    const now = this.#now();
    const old = this.#usable(key);
    if (old !== undefined) {
      old.staleUntil = now + FAILURE_RECHECK_MS;
      old.staleReason = reason;
    } else {
      const packed = pack(question, [], []) as PackedAnswer;
      const kept = { rcode: rcodes.SERVFAIL, packed, negative: false, ttlMs: FAILURE_TTL_MS, storedAt: now };
      this.#cache.store(key, { ...kept, failure: reason });
    }
    return { failed: reason };
  }
}

/** For a question that is to be answered without asking upstreams. */
const unknownHere = failure(
  rcodes.REFUSED,
  'it is not known here, and no other server was to be asked (RD=0)',
  NOT_AUTHORITATIVE,
);

/** What is fetched, or that it took too long; it goes on then. */
async function inTime(fetching: Promise<Fetched>, timeoutMs: number, failed: string): Promise<Fetched> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Fetched>((resolve) => {
    timer = setTimeout(() => resolve({ failed }), timeoutMs);
  });
  const fetched = await Promise.race([fetching, late]);
  clearTimeout(timer);
  return fetched;
}
