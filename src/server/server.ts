import { Admission } from '../admission/admission.ts';
import type { Quota } from '../admission/quota.ts';
import type { PlatformError } from '../errors.ts';
import type { AcceptedSocket, Loop } from '../loops/loop.ts';
import type { House } from '../protocol/client.ts';
import type { CloseReason } from '../protocol/close-reason.ts';
import type { Served } from '../protocol/dialects.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { RefusalCause } from '../protocol/refusal-cause.ts';
import { formatAddress, type ServerAddress } from '../protocol/server-address.ts';
import type { ServerStats } from '../protocol/server-stats.ts';
import type { EndedSession } from '../protocol/session-host.ts';
import type { Model } from '../workers/models.ts';
import { stopService } from '../workers/protocol-module.ts';
import type { Workforce } from '../workers/workforce.ts';
import { type Door, quotasOf } from './doors.ts';
import { Entrance, type EntranceOwner } from './entrance.ts';
import { type ClientRef, ServerEvents } from './events.ts';
import type { ResolvedOptions } from './options.ts';
import type { Staff } from './staff.ts';
import { Tally } from './tally.ts';
import { timerDelay } from './timer-delay.ts';
import { type Visitor, WaitingLine, type WaitingLineOwner } from './waiting-line.ts';

/** How long the words of a refusal may take to leave, in milliseconds. */
const REFUSAL_TIMEOUT = 1_000;

/** What a drain came to. */
export type DrainReport = {
  /** How many clients were cut off because the time was up. */
  readonly cut: number;
};

