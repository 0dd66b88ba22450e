import { countedAddress } from '../admission/addresses.ts';
import { Admission, type AdmissionDecision } from '../admission/admission.ts';
import type { Quota } from '../admission/quota.ts';
import { OptionError } from '../errors.ts';
import type { AcceptedSocket, Loop } from '../loops/loop.ts';
import { shown } from '../option-checks.ts';
import type { ClientIdentity } from '../session/client.ts';
import type { CloseReason } from '../session/close-reason.ts';
import { Refusal } from '../session/refusal.ts';
import type { RefusalCause } from '../session/refusal-cause.ts';
import { bytesOf } from '../session/reply.ts';
import type { EndedSession } from '../session/session-host.ts';
import type { TlsLayer } from '../tls/tls-layer.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import type { Endpoint } from './endpoints.ts';
import type { ListenersOwner } from './listeners.ts';
import type { Reporter } from './reporter.ts';
import type { ResolvedOptions } from './resolve-options.ts';
import { type PendingConnection, WaitingLine, type WaitingLineOwner } from './waiting-line.ts';

/** How long the message of a refusal may take to leave. */
const REFUSAL_TIMEOUT_MS = 1_000;
/** The same with the handshake before it. */
const TLS_REFUSAL_TIMEOUT_MS = 3_000;
/** How many refused connections may still be open to receive their last message: beyond it they are closed at once. */
const MAX_CLOSING_CONNECTIONS = 1_024;

/** The causes of refusals by admission. */
const refusalCauseOf = {
  refuse: 'full',
  'refuse-address': 'address',
  'refuse-address-limit': 'address-limit',
} as const satisfies Record<Exclude<AdmissionDecision, 'enter' | 'wait'>, RefusalCause>;

export interface AdmissionOwner {
  /** The numbers of active and waiting clients may have changed. */
  occupancyChanged(): void;
  /** The place of a client is free; `occupancyChanged` has been called. */
  placeFreed(): void;
}

/** Takes connections from the listeners to the worker pool, to the waiting line or to their refusal, and frees the places of clients. */
export class AdmissionControl implements ListenersOwner, WaitingLineOwner {
  readonly admission: Admission<PendingConnection>;
  readonly #options: ResolvedOptions;
  readonly #loop: Loop;
  readonly #pool: WorkerPool;
  readonly #quotas: ReadonlyMap<string, Quota>;
  readonly #reporter: Reporter;
  readonly #tls: TlsLayer | undefined;
  readonly #owner: AdmissionOwner;
  readonly #line: WaitingLine;
  #ids = 0;
  /** Connections whose turn has come, while they are being let in. */
  #entering: PendingConnection[] | undefined;

  /** @param quotas by dialect */
  constructor(
    options: ResolvedOptions,
    loop: Loop,
    pool: WorkerPool,
    quotas: ReadonlyMap<string, Quota>,
    reporter: Reporter,
    tls: TlsLayer | undefined,
    owner: AdmissionOwner,
  ) {
    this.#options = options;
    this.#loop = loop;
    this.#pool = pool;
    this.#quotas = quotas;
    this.#reporter = reporter;
    this.#tls = tls;
    this.#owner = owner;
    this.admission = new Admission(options);
    this.#line = new WaitingLine(this.admission, loop, this);
  }

