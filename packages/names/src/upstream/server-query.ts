import type { QueryFlags, Question } from '../dns/answer.ts';
import { rcodes } from '../dns/constants.ts';
import { type Exchange, ExchangeError, exchangeOverTcp, exchangeOverUdp } from './exchange.ts';
import type { UpstreamAddress } from './upstream-address.ts';
import { decodeResponse, encodeUpstreamQuery, type UpstreamResponse } from './upstream-message.ts';

/** So many questions in a row that were answered over TCP and not over UDP mean that UDP does not get through; one may have been lost. */
const MAX_UDP_LOSSES = 2;
/** How long TCP is tried first then. */
const TCP_FIRST_MS = 600_000;

/** One of the upstreams, and what is known of it; times are those of `performance.now`. */
export type UpstreamState = {
  readonly address: UpstreamAddress;
  /** It did not answer lately: it is asked after the others until then. */
  deprioritizedUntil: number;
  /** How many questions in a row it answered over TCP alone, though it was asked over UDP. */
  udpLosses: number;
  /** UDP does not get through: it is asked over TCP until then. */
  tcpFirstUntil: number;
  supportsEdns: boolean;
};

/**
 * A question to one upstream: UDP first, TCP for what is truncated, or when UDP does not get through. One that cannot read EDNS is asked without (RFC
 * 6891 section 6.2.2). An answer counts whenever it comes, until the serverQuery is stopped.
 */
export class ServerQuery {
  /** Rejects with an ExchangeError when no transport is left. */
  readonly response: Promise<UpstreamResponse>;
  readonly #peer: UpstreamState;
  readonly #question: Question;
  readonly #queryFlags: QueryFlags;
  readonly #resolve: (response: UpstreamResponse) => void;
  readonly #reject: (error: ExchangeError) => void;
  readonly #running = new Set<Exchange<UpstreamResponse>>();
  #withEdns: boolean;
  #usesUdp = false;
  #usesTcp = false;
  /** Whether it was asked over UDP and has not answered. */
  #isUdpUnanswered = false;
  #failure: ExchangeError | undefined;

  constructor(peer: UpstreamState, question: Question, queryFlags: QueryFlags) {
    this.#peer = peer;
    this.#question = question;
    this.#queryFlags = queryFlags;
    this.#withEdns = peer.supportsEdns;
    const { promise, resolve, reject } = Promise.withResolvers<UpstreamResponse>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    if (peer.address.tcp === true || peer.tcpFirstUntil > performance.now()) this.#askOverTcp();
    else this.#askOverUdp();
  }

  /** Asks once more what has not been answered, over the other transport too: UDP may be blocked, and so may TCP. */
  again(): void {
    for (const exchange of this.#running) exchange.again();
    this.#tryOtherTransport();
  }

  /** Ends it: the response rejects, unless there is one. */
  stop(error: ExchangeError): void {
    for (const exchange of this.#running) exchange.stop(error);
  }

  /** Whether there was another transport to try. */
  #tryOtherTransport(): boolean {
    if (this.#isUdpUnanswered && !this.#usesTcp) this.#askOverTcp();
    else if (!this.#usesUdp && this.#peer.address.tcp !== true) this.#askOverUdp();
    else return false;
    return true;
  }

  #askOverUdp(): void {
    this.#usesUdp = true;
    this.#isUdpUnanswered = true;
    this.#run(exchangeOverUdp, (response) => {
      this.#isUdpUnanswered = false;
      this.#peer.udpLosses = 0;
      this.#peer.tcpFirstUntil = 0;
      if (!response.truncated) this.#accept(response, () => this.#askOverUdp());
      else if (!this.#usesTcp) this.#askOverTcp();
    });
  }

  #askOverTcp(): void {
    this.#usesTcp = true;
    this.#run(exchangeOverTcp, (response) => {
      if (response.truncated) {
        this.#fail(new ExchangeError('sent a truncated answer over TCP'));
        return;
      }
      if (this.#isUdpUnanswered && ++this.#peer.udpLosses >= MAX_UDP_LOSSES)
        this.#peer.tcpFirstUntil = performance.now() + TCP_FIRST_MS;
      this.#accept(response, () => this.#askOverTcp());
    });
  }

  #run(
    exchange: typeof exchangeOverUdp<UpstreamResponse>,
    received: (response: UpstreamResponse) => void,
  ): void {
    const query = encodeUpstreamQuery(this.#question, this.#withEdns, this.#queryFlags);
    const running = exchange({
      address: this.#peer.address,
      message: query.message,
      read: (message) => decodeResponse(query, message),
    });
    this.#running.add(running);
    running.response.then(
      (response) => {
        this.#running.delete(running);
        received(response);
      },
      (error: ExchangeError) => {
        this.#running.delete(running);
        this.#fail(error);
      },
    );
  }

  #accept(response: UpstreamResponse, askAgain: () => void): void {
    const { rcode } = response;
    if (this.#withEdns && (rcode === rcodes.FORMERR || rcode === rcodes.NOTIMP)) {
      this.#withEdns = false;
      askAgain();
      return;
    }
    if (!this.#withEdns && (rcode === rcodes.NOERROR || rcode === rcodes.NXDOMAIN))
      this.#peer.supportsEdns = false;
    this.#resolve(response);
    this.stop(new ExchangeError('was not waited for'));
  }

  /** One transport has failed; the first failure explains more than those that follow from it. */
  #fail(error: ExchangeError): void {
    this.#failure ??= error;
    if (error.transportFailed && this.#tryOtherTransport()) return;
    if (this.#running.size === 0) this.#reject(this.#failure);
  }
}
