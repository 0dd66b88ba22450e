import { setMaxListeners } from 'node:events';
import type { Question } from '../dns/answer.ts';
import { rcodes, types } from '../dns/constants.ts';
import { type Exchange, ExchangeError, exchangeOverTcp, exchangeOverUdp } from './exchange.ts';
import { Latencies } from './latencies.ts';
import { formatUpstream, type UpstreamAddress } from './upstream-address.ts';
import { UpstreamLimit } from './upstream-limit.ts';
import { decodeResponse, encodeUpstreamQuery, type UpstreamResponse } from './upstream-message.ts';

/** How long one upstream has for its answer, and all together, in milliseconds. Clients such as dig wait for 5 s. */
const TRY_TIMEOUT = 1_200;
const TIMEOUT = 4_800;
/** How long one that did not answer is asked only after the others, in milliseconds. */
const DISTRUST = 10_000;
/** Each question has a socket of its own while it is asked. */
const MAX_IN_FLIGHT = 256;
const MAX_WAITING = 4_096;

/** Who is asked for what is not known here. */
export interface Upstream {
  /**
   * Asks a question; the response is NOERROR or NXDOMAIN.
   *
   * @throws UpstreamError when nobody gives one; the message says why, for people
   */
  ask(question: Question): Promise<UpstreamResponse>;
  stats(): UpstreamStats;
  /** Asks no more; what is being asked fails. */
  stop(): void;
}

/** What became of the questions; times are in milliseconds and of recent answers. */
export type UpstreamStats = {
  readonly questions: number;
  readonly failures: number;
  readonly inFlight: number;
  readonly latencyP50: number;
  readonly latencyP99: number;
};

/** No upstream gave an answer. */
export class UpstreamError extends Error {}

export type UpstreamOptions = {
  /** Asked in this order; at least one. */
  readonly addresses: readonly UpstreamAddress[];
  /** How long one has for its answer, in milliseconds. Default 1,200. */
  readonly tryTimeout?: number;
  /** How long all together have, in milliseconds. Default 4,800. */
  readonly timeout?: number;
  /** How many questions are asked at once; 4,096 more wait for their turn. Default 256. */
  readonly maxInFlight?: number;
};

/** One of the upstreams, and what is known of it. */
type Peer = { readonly address: UpstreamAddress; distrustedUntil: number; takesEdns: boolean };

/**
 * Asks name servers: one after the other until one answers, and then all once more. UDP first, TCP for what is truncated. Who failed lately is asked
 * last. One that cannot read EDNS is asked without (RFC 6891 section 6.2.2).
 */
export class Upstreams implements Upstream {
  readonly #peers: readonly Peer[];
  readonly #tryTimeout: number;
  readonly #timeout: number;
  readonly #limit: UpstreamLimit;
  readonly #latencies = new Latencies();
  readonly #stopping = new AbortController();
  #questions = 0;
  #failures = 0;
  #inFlight = 0;

  constructor({ addresses, tryTimeout, timeout, maxInFlight }: UpstreamOptions) {
    this.#peers = addresses.map((address) => ({ address, distrustedUntil: 0, takesEdns: true }));
    this.#tryTimeout = tryTimeout ?? TRY_TIMEOUT;
    this.#timeout = timeout ?? TIMEOUT;
    this.#limit = new UpstreamLimit(maxInFlight ?? MAX_IN_FLIGHT, MAX_WAITING);
    // Every exchange listens to it.
    setMaxListeners(0, this.#stopping.signal);
  }

  async ask(question: Question): Promise<UpstreamResponse> {
    const begun = performance.now();
    this.#questions++;
    this.#inFlight++;
    try {
      if (this.#limit.full) throw new UpstreamError('too many questions are being asked');
      const response = await this.#limit.run(() => this.#askAll(question, begun + this.#timeout));
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
      latencyP50: this.#latencies.percentile(50),
      latencyP99: this.#latencies.percentile(99),
    };
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #askAll(question: Question, deadline: number): Promise<UpstreamResponse> {
    const now = performance.now();
    const order = this.#peers.toSorted(
      (one, other) => Number(one.distrustedUntil > now) - Number(other.distrustedUntil > now),
    );
    const failures = new Map<Peer, string>();
    /** Those who answered that they have no answer are not asked again. */
    const silent = new Set(order);
    for (let round = 0; round < 2; round++) {
      for (const peer of silent) {
        const timeLeft = deadline - performance.now();
        if (timeLeft <= 0 || this.#stopping.signal.aborted) break;
        try {
          const response = await this.#askPeer(peer, question, Math.min(this.#tryTimeout, timeLeft));
          peer.distrustedUntil = 0;
          const failure = failureIn(response);
          if (failure === undefined) return response;
          failures.set(peer, failure);
          silent.delete(peer);
        } catch (error) {
          if (!(error instanceof ExchangeError)) throw error;
          peer.distrustedUntil = performance.now() + DISTRUST;
          failures.set(peer, error.message);
        }
      }
    }
    throw new UpstreamError(reasonOf(failures));
  }

  async #askPeer(peer: Peer, question: Question, timeout: number): Promise<UpstreamResponse> {
    const response = await this.#exchange(peer, question, timeout, peer.takesEdns);
    if (!peer.takesEdns || (response.rcode !== rcodes.FORMERR && response.rcode !== rcodes.NOTIMP))
      return response;
    const without = await this.#exchange(peer, question, timeout, false);
    if (without.rcode === rcodes.NOERROR || without.rcode === rcodes.NXDOMAIN) peer.takesEdns = false;
    return without;
  }

  async #exchange(
    { address }: Peer,
    question: Question,
    timeout: number,
    withEdns: boolean,
  ): Promise<UpstreamResponse> {
    const query = encodeUpstreamQuery(question, withEdns);
    const exchange: Exchange<UpstreamResponse> = {
      address,
      query: query.message,
      read: (message) => decodeResponse(query, message),
      timeout,
      signal: this.#stopping.signal,
    };
    const response = await exchangeOverUdp(exchange);
    if (!response.truncated) return response;
    const whole = await exchangeOverTcp(exchange);
    if (whole.truncated) throw new ExchangeError('sent a truncated answer over TCP');
    return whole;
  }
}

function reasonOf(failures: ReadonlyMap<Peer, string>): string {
  const reasons = [...failures].map(([{ address }, failure]) => `${formatUpstream(address)} ${failure}`);
  return reasons.length === 0 ? 'no upstream was asked in time' : reasons.join(', ');
}

/** Why a response is no answer, if it is none. */
function failureIn({ rcode, answers, authorities }: UpstreamResponse): string | undefined {
  if (rcode === rcodes.NXDOMAIN) return undefined;
  if (rcode !== rcodes.NOERROR) return `answered ${rcodeName(rcode)}`;
  const has = (type: number) => authorities.some((record) => record.type === type);
  // Who knows that there is no data says so with an SOA; who only knows others to ask names those (RFC 2308 section 2.2).
  if (answers.length > 0 || has(types.SOA) || !has(types.NS)) return undefined;
  return 'does not ask others, but names them';
}

function rcodeName(rcode: number): string {
  return Object.entries(rcodes).find(([, number]) => number === rcode)?.[0] ?? `rcode ${rcode}`;
}
