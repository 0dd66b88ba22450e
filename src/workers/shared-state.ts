import { BucketTable } from '../admission/bucket-table.ts';
import { MAX_ADDRESSES } from '../admission/quota.ts';
import type { House } from '../protocol/client.ts';
import type { ServerStats } from '../protocol/server-stats.ts';
import type { Traffic } from '../protocol/session-host.ts';

/** What a piece of shared memory has room for. */
export type SharedLayout = {
  /** How many workers may be at work at once: each has a row of its own. */
  readonly rows: number;
  /** Whether there are buckets of addresses. */
  readonly buckets: boolean;
};

const ROWS_AT = 8;
const COUNTS = ['messages', 'bytesIn', 'bytesOut'] as const;
const ROW_SIZE = 8 * COUNTS.length;

/**
 * What a supervisor and its workers know together, in memory that they share, so that it is exact at every moment and nobody has to
 * be asked: how many clients are in and how many wait (written by the supervisor), what each worker has counted (written by that worker), and the
 * quotas of addresses (taken from by all).
 */
export class SharedState implements House {
  readonly buckets: Uint8Array;
  /** Who is in, and who waits. */
  readonly #crowd: Int32Array;
  readonly #memory: ArrayBufferLike;

  constructor(memory: ArrayBufferLike, layout: SharedLayout) {
    this.#memory = memory;
    this.#crowd = new Int32Array(memory, 0, 2);
    this.buckets = new Uint8Array(memory, ROWS_AT + layout.rows * ROW_SIZE);
  }

  static bytesFor({ rows, buckets }: SharedLayout): number {
    return ROWS_AT + rows * ROW_SIZE + (buckets ? BucketTable.bytesFor(MAX_ADDRESSES) : 0);
  }

  get activeClients(): number {
    return Atomics.load(this.#crowd, 0);
  }

  set activeClients(count: number) {
    Atomics.store(this.#crowd, 0, count);
  }

  get waitingClients(): number {
    return Atomics.load(this.#crowd, 1);
  }

  set waitingClients(count: number) {
    Atomics.store(this.#crowd, 1, count);
  }

  /** Only the supervisor's server knows. */
  stats(): ServerStats | undefined {
    return undefined;
  }

  /** The counts of one worker. */
  traffic(row: number): SharedTraffic {
    return new SharedTraffic(new Float64Array(this.#memory, ROWS_AT + row * ROW_SIZE, COUNTS.length));
  }
}

/** Counts in shared memory. Only one worker writes them; an aligned number of 64 bits is never seen half written. */
export class SharedTraffic implements Traffic {
  readonly #counts: Float64Array;

  constructor(counts: Float64Array) {
    this.#counts = counts;
  }

  get messages(): number {
    return this.#counts[0] as number;
  }

  set messages(count: number) {
    this.#counts[0] = count;
  }

  get bytesIn(): number {
    return this.#counts[1] as number;
  }

  set bytesIn(count: number) {
    this.#counts[1] = count;
  }

  get bytesOut(): number {
    return this.#counts[2] as number;
  }

  set bytesOut(count: number) {
    this.#counts[2] = count;
  }
}

/**
 * How far this thread's `performance.now()` is behind the system's monotonic clock, in milliseconds: every thread and process counts from
 * a beginning of its own, but that clock they have in common.
 */
export function sharedClockOffset(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now();
}
