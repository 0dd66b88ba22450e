import type { PackedAnswer } from './answer.ts';

/** About what an entry costs beside its key and its records, in bytes: objects, a place in the map, the list of TTLs. */
const ENTRY_OVERHEAD = 600;

/** An answer that is kept. */
export type CacheEntry = {
  readonly rcode: number;
  /** Its memory is its own, so that an entry that goes takes all of it along. */
  readonly packed: PackedAnswer;
  /** Whether it says that there is no name, or no record of the type. */
  readonly negative: boolean;
  /** For how long it is fresh, in milliseconds. */
  readonly life: number;
  /** When it was given, in milliseconds. */
  readonly since: number;
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

/** Answers by key; the least recently used goes when there are too many or they take too much memory. It knows nothing of time. */
export class AnswerCache {
  readonly #limits: CacheLimits;
  /** In the order of use. */
  readonly #entries = new Map<string, CacheEntry>();
  #newest: string | undefined;
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
    const entry = this.#entries.get(key);
    if (entry !== undefined && key !== this.#newest) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      this.#newest = key;
    }
    return entry;
  }

  /** Keeps an answer in place of what the key had. One that is larger than all the cache may be is not kept. */
  store(
    key: string,
    entry: Pick<CacheEntry, 'rcode' | 'packed' | 'negative' | 'life' | 'since' | 'failure'>,
  ): CacheEntry | undefined {
    this.remove(key);
    const body = Buffer.allocUnsafeSlow(entry.packed.body.length);
    entry.packed.body.copy(body);
    const kept = {
      ...entry,
      packed: { ...entry.packed, body },
      hits: 0,
      refreshing: false,
      staleUntil: 0,
      staleReason: '',
    };
    if (sizeOf(key, kept) > this.#limits.maxBytes) return undefined;
    this.#entries.set(key, kept);
    this.#newest = key;
    this.#bytes += sizeOf(key, kept);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.maxEntries && this.#bytes <= this.#limits.maxBytes) break;
      this.remove(oldest);
    }
    return kept;
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, entry);
    if (key === this.#newest) this.#newest = undefined;
  }
}

function sizeOf(key: string, { packed }: CacheEntry): number {
  return ENTRY_OVERHEAD + key.length + packed.body.length + 8 * packed.ttls.length;
}
