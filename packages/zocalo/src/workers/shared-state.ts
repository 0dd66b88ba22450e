import { BucketTable } from '../admission/bucket-table.ts';
import { MAX_ADDRESSES } from '../admission/quota.ts';
import type { Traffic } from '../session/session-host.ts';

/** What a piece of shared memory has room for. */
export type SharedLayout = {
  /** How many workers may be at work at once: each has a row of its own. */
  readonly rows: number;
  /** Whether there are buckets of addresses. */
  readonly buckets: boolean;
};

const ROWS_OFFSET = 8;
const COUNTS = ['messages', 'bytesIn', 'bytesOut'] as const;
/** The counts, and how many commands the worker has processed. */
const ROW_SIZE = 8 * (COUNTS.length + 1);

/**
 * What a supervisor and its workers know together, in memory that they share, so that it is exact at every moment and no message has to
 * be exchanged: how many clients are in and how many wait (written by the supervisor), what each worker has counted and how many commands it has processed
 * (written by that worker), and the quotas of addresses (taken from by all).
 */
export class SharedState {
  readonly buckets: Uint8Array;
  /** How many clients are in, and how many wait. */
  readonly #clientCounts: Int32Array;
  readonly #memory: ArrayBufferLike;

  constructor(memory: ArrayBufferLike, layout: SharedLayout) {
    this.#memory = memory;
    this.#clientCounts = new Int32Array(memory, 0, 2);
    this.buckets = new Uint8Array(memory, ROWS_OFFSET + layout.rows * ROW_SIZE);
  }

  static bytesFor({ rows, buckets }: SharedLayout): number {
    return ROWS_OFFSET + rows * ROW_SIZE + (buckets ? BucketTable.bytesFor(MAX_ADDRESSES) : 0);
  }

  get activeClients(): number {
    return Atomics.load(this.#clientCounts, 0);
  }

  set activeClients(count: number) {
    Atomics.store(this.#clientCounts, 0, count);
  }

  get waitingClients(): number {
    return Atomics.load(this.#clientCounts, 1);
  }

  set waitingClients(count: number) {
    Atomics.store(this.#clientCounts, 1, count);
  }

  /** The counts of one worker. */
  traffic(row: number): SharedTraffic {
    return new SharedTraffic(new Float64Array(this.#memory, ROWS_OFFSET + row * ROW_SIZE, COUNTS.length));
  }

  /** The commands that one worker has processed. */
  commands(row: number): CommandCount {
    const count = new Float64Array(this.#memory, ROWS_OFFSET + row * ROW_SIZE + 8 * COUNTS.length, 1);
    return {
      get processed() {
        return count[0] as number;
      },
      set processed(commands) {
        count[0] = commands;
      },
    };
  }
}

/** How many commands a worker has processed: by this its supervisor sees whether it is responsive. */
export interface CommandCount {
  processed: number;
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