  accepted(socket: AcceptedSocket, endpoint: Endpoint): void {
    const now = this.#loop.clock.now;
    const { remoteAddress, remotePort, localPort } = socket;
    const identity = { id: ++this.#ids, remoteAddress, remotePort, localPort, dialect: endpoint.dialect };
    this.#reporter.accepted(identity);
    const address = this.#addressKey(remoteAddress);
    const quota = this.#quotas.get(endpoint.dialect);
    const rejection = this.#options.rules.admits(remoteAddress) ? this.#rejectedByHook(identity) : 'denied';
    const tokens = rejection === undefined ? quota?.admit(address, now) : undefined;
    const connection: PendingConnection = { identity, endpoint, socket, tokens, acceptedAt: now };
    if (rejection !== undefined || (quota !== undefined && tokens === undefined)) {
      this.#refuse(connection, rejection ?? 'quota');
      return;
    }
    const arrive = () => this.admission.arrive(connection, now, address, endpoint.waitTimeoutMs);
    let decision = arrive();
    const evicted = decision === 'refuse' ? this.#line.makeRoom(address) : undefined;
    if (evicted !== undefined) {
      this.#refuse(evicted, 'full');
      decision = arrive();
    }
    if (decision === 'enter') this.#enter(connection);
    else if (decision === 'wait') {
      this.#line.add(connection);
      this.#reporter.waiting(identity, this.admission.waiting);
    } else this.#refuse(connection, refusalCauseOf[decision]);
    this.#owner.occupancyChanged();
  }

  acceptFailed(error: Error): void {
    this.#reporter.acceptFailed(error);
  }

  /** A client's conversation is over. */
  closed(session: EndedSession, reason: CloseReason): void {
    this.#reporter.closed(session, reason, this.#loop.clock.now);
    this.#freePlace(session.client.remoteAddress);
  }

  leftLine(connection: PendingConnection): void {
    this.#refused(connection, 'left');
    this.#owner.occupancyChanged();
  }

  waitTimedOut(connection: PendingConnection): void {
    this.#refuse(connection, 'wait-timeout');
    this.#owner.occupancyChanged();
  }

  placeMessage(connection: PendingConnection, place: number): Uint8Array | undefined {
    if (!this.#heldInClear(connection)) return undefined;
    return this.#message(connection, 'wait', () => connection.endpoint.protocol.wait?.(place));
  }

  /** Refuses all waiting clients. */
  stop(): void {
    this.#line.stop();
    for (const connection of this.admission.rejectAll()) this.#refuse(connection, 'draining');
  }

  /** Asks the hook of the options. A hook that fails costs its client the place, and no other. */
  #rejectedByHook(identity: ClientIdentity): RefusalCause | undefined {
    const { accept } = this.#options;
    if (accept === undefined) return undefined;
    const { remoteAddress, remotePort, localPort, dialect } = identity;
    try {
      const arrival = { remoteAddress, remotePort, localPort, dialect };
      const answer: unknown = this.#reporter.events.context.runInAsyncScope(accept, undefined, arrival);
      if (answer === true) return undefined;
      if (answer !== false) throw new OptionError(invalidAnswer(answer));
    } catch (error) {
      this.#reporter.failed(identity, error);
    }
    return 'not-accepted';
  }

  #addressKey(remoteAddress: string): string {
    return countedAddress(remoteAddress, this.#options.ipv6Prefix);
  }

  #enter(connection: PendingConnection): void {
    const { identity, endpoint, tokens, acceptedAt } = connection;
    const now = this.#loop.clock.now;
    this.#pool.countClients(this.admission.active, this.admission.waiting);
    const message = this.#heldInClear(connection)
      ? this.#message(connection, 'admit', () => endpoint.protocol.admit?.())
      : undefined;
    if (message !== undefined) connection.held?.send(message);
    const socket = connection.held?.take() ?? connection.socket;
    delete connection.held;
    try {
      this.#pool.adopt(socket, {
        identity,
        tokens,
        waitTimeoutMs: endpoint.waitTimeoutMs,
        onServed: () => this.#reporter.opened(identity, this.#loop.clock.now - acceptedAt),
        onRejected: (cause) => {
          if (cause === 'left') this.#refused(connection, cause);
          else this.#refuse(connection, cause);
          this.#freePlace(identity.remoteAddress);
        },
      });
    } catch (error) {
      this.#reporter.failed(identity, error);
      socket.close();
      this.closed({ client: identity, messages: 0, bytesIn: 0, bytesOut: 0, openedAt: now }, 'error');
    }
  }

  #refuse(connection: PendingConnection, cause: RefusalCause): void {
    this.#refused(connection, cause);
    // A place in line bounds how many there are; arrivals are not bounded by anything, and each would cost a descriptor for a second or two.
    if (connection.held === undefined && this.#loop.load - this.admission.active >= MAX_CLOSING_CONNECTIONS) {
      connection.socket.close();
      return;
    }
    const message = this.#message(connection, 'refuse', () => connection.endpoint.protocol.refuse?.(cause));
    const { dialect, tls } = connection.endpoint;
    const socket = connection.held?.take() ?? connection.socket;
    const { clock } = this.#loop;
    // Without words there is no reason for a handshake.
    if (message === undefined || tls === undefined || this.#tls === undefined) {
      this.#loop.adopt(socket, new Refusal(message ?? Buffer.alloc(0), clock.now + REFUSAL_TIMEOUT_MS));
      return;
    }
    const deadline = clock.now + TLS_REFUSAL_TIMEOUT_MS;
    const refusal = new Refusal(message, deadline);
    this.#loop.adopt(socket, this.#tls.secureRefusal(refusal, dialect, clock, deadline));
  }

  /** What a client is told in line would be no TLS: its handshake comes when it is in. */
  #heldInClear({ held, endpoint }: PendingConnection): boolean {
    return held !== undefined && endpoint.tls === undefined;
  }

  #refused({ identity, acceptedAt }: PendingConnection, cause: RefusalCause): void {
    this.#reporter.refused(identity, cause, this.#loop.clock.now - acceptedAt);
  }

  #freePlace(remoteAddress: string): void {
    const next = this.admission.leave(this.#loop.clock.now, this.#addressKey(remoteAddress));
    if (next !== undefined) this.#admitNext(next);
    this.#owner.occupancyChanged();
    this.#owner.placeFreed();
  }

  /** A client may be gone as soon as it is in, which lets in the next: that is a loop here, and no recursion. */
  #admitNext(connection: PendingConnection): void {
    if (this.#entering !== undefined) {
      this.#entering.push(connection);
      return;
    }
    this.#entering = [connection];
    for (let next = this.#entering.shift(); next !== undefined; next = this.#entering.shift())
      this.#enter(next);
    this.#entering = undefined;
    this.#line.placesChanged();
  }

  /** A message of the protocol for a client that is not in; a hook that fails costs nothing but the message. */
  #message(connection: PendingConnection, hook: string, call: () => unknown): Uint8Array | undefined {
    try {
      const message: unknown = this.#reporter.events.context.runInAsyncScope(call);
      return message === undefined || message === null
        ? undefined
        : bytesOf(message, `what ${hook}() returns`);
    } catch (error) {
      this.#reporter.failed(connection.identity, error);
      return undefined;
    }
  }
}

/** An answer of `accept` that is none; the failure of a promise is not left unhandled. */
function invalidAnswer(answer: unknown): string {
  if (!(answer instanceof Promise)) return `accept must return true or false, not ${shown(answer)}`;
  answer.catch(() => {});
  return 'accept must return true or false at once, not a promise of it';
}
