import type { AcceptedSocket, Loop, PendingSocket } from '../loops/loop.ts';
import type { RefusalCause } from '../session/refusal-cause.ts';
import type { AdmittedClient } from './worker-pool.ts';

/** For how long a client may wait for a worker however short its time in line is: to start one takes its time. */
const MIN_WAIT_MS = 10_000;
/** How often to check whether clients have waited too long, or can be served after all. */
const RECHECK_INTERVAL_MS = 100;

/** A client for which no worker has room at the moment. */
export type WaitingClient = {
  readonly admitted: AdmittedClient;
  readonly until: number;
  held: PendingSocket | undefined;
};

/** Clients that have a place and wait for a worker, unread, in the order in which they came. */
export class WaitingClients implements Iterable<WaitingClient> {
  readonly #loop: Loop;
  readonly #onRecheck: () => void;
  readonly #clients = new Set<WaitingClient>();
  #recheck: NodeJS.Timeout | undefined;

  /** @param onRecheck called now and then while clients wait: a worker may be able again without saying so */
  constructor(loop: Loop, onRecheck: () => void) {
    this.#loop = loop;
    this.#onRecheck = onRecheck;
  }

  get size(): number {
    return this.#clients.size;
  }

  get first(): WaitingClient | undefined {
    const [first] = this.#clients;
    return first;
  }

  [Symbol.iterator](): Iterator<WaitingClient> {
    return this.#clients.values();
  }

  /** From now on it is noticed when this client hangs up, and when its time is over. */
  add(socket: AcceptedSocket, admitted: AdmittedClient): void {
    const until = this.#loop.clock.now + Math.max(admitted.waitTimeoutMs, MIN_WAIT_MS);
    const waiting: WaitingClient = { admitted, until, held: undefined };
    waiting.held = this.#loop.hold(socket, {
      onDisconnect: () => {
        this.#clients.delete(waiting);
        admitted.onRejected('left');
      },
      // It has a place already: what it has sent is answered.
      onEnd: () => {},
    });
    this.#clients.add(waiting);
    this.#scheduleRecheck();
  }

  /** @returns its socket, to be adopted or closed */
  release(waiting: WaitingClient): AcceptedSocket {
    this.#clients.delete(waiting);
    return (waiting.held as PendingSocket).take();
  }

  reject(waiting: WaitingClient, cause: RefusalCause): void {
    this.release(waiting);
    waiting.admitted.onRejected(cause);
  }

  /** Rejects all. */
  stop(): void {
    clearTimeout(this.#recheck);
    for (const waiting of this.#clients) this.reject(waiting, 'draining');
  }

  #scheduleRecheck(): void {
    this.#recheck ??= setTimeout(() => {
      this.#recheck = undefined;
      const { now } = this.#loop.clock;
      for (const waiting of this.#clients) if (now >= waiting.until) this.reject(waiting, 'wait-timeout');
      this.#onRecheck();
      if (this.#clients.size > 0) this.#scheduleRecheck();
    }, RECHECK_INTERVAL_MS);
  }
}
