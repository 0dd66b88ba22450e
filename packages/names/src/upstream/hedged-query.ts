import type { QueryFlags, Question } from '../dns/answer.ts';
import { rcodes, types } from '../dns/constants.ts';
import { ExchangeError } from './exchange.ts';
import { ServerQuery, type UpstreamState } from './server-query.ts';
import { formatUpstream } from './upstream-address.ts';
import type { UpstreamResponse } from './upstream-message.ts';

/** How long an upstream that did not answer is asked only after the others. */
const DEPRIORITIZED_MS = 10_000;
/** So many rounds are as quick as the first; then each takes twice as long as the one before. */
const QUICK_ROUNDS = 2;
/** How often one is asked that fails. One that answers that it has no answer is not asked twice. */
const MAX_TRIES = 2;

/** No upstream gave an answer. */
export class UpstreamError extends Error {}

/** The state of asking one upstream. */
type Asked = { serverQuery: ServerQuery | undefined; tries: number; failure: string };

/**
 * A question on its way through the upstreams, in their order: the next one is asked when the one before has failed, or has not answered for a while;
 * after the last it goes round again. Answers of all that were asked are awaited: the first counts, however late it comes.
 */
export class HedgedQuery {
  /** NOERROR or NXDOMAIN; rejects with an UpstreamError that says what became of each. */
  readonly response: Promise<UpstreamResponse>;
  readonly #question: Question;
  readonly #queryFlags: QueryFlags;
  readonly #intervalMs: number;
  readonly #deadline: number;
  readonly #resolve: (response: UpstreamResponse) => void;
  readonly #reject: (error: UpstreamError) => void;
  readonly #asked: Map<UpstreamState, Asked>;
  /** The place of the upstream that was asked last. */
  #turn = -1;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /**
   * @param intervalMs after how long without an answer the next is asked, in milliseconds; longer in later rounds
   * @param deadline when it is given up, by the clock of `performance.now`
   */
  constructor(
    peers: readonly UpstreamState[],
    question: Question,
    queryFlags: QueryFlags,
    intervalMs: number,
    deadline: number,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<UpstreamResponse>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#question = question;
    this.#queryFlags = queryFlags;
    this.#intervalMs = intervalMs;
    this.#deadline = deadline;
    const now = performance.now();
    const order = peers.toSorted(
      (one, other) => Number(one.deprioritizedUntil > now) - Number(other.deprioritizedUntil > now),
    );
    this.#asked = new Map(
      order.map((peer) => [peer, { serverQuery: undefined, tries: 0, failure: 'was not asked in time' }]),
    );
    this.#next();
  }

  /** Asks no more: it fails, unless there is an answer. */
  stop(): void {
    this.#end(() => this.#reject(new UpstreamError(this.#reasons())));
  }

  /** Asks the next whose turn it is, or gives up. */
  #next(): void {
    clearTimeout(this.#timer);
    const timeLeft = this.#deadline - performance.now();
    const peers = [...this.#asked];
    if (timeLeft <= 0 || peers.every(([, asked]) => isExhausted(asked))) {
      this.stop();
      return;
    }
    let turn: [UpstreamState, Asked];
    do turn = peers[++this.#turn % peers.length] as [UpstreamState, Asked];
    while (isExhausted(turn[1]));
    const [peer, asked] = turn;
    const round = Math.floor(this.#turn / peers.length);
    const intervalMs = this.#intervalMs * 2 ** Math.max(0, round + 1 - QUICK_ROUNDS);
    this.#timer = setTimeout(
      () => {
        if (asked.serverQuery !== undefined) peer.deprioritizedUntil = performance.now() + DEPRIORITIZED_MS;
        this.#next();
      },
      Math.min(intervalMs, timeLeft),
    );
    if (asked.serverQuery === undefined) this.#ask(peer, asked);
    else asked.serverQuery.again();
  }

  #ask(peer: UpstreamState, asked: Asked): void {
    asked.tries++;
    asked.failure = 'did not answer in time';
    asked.serverQuery = new ServerQuery(peer, this.#question, this.#queryFlags);
    asked.serverQuery.response.then(
      (response) => {
        peer.deprioritizedUntil = 0;
        const failure = failureIn(response);
        if (failure === undefined) this.#end(() => this.#resolve(response));
        else this.#failed(peer, asked, failure, MAX_TRIES);
      },
      ({ message }: ExchangeError) => {
        if (!this.#isOver) peer.deprioritizedUntil = performance.now() + DEPRIORITIZED_MS;
        this.#failed(peer, asked, message, asked.tries);
      },
    );
  }

  #failed(peer: UpstreamState, asked: Asked, failure: string, tries: number): void {
    asked.serverQuery = undefined;
    asked.failure = failure;
    asked.tries = tries;
    if (this.#isOver) return;
    const peers = [...this.#asked.keys()];
    // Another one that has the turn keeps its time.
    if (peers[this.#turn % peers.length] === peer || [...this.#asked.values()].every(isExhausted))
      this.#next();
  }

  #end(complete: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    complete();
    for (const { serverQuery } of this.#asked.values())
      serverQuery?.stop(new ExchangeError('was not waited for'));
  }

  #reasons(): string {
    const reasons = [...this.#asked].map(
      ([{ address }, { failure }]) => `${formatUpstream(address)} ${failure}`,
    );
    return reasons.length === 0 ? 'there is no upstream to ask' : reasons.join(', ');
  }
}

function isExhausted({ serverQuery, tries }: Asked): boolean {
  return serverQuery === undefined && tries >= MAX_TRIES;
}

/** Why a response is no answer, if it is none. */
function failureIn({ rcode, answers, authorities }: UpstreamResponse): string | undefined {
  if (rcode === rcodes.NXDOMAIN) return undefined;
  if (rcode !== rcodes.NOERROR) return `answered ${rcodeName(rcode)}`;
  const has = (type: number) => authorities.some((record) => record.type === type);
  // A server that knows that there is no data says so with an SOA; a referral to other servers has NS records (RFC 2308 section 2.2).
  if (answers.length > 0 || has(types.SOA) || !has(types.NS)) return undefined;
  return 'does not ask others, but names them';
}

function rcodeName(rcode: number): string {
  return Object.entries(rcodes).find(([, number]) => number === rcode)?.[0] ?? `rcode ${rcode}`;
}
