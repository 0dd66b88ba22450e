import { defaultQueryFlags, type QueryFlags, type Question } from '../dns/answer.ts';
import { HedgedQuery, UpstreamError } from './hedged-query.ts';
import type { UpstreamState } from './server-query.ts';
import { formatUpstream, type UpstreamAddress } from './upstream-address.ts';
import { UpstreamLimit } from './upstream-limit.ts';
import type { UpstreamResponse } from './upstream-message.ts';

/** After how long without an answer the next upstream is asked. */
const TRY_TIMEOUT_MS = 1_200;
/** How many of those times pass at most until all have been asked, and those asked first are asked again over TCP. */
const FIRST_ROUND = 2;
/** How long all together have: longer than clients wait, since a client that asks again is answered then. */
const TIMEOUT_MS = 10_000;
/** Each question has sockets of its own while it is asked. */
const MAX_IN_FLIGHT = 256;
const MAX_WAITING = 4_096;

/** Other name servers, which are asked for what is not known here. */
export interface Upstream {
  /** Their addresses, for people: `192.0.2.1:53, 192.0.2.2:53`. */
  readonly names: string;
  /**
   * Asks a question; the response is NOERROR or NXDOMAIN.
   *
   * @throws UpstreamError when none gives one; the message says why, for people
   */
  ask(question: Question, queryFlags?: QueryFlags): Promise<UpstreamResponse>;
  stats(): UpstreamStats;
  /** Asks no more; what is being asked fails. */
  stop(): void;
}

/** What became of the questions; times are in milliseconds and of recent answers. */
export type UpstreamStats = {
  readonly questions: number;
  readonly failures: number;
  readonly inFlight: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
};

export type UpstreamOptions = {
  /** Asked in this order. */
  readonly addresses: readonly UpstreamAddress[];
  /** After how long without an answer the next is asked, in milliseconds; less when there are more than two. Default 1,200. */
  readonly tryTimeoutMs?: number;
  /** How long all together have, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** How many questions are asked at once; 4,096 more wait for their turn. Default 256. */
  readonly maxInFlight?: number;
};

/** Asks name servers ({@link HedgedQuery}), so many questions at once; remembers what is known of each server. */
export class Upstreams implements Upstream {
  #peers: readonly UpstreamState[] = [];
  readonly #tryTimeoutMs: number;
  readonly #timeoutMs: number;
  readonly #limit: UpstreamLimit;
  readonly #latencies = new Latencies();
  readonly #searches = new Set<HedgedQuery>();
  #isStopped = false;
  #questions = 0;
  #failures = 0;
  #inFlight = 0;

  constructor({ addresses, tryTimeoutMs, timeoutMs, maxInFlight }: UpstreamOptions) {
    this.#tryTimeoutMs = tryTimeoutMs ?? TRY_TIMEOUT_MS;
    this.#timeoutMs = timeoutMs ?? TIMEOUT_MS;
    this.#limit = new UpstreamLimit(maxInFlight ?? MAX_IN_FLIGHT, MAX_WAITING);
    this.use(addresses);
  }

  /** From the next question on these are asked, in this order. What is known of those that stay is kept. */
  use(addresses: readonly UpstreamAddress[]): void {
    const known = new Map(this.#peers.map((peer) => [keyOf(peer.address), peer]));
    this.#peers = addresses.map(
      (address) =>
        known.get(keyOf(address)) ?? {
          address,
          deprioritizedUntil: 0,
          udpLosses: 0,
          tcpFirstUntil: 0,
          supportsEdns: true,
        },
    );
  }

  get names(): string {
    return this.#peers.map(({ address }) => formatUpstream(address)).join(', ');
  }

  async ask(question: Question, queryFlags: QueryFlags = defaultQueryFlags): Promise<UpstreamResponse> {
    const begun = performance.now();
    this.#questions++;
    this.#inFlight++;
    try {
      if (this.#limit.full) throw new UpstreamError('too many questions are being asked');
      const response = await this.#limit.run(() =>
        this.#search(question, queryFlags, begun + this.#timeoutMs),
      );
      this.#latencies.add(performance.now() - begun);
      return response;
    } catch (error) {
      this.#failures++;
      throw error;
    } finally {
      this.#inFlight--;
    }
  }

  stats(): UpstreamStats {
    return {
      questions: this.#questions,
      failures: this.#failures,
      inFlight: this.#inFlight,
      latencyP50Ms: this.#latencies.percentile(50),
      latencyP99Ms: this.#latencies.percentile(99),
    };
  }

  stop(): void {
    this.#isStopped = true;
    for (const search of this.#searches) search.stop();
  }

  async #search(question: Question, queryFlags: QueryFlags, deadline: number): Promise<UpstreamResponse> {
    if (this.#isStopped) throw new UpstreamError('no more is asked: the server stops');
    const intervalMs = this.#tryTimeoutMs * Math.min(1, FIRST_ROUND / this.#peers.length);
    const search = new HedgedQuery(this.#peers, question, queryFlags, intervalMs, deadline);
    this.#searches.add(search);
    try {
      return await search.response;
    } finally {
      this.#searches.delete(search);
    }
  }
}

function keyOf(address: UpstreamAddress): string {
  return `${address.tcp === true ? 'tcp ' : ''}${formatUpstream(address)}`;
}

/** How many are remembered: enough for a percentile, and bounded however long a server runs. */
const MAX_LATENCIES = 1_024;

/** How long recent answers took: percentiles of the last 1,024. */
class Latencies {
  readonly #times: number[] = [];
  #count = 0;

  /** @param time in milliseconds */
  add(time: number): void {
    this.#times[this.#count++ % MAX_LATENCIES] = time;
  }

  /** The time, in milliseconds, that so many percent did not exceed (the nearest rank); 0 when there was none. */
  percentile(percent: number): number {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[Math.max(Math.ceil((percent / 100) * sorted.length) - 1, 0)] ?? 0;
  }
}
