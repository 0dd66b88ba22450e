import type { PackedAnswer, QueryFlags, Question } from '../dns/answer.ts';

/** About what an entry costs beside its key and its records, in bytes: objects, a place in the map, the list of TTLs. */
const ENTRY_OVERHEAD = 600;

/** An answer that is kept. */
export type CacheEntry = {
  readonly rcode: number;
  /** Its memory is its own, so that an entry that goes takes all of it along. */
  readonly packed: PackedAnswer;
  /** Whether it says that there is no name, or no record of the type. */
  readonly negative: boolean;
  /** For how long it is fresh. */
  readonly ttlMs: number;
  /** When it was given, by the clock of the resolver. */
  readonly storedAt: number;
  /** Why there is no answer, when it is a failure that is kept. */
  readonly failure: string | undefined;
  /** How often it was the answer. */
  hits: number;
  /** Whether its upstream is being asked again before it is old. */
  refreshing: boolean;
  /** Once old: until when no upstream is asked again since none answered, in milliseconds, and what had happened. */
  staleUntil: number;
  staleReason: string;
};

export type CacheLimits = {
  readonly maxEntries: number;
  /** In bytes, of keys, records and an estimate of what else an entry costs. */
  readonly maxBytes: number;
};

/** The key of an answer. Answers with signatures, or unchecked, are kept apart from others. */
export function keyOf(
  { type, class: questionClass }: Question,
  lower: string,
  queryFlags: QueryFlags,
): string {
  const { dnssec, checkingDisabled } = queryFlags;
  if (!dnssec && !checkingDisabled) return `${type} ${questionClass} ${lower}`;
  return `${type} ${questionClass}${dnssec ? '+dnssec' : ''}${checkingDisabled ? '+cd' : ''} ${lower}`;
}

/** The key under which it is kept that there is no such name, whatever the type; it begins with a type. */
export function keyOfName(key: string): string {
  return `*${key.slice(key.indexOf(' '))}`;
}

/** An entry in the list of all, in the order of use. */
type Link = CacheEntry & { readonly key: string; newer: Link | undefined; older: Link | undefined };

/**
 * Answers by key; the least recently used goes when there are too many or they take too much memory. It knows nothing of time.
 *
 * The order is a list through the entries: taking a key out of a Map and putting it in again costs several times as much.
 */
export class AnswerCache {
  readonly #limits: CacheLimits;
  readonly #entries = new Map<string, Link>();
  #newest: Link | undefined;
  #oldest: Link | undefined;
  #bytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The entry of a key, which is then the one used last. */
  find(key: string): CacheEntry | undefined {
    const link = this.#entries.get(key);
    if (link !== undefined && link !== this.#newest) {
      this.#unlink(link);
      this.#append(link);
    }
    return link;
  }

  /** Keeps an answer in place of what the key had. One that is larger than all the cache may be is not kept. */
  store(
    key: string,
    entry: Pick<CacheEntry, 'rcode' | 'packed' | 'negative' | 'ttlMs' | 'storedAt' | 'failure'>,
  ): CacheEntry | undefined {
    this.remove(key);
    const body = Buffer.allocUnsafeSlow(entry.packed.body.length);
    entry.packed.body.copy(body);
    const link: Link = {
      ...entry,
      packed: { ...entry.packed, body },
      hits: 0,
      refreshing: false,
      staleUntil: 0,
      staleReason: '',
      key,
      newer: undefined,
      older: undefined,
    };
    if (sizeOf(link) > this.#limits.maxBytes) return undefined;
    this.#entries.set(key, link);
    this.#bytes += sizeOf(link);
    this.#append(link);
    while (this.#entries.size > this.#limits.maxEntries || this.#bytes > this.#limits.maxBytes) {
      this.#remove(this.#oldest as Link);
    }
    return link;
  }

  remove(key: string): void {
    const link = this.#entries.get(key);
    if (link !== undefined) this.#remove(link);
  }

  #remove(link: Link): void {
    this.#entries.delete(link.key);
    this.#bytes -= sizeOf(link);
    this.#unlink(link);
  }

  #append(link: Link): void {
    link.older = this.#newest;
    link.newer = undefined;
    if (this.#newest === undefined) this.#oldest = link;
    else this.#newest.newer = link;
    this.#newest = link;
  }

  #unlink({ older, newer }: Link): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}

function sizeOf({ key, packed }: Link): number {
  return ENTRY_OVERHEAD + key.length + packed.body.length + 8 * packed.ttls.length;
}
