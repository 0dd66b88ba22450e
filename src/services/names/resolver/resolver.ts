import { type Answer, failure, type PackedAnswer, type Question } from '../dns/answer.ts';
import { rcodes } from '../dns/constants.ts';
import { lowerCase } from '../dns/domain-name.ts';
import { pack, withTtl } from '../dns/packed-answer.ts';
import type { HostsTable } from '../hosts/hosts-table.ts';
import type { Upstream } from '../upstream/upstreams.ts';
import { AnswerCache, type CacheEntry } from './answer-cache.ts';
import { livingAnswer } from './answer-life.ts';
import { KeptAnswer } from './kept-answer.ts';
import type { Lookup } from './lookup.ts';
import { refusal } from './refusal.ts';
import { specialAnswer, specialAuthority } from './special-names.ts';

const MAX_ENTRIES = 100_000;
const MAX_BYTES = 64 * 1_024 * 1_024;
/** For how long an old answer may be given, after its life: a day, as RFC 8767 section 5 advises at least. */
const STALE_FOR = 86_400_000;
/** How long a client waits for an upstream when there is an old answer (RFC 8767 section 5). */
const STALE_AFTER = 1_800;
/** How long no upstream is asked again when none answered and there is an old answer (RFC 8767 section 5). */
const RECHECK_AFTER = 30_000;
/** The TTL of an old answer, in seconds (RFC 8767 section 4). */
const STALE_TTL = 30;
/** How long a failure is remembered (RFC 9520 section 3.2 wants 1 s at least, and 5 min at most). */
const FAILURE_LIFE = 5_000;
/** A name is popular when it was the answer so often; then it is asked for again in the last tenth of its life. */
const POPULAR = 3;
const LAST_PART = 0.1;

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
  readonly staleFor?: number;
  /** How long a client waits for an upstream when there is an old answer. Default 1,800. */
  readonly staleAfter?: number;
};

/** What came of asking the upstream: something to answer, or why there is nothing. */
type Fetched = { readonly rcode: number; readonly packed: PackedAnswer } | { readonly failed: string };

/**
 * Answers questions: from the hosts table, for special names, from the cache, and else from the upstream. At once when it knows; what it has to ask for
 * is asked once, however many want to know it. A chain of CNAMEs is passed on whole. It never rejects: a failure is an answer with a reason.
 */