/** A running server. Made by `serve`. */
export class Server implements House, WaitingLineOwner, EntranceOwner {
  readonly events: ServerEvents;
  /** The concurrency model it serves with. */
  readonly model: Model;
  readonly #served: Served;
  readonly #options: ResolvedOptions;
  readonly #loop: Loop;
  readonly #workforce: Workforce;
  readonly #admission: Admission<Visitor>;
  readonly #line: WaitingLine;
  readonly #entrance: Entrance;
  readonly #quotas: ReadonlyMap<string, Quota>;
  readonly #tally = new Tally();
  #ids = 0;
  /** Visitors whose turn has come, while they are being let in. */
  #entering: Visitor[] | undefined;
  #ending: Promise<DrainReport> | undefined;
  #hurried = false;
  #toldListening: NodeJS.Immediate | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(served: Served, doors: readonly Door[], options: ResolvedOptions, model: Model, staff: Staff) {
    this.#served = served;
    this.#options = options;
    this.#loop = staff.loop;
    this.model = model;
    this.#admission = new Admission(options);
    this.#entrance = new Entrance(doors, staff.loop, this);
    this.#line = new WaitingLine(this.#admission, staff.loop, this);
    this.events = new ServerEvents(() => this.#workforce.reportMessages());
    const { events } = this;
    this.#workforce = staff.hire(this, {
      closed: (session, reason) => this.#closed(session, reason),
      failed: (client, error) => events.emit({ type: 'error', client: this.#refer(client), error }),
      message: (client) => events.emit({ type: 'message', client: this.#refer(client) }),
      workerStarted: (worker) => events.emit({ type: 'worker-started', worker }),
      workerDied: (worker, error, clients, restart) =>
        events.emit({ type: 'worker-died', worker, error, clients, restart }),
    });
    this.#quotas = quotasOf(doors, options, this.#workforce.buckets);
  }

  /** Where it listens: of several doors, the first. */
  get address(): ServerAddress {
    return Object.values(this.addresses)[0] ?? { host: '', port: 0, path: undefined };
  }

  /** Where each of its dialects is spoken; of a single protocol, by its name. */
  get addresses(): Readonly<Record<string, ServerAddress>> {
    return this.#entrance.addresses;
  }

  /** The name of its protocol, or of its service. */
  get name(): string {
    return this.#served.name;
  }

  /** How many clients are in now. */
  get activeClients(): number {
    return this.#admission.active;
  }

  /** How many clients wait in line now. */
  get waitingClients(): number {
    return this.#admission.waiting;
  }

  /**
   * Begins to listen, and starts what serves.
   * @param refused why another model could not be used that was asked for
   * @throws ListenError, WorkerError, and what the service throws
   */
  async start(refused: PlatformError | undefined): Promise<void> {
    await this.#entrance.open();
    await this.#served.listening?.(this.addresses);
    await this.#workforce.start();
    // Nobody can have subscribed before `serve` has returned the server.
    this.#toldListening = setImmediate(() => {
      const { model, name: protocol } = this;
      if (refused !== undefined) this.events.emit({ type: 'fallback', model, error: refused });
      for (const [dialect, where] of Object.entries(this.addresses)) {
        const address = formatAddress(where);
        this.events.emit({ type: 'listening', protocol, ...this.#speaking(dialect), model, address });
      }
    });
  }

  /** What it has done and is doing. */
  stats(): ServerStats {
    return {
      active: this.#admission.active,
      waiting: this.#admission.waiting,
      accepted: this.#tally.accepted,
      refused: { ...this.#tally.refused },
      closed: { ...this.#tally.closed },
      ...this.#workforce.traffic,
      longestWait: this.#admission.waits.longest,
      waitP50: this.#admission.waits.percentile(50),
      waitP99: this.#admission.waits.percentile(99),
      overtakings: this.#admission.overtakings,
      heldBack: this.#admission.heldBack,
      service: this.#served.stats?.(),
    };
  }

  /**
   * Stops accepting, sends the waiting line away, lets every client have the answers to what it has sent, and stops. What is not
   * finished after `timeout` milliseconds (default: the option `drainTimeout`) is cut off. Asked again, it is the same drain.
   */
  drain(timeout: number = this.#options.drainTimeout): Promise<DrainReport> {
    this.#ending ??= this.#drain(timeout);
    return this.#ending;
  }

  /** Stops at once: conversations are broken off. Also ends a drain that is under way. */
  async close(): Promise<void> {
    if (this.#ending === undefined) this.#ending = this.#drain(0);
    else {
      this.#hurried = true;
      this.#onEmpty?.();
    }
    await this.#ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #drain(timeout: number): Promise<DrainReport> {
    this.#entrance.close();
    clearImmediate(this.#toldListening);
    // The rest not at once: a subscriber or a handler may ask for it, in the midst of an arrival or a departure.
    await Promise.resolve();
    const { active, waiting } = this.#admission;
    this.events.emit({ type: 'draining', active, waiting, timeout });
    this.#line.stop();
    for (const visitor of this.#admission.dismissLine()) this.#refuse(visitor, 'draining');
    if (timeout > 0 && !this.#hurried) {
      await this.#workforce.drain();
      await this.#emptyWithin(timeout);
    }
    const cut = this.#admission.active;
    await this.#workforce.stop();
    await stopService(this.#served);
    this.events.emit({ type: 'stopped', cut });
    return { cut };
  }

  async #emptyWithin(timeout: number): Promise<void> {
    if (this.#admission.active === 0 || this.#hurried) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (timeout < Number.POSITIVE_INFINITY) setTimeout(resolve, timerDelay(timeout)).unref();
    });
    this.#onEmpty = undefined;
  }

  arrived(socket: AcceptedSocket, door: Door): void {
    const now = this.#loop.clock.now;
    const { remoteAddress, remotePort, localPort } = socket;
    const identity = { id: ++this.#ids, remoteAddress, remotePort, localPort, dialect: door.dialect };
    this.#tally.accepted++;
    if (this.events.heard('accepted')) this.events.emit({ type: 'accepted', client: this.#refer(identity) });
    const quota = this.#quotas.get(door.dialect);
    const tokens = quota?.admit(remoteAddress, now);
    const visitor: Visitor = { identity, door, socket, tokens, arrivedAt: now };
    if (quota !== undefined && tokens === undefined) {
      this.#refuse(visitor, 'quota');
      return;
    }
    const verdict = this.#admission.arrive(visitor, now, remoteAddress, door.waitTimeout);
    if (verdict === 'enter') this.#enter(visitor);
    else if (verdict === 'wait') this.#wait(visitor);
    else this.#refuse(visitor, verdict === 'refuse' ? 'full' : 'address');
    this.#crowdChanged();
  }

  #enter(visitor: Visitor): void {
    const { identity, tokens, arrivedAt } = visitor;
    const now = this.#loop.clock.now;
    this.#workforce.countClients(this.activeClients, this.waitingClients);
    if (this.events.heard('opened')) {
      this.events.emit({ type: 'opened', client: this.#refer(identity), waited: now - arrivedAt });
    }
    const socket = visitor.held?.take() ?? visitor.socket;
    try {
      this.#workforce.adopt(socket, identity, tokens);
    } catch (error) {
      this.events.emit({ type: 'error', client: this.#refer(identity), error });
      socket.close();
      this.#closed({ client: identity, messages: 0, bytesIn: 0, bytesOut: 0, openedAt: now }, 'error');
    }
  }

  #wait(visitor: Visitor): void {
    this.#line.add(visitor);
    const client = this.#refer(visitor.identity);
    this.events.emit({ type: 'waiting', client, place: this.#admission.waiting });
  }

  #refuse(visitor: Visitor, cause: RefusalCause): void {
    this.#refused(visitor, cause);
    const words = this.#words(visitor, () => visitor.door.protocol.refuse?.(cause));
    const refusal = new Refusal(words ?? '', this.#loop.clock.now + REFUSAL_TIMEOUT);
    this.#loop.adopt(visitor.held?.take() ?? visitor.socket, refusal);
  }

  #refused(visitor: Visitor, cause: RefusalCause): void {
    this.#tally.refused[cause]++;
    const waited = this.#loop.clock.now - visitor.arrivedAt;
    this.events.emit({ type: 'refused', client: this.#refer(visitor.identity), cause, waited });
  }

  #closed(session: EndedSession, reason: CloseReason): void {
    const now = this.#loop.clock.now;
    this.#tally.closed[reason]++;
    if (this.events.heard('closed')) {
      const { client, messages, bytesIn, bytesOut, openedAt } = session;
      const duration = now - openedAt;
      this.events.emit({
        type: 'closed',
        client: this.#refer(client),
        reason,
        messages,
        bytesIn,
        bytesOut,
        duration,
      });
    }
    const next = this.#admission.leave(now, session.client.remoteAddress);
    if (next !== undefined) this.#letIn(next);
    this.#crowdChanged();
    if (this.#admission.active === 0) this.#onEmpty?.();
  }

  /** A client may be gone as soon as it is in, which lets in the next: that is a loop here, and no recursion. */
  #letIn(visitor: Visitor): void {
    if (this.#entering !== undefined) {
      this.#entering.push(visitor);
      return;
    }
    this.#entering = [visitor];
    for (let next = this.#entering.shift(); next !== undefined; next = this.#entering.shift())
      this.#enter(next);
    this.#entering = undefined;
    this.#line.moved();
  }

  left(visitor: Visitor): void {
    this.#refused(visitor, 'left');
    this.#crowdChanged();
  }

  waitedTooLong(visitor: Visitor): void {
    this.#refuse(visitor, 'wait-timeout');
    this.#crowdChanged();
  }

  placeWords(visitor: Visitor, place: number): string | Uint8Array | undefined {
    return this.#words(visitor, () => visitor.door.protocol.wait?.(place));
  }

  /** Words of the protocol for somebody who is not in; failing to find any costs nothing but the words. */
  #words(visitor: Visitor, find: () => string | Uint8Array | undefined): string | Uint8Array | undefined {
    try {
      return find();
    } catch (error) {
      this.events.emit({ type: 'error', client: this.#refer(visitor.identity), error });
      return undefined;
    }
  }

  acceptFailed(error: Error): void {
    this.events.emit({ type: 'error', client: undefined, error });
  }

  /** Tells the workers; and with `whenFull: 'backlog'` nobody is accepted who could only be refused. */
  #crowdChanged(): void {
    this.#workforce.countClients(this.activeClients, this.waitingClients);
    if (this.#options.whenFull !== 'backlog') return;
    if (this.#admission.full) this.#entrance.pause();
    else this.#entrance.resume();
  }

  /** A client in an event: with its dialect, where there are several. */
  #refer({ id, remoteAddress, remotePort, dialect }: ClientRef & { readonly dialect: string }): ClientRef {
    return { id, remoteAddress, remotePort, ...this.#speaking(dialect) };
  }

  #speaking(dialect: string): { dialect?: string } {
    return 'dialects' in this.#served ? { dialect } : {};
  }
}