export class Resolver implements Lookup {
  readonly #upstream: Upstream;
  readonly #hosts: (() => HostsTable) | undefined;
  readonly #now: () => number;
  readonly #staleFor: number;
  readonly #staleAfter: number;
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
    this.#staleFor = options.staleFor ?? STALE_FOR;
    this.#staleAfter = options.staleAfter ?? STALE_AFTER;
    const { cacheEntries: maxEntries = MAX_ENTRIES, cacheBytes: maxBytes = MAX_BYTES } = options;
    this.#cache = new AnswerCache({ maxEntries, maxBytes });
  }

  lookup(question: Question): Answer | Promise<Answer> {
    this.#counts.questions++;
    const refused = refusal(question);
    if (refused !== undefined) return refused;
    const lower = lowerCase(question.name);
    const own = this.#ofHosts(question, lower) ?? specialAnswer(question, lower);
    if (own !== undefined) {
      this.#counts.hosts++;
      return own;
    }
    const key = `${question.type} ${question.class} ${lower}`;
    const entry = this.#find(key);
    if (entry === undefined) return this.#ask(question, key);
    const now = this.#now();
    const age = now - entry.since;
    if (age < entry.life) return this.#fresh(question, key, entry, age);
    if (now < entry.staleUntil) return this.#stale(question, entry, entry.staleReason);
    return this.#ask(question, key);
  }

  /** Counts since it was made, how recent upstream answers took in milliseconds, and sizes as they are now. */
  stats() {
    const upstream = this.#upstream.stats();
    return {
      ...this.#counts,
      upstreamQuestions: upstream.questions,
      upstreamFailures: upstream.failures,
      upstreamInFlight: upstream.inFlight,
      upstreamP50: upstream.latencyP50,
      upstreamP99: upstream.latencyP99,
      cacheEntries: this.#cache.entries,
      cacheBytes: this.#cache.bytes,
      hostsNames: this.#hosts?.().names ?? 0,
    };
  }

  #ofHosts(question: Question, lower: string): Answer | undefined {
    const answer = this.#hosts?.().lookup(question, lower);
    if (answer === undefined || answer.answers.length > 0) return answer;
    return { ...answer, authorities: specialAuthority(lower) };
  }

  /** What is kept for a key, or for all types of its name. */
  #find(key: string): CacheEntry | undefined {
    return this.#cache.find(key) ?? this.#cache.find(keyOfName(key));
  }

  #fresh(question: Question, key: string, entry: CacheEntry, age: number): Answer {
    this.#counts.hits++;
    entry.hits++;
    if (entry.failure !== undefined) {
      this.#counts.failures++;
      return failure(entry.rcode, entry.failure);
    }
    if (entry.negative) this.#counts.negative++;
    const isNearItsEnd = age > entry.life * (1 - LAST_PART);
    if (isNearItsEnd && entry.hits >= POPULAR && !entry.refreshing) {
      entry.refreshing = true;
      this.#counts.prefetches++;
      this.#fetch(question, key);
    }
    return new KeptAnswer(question, entry, 'cache', Math.floor(age / 1_000));
  }

  async #ask(question: Question, key: string): Promise<Answer> {
    this.#counts.misses++;
    const fetching = this.#fetch(question, key);
    const old = this.#usable(key);
    const fetched = old === undefined ? await fetching : await inTime(fetching, this.#staleAfter);
    if ('packed' in fetched) return new KeptAnswer(question, fetched, 'upstream', 0);
    const kept = this.#usable(key);
    if (kept !== undefined) return this.#stale(question, kept, fetched.failed);
    this.#counts.failures++;
    return failure(rcodes.SERVFAIL, fetched.failed);
  }

  #stale(question: Question, { rcode, packed }: CacheEntry, reason: string): Answer {
    this.#counts.stale++;
    return new KeptAnswer(question, { rcode, packed: withTtl(packed, STALE_TTL) }, 'stale', 0, reason);
  }

  /** An answer that may be given although it is old, if there is one. */
  #usable(key: string): CacheEntry | undefined {
    const entry = this.#find(key);
    if (entry === undefined || entry.failure !== undefined) return undefined;
    return this.#now() - entry.since < entry.life + this.#staleFor ? entry : undefined;
  }

  /** Asks the upstream, unless it is being asked already. */
  #fetch(question: Question, key: string): Promise<Fetched> {
    const known = this.#inFlight.get(key);
    if (known !== undefined) return known;
    const fetching = this.#fetchNow({ ...question, name: lowerCase(question.name) }, key).finally(() =>
      this.#inFlight.delete(key),
    );
    this.#inFlight.set(key, fetching);
    return fetching;
  }

  async #fetchNow(question: Question, key: string): Promise<Fetched> {
    try {
      const response = await this.#upstream.ask(question);
      const { answers, authorities, negative, ttl } = livingAnswer(question, response);
      const packed = pack(question, answers, authorities);
      if (packed === undefined) throw new Error('the answer of the upstream does not fit into a message');
      const { rcode } = response;
      const kept = { rcode, packed, negative, life: ttl * 1_000, since: this.#now(), failure: undefined };
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
      old.staleUntil = now + RECHECK_AFTER;
      old.staleReason = reason;
    } else {
      const packed = pack(question, [], []) as PackedAnswer;
      const kept = { rcode: rcodes.SERVFAIL, packed, negative: false, life: FAILURE_LIFE, since: now };
      this.#cache.store(key, { ...kept, failure: reason });
    }
    return { failed: reason };
  }
}

/** The key under which it is kept that there is no such name, whatever the type; it begins with a type. */
function keyOfName(key: string): string {
  return `*${key.slice(key.indexOf(' '))}`;
}

/** What is fetched, or that it took too long; it goes on then. */
async function inTime(fetching: Promise<Fetched>, patience: number): Promise<Fetched> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Fetched>((resolve) => {
    timer = setTimeout(() => resolve({ failed: 'no upstream has answered yet' }), patience);
  });
  const fetched = await Promise.race([fetching, late]);
  clearTimeout(timer);
  return fetched;
}
