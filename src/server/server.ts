import { Admission } from '../admission/admission.ts';
import { Quota } from '../admission/quota.ts';
import type { PlatformError } from '../errors.ts';
import type { AcceptedSocket, Listener, Loop } from '../loops/loop.ts';
import type { House } from '../protocol/client.ts';
import type { CloseReason } from '../protocol/close-reason.ts';
import type { Protocol, RefusalCause } from '../protocol/protocol.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { EndedSession } from '../protocol/session-host.ts';
import type { Model } from '../workers/models.ts';
import { sharedClockOffset } from '../workers/shared-state.ts';
import type { Workforce } from '../workers/workforce.ts';
import { type ClientRef, ServerEvents } from './events.ts';
import type { ResolvedOptions } from './options.ts';
import { quotaOf, type Staff } from './staff.ts';
import { type ServerStats, Tally } from './stats.ts';
import { timerDelay } from './timer-delay.ts';
import { type Visitor, WaitingLine, type WaitingLineOwner } from './waiting-line.ts';

/** How long the words of a refusal may take to leave, in milliseconds. */
const REFUSAL_TIMEOUT = 1_000;

/** Where a server listens. */
export type ServerAddress = {
  /** The numeric IP address; empty for a Unix socket. */
  readonly host: string;
  /** The real port, also when 0 was asked for; 0 for a Unix socket. */
  readonly port: number;
  /** The path of a Unix socket. */
  readonly path: string | undefined;
};

/** What a drain came to. */
export type DrainReport = {
  /** How many clients were cut off because the time was up. */
  readonly cut: number;
};

/** A running server. Made by `serve`. */
export class Server<Frame = unknown, State = unknown> implements House, WaitingLineOwner {
  readonly events: ServerEvents;
  /** The concurrency model it serves with. */
  readonly model: Model;
  readonly #protocol: Protocol<Frame, State>;
  readonly #options: ResolvedOptions;
  readonly #loop: Loop;
  readonly #workforce: Workforce;
  readonly #admission: Admission<Visitor>;
  readonly #line: WaitingLine;
  readonly #quota: Quota | undefined;
  readonly #tally = new Tally();
  #listener: Listener | undefined;
  #address: ServerAddress = { host: '', port: 0, path: undefined };
  #ids = 0;
  /** Visitors whose turn has come, while they are being let in. */
  #entering: Visitor[] | undefined;
  #ending: Promise<DrainReport> | undefined;
  #hurried = false;
  #toldListening: NodeJS.Immediate | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(protocol: Protocol<Frame, State>, options: ResolvedOptions, model: Model, staff: Staff) {
    this.#protocol = protocol;
    this.#options = options;
    this.#loop = staff.loop;
    this.model = model;
    this.#admission = new Admission(options);
    this.#line = new WaitingLine(this.#admission, staff.loop, this);
    this.events = new ServerEvents(() => this.#workforce.reportMessages());
    const { events } = this;
    this.#workforce = staff.hire(this, {
      closed: (session, reason) => this.#closed(session, reason),
      failed: (client, error) => events.emit({ type: 'error', client: refer(client), error }),
      message: (client) => events.emit({ type: 'message', client: refer(client) }),
      workerStarted: (worker) => events.emit({ type: 'worker-started', worker }),
      workerDied: (worker, error, clients, restart) =>
        events.emit({ type: 'worker-died', worker, error, clients, restart }),
    });
    const quota = quotaOf(options);
    if (quota !== undefined) {
      this.#quota = new Quota(quota, options.quotaPer, this.#workforce.buckets, sharedClockOffset());
    }
  }

  /** Where it listens. */
  get address(): ServerAddress {
    return this.#address;
  }

  /** The name of its protocol. */
  get name(): string {
    return this.#protocol.name;
  }

  /** How many clients are in now. */
  get activeClients(): number {
    return this.#admission.active;
  }

  /** Begins to listen. @throws ListenError */
  async listen(): Promise<void> {
    const { host, port, path, backlog } = this.#options;
    const target = path === undefined ? { address: host, port } : { path };
    this.#listener = await this.#loop.listen(target, backlog, {
      onSocket: (socket) => this.#arrived(socket),
      onAcceptError: (error) => this.events.emit({ type: 'error', client: undefined, error }),
    });
    const actual = this.#listener.target;
    this.#address =
      'path' in actual
        ? { host: '', port: 0, path: actual.path }
        : { host: actual.address, port: actual.port, path: undefined };
  }

  /** Starts what serves. @param refused why another model could not be used that was asked for */
  async start(refused: PlatformError | undefined): Promise<void> {
    await this.#workforce.start();
    // Nobody can have subscribed before `serve` has returned the server.
    this.#toldListening = setImmediate(() => {
      if (refused !== undefined) this.events.emit({ type: 'fallback', model: this.model, error: refused });
      const { name: protocol } = this.#protocol;
      this.events.emit({
        type: 'listening',
        protocol,
        model: this.model,
        address: formatAddress(this.#address),
      });
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
      longestWait: this.#admission.longestWait,
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
    this.#listener?.close();
    this.#listener = undefined;
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

  #arrived(socket: AcceptedSocket): void {
    const now = this.#loop.clock.now;
    const { remoteAddress, remotePort, localPort } = socket;
    const identity = { id: ++this.#ids, remoteAddress, remotePort, localPort };
    this.#tally.accepted++;
    if (this.events.heard('accepted')) this.events.emit({ type: 'accepted', client: identity });
    const tokens = this.#quota?.admit(remoteAddress, now);
    const visitor: Visitor = { identity, socket, tokens, arrivedAt: now };
    if (this.#quota !== undefined && tokens === undefined) {
      this.#refuse(visitor, 'quota');
      return;
    }
    const verdict = this.#admission.arrive(visitor, now);
    if (verdict === 'enter') this.#enter(visitor);
    else if (verdict === 'wait') this.#wait(visitor);
    else this.#refuse(visitor, 'full');
    this.#openOrShut();
  }

  #enter(visitor: Visitor): void {
    const { identity, tokens, arrivedAt } = visitor;
    const now = this.#loop.clock.now;
    this.#workforce.countClients(this.#admission.active);
    if (this.events.heard('opened')) {
      this.events.emit({ type: 'opened', client: identity, waited: now - arrivedAt });
    }
    const socket = visitor.held?.take() ?? visitor.socket;
    try {
      this.#workforce.adopt(socket, identity, tokens);
    } catch (error) {
      this.events.emit({ type: 'error', client: identity, error });
      socket.close();
      this.#closed({ client: identity, messages: 0, bytesIn: 0, bytesOut: 0, openedAt: now }, 'error');
    }
  }

  #wait(visitor: Visitor): void {
    this.#line.add(visitor);
    this.events.emit({ type: 'waiting', client: visitor.identity, place: this.#admission.waiting });
  }

  #refuse(visitor: Visitor, cause: RefusalCause): void {
    this.#refused(visitor, cause);
    const words = this.#words(visitor, () => this.#protocol.refuse?.(cause));
    const refusal = new Refusal(words ?? '', this.#loop.clock.now + REFUSAL_TIMEOUT);
    this.#loop.adopt(visitor.held?.take() ?? visitor.socket, refusal);
  }

  #refused(visitor: Visitor, cause: RefusalCause): void {
    this.#tally.refused[cause]++;
    const waited = this.#loop.clock.now - visitor.arrivedAt;
    this.events.emit({ type: 'refused', client: visitor.identity, cause, waited });
  }

  #closed(session: EndedSession, reason: CloseReason): void {
    const now = this.#loop.clock.now;
    this.#tally.closed[reason]++;
    if (this.events.heard('closed')) {
      const { client, messages, bytesIn, bytesOut, openedAt } = session;
      const duration = now - openedAt;
      this.events.emit({
        type: 'closed',
        client: refer(client),
        reason,
        messages,
        bytesIn,
        bytesOut,
        duration,
      });
    }
    const next = this.#admission.leave(now);
    this.#workforce.countClients(this.#admission.active);
    if (next !== undefined) this.#letIn(next);
    this.#openOrShut();
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
    this.#openOrShut();
  }

  waitedTooLong(visitor: Visitor): void {
    this.#refuse(visitor, 'wait-timeout');
    this.#openOrShut();
  }

  placeWords(visitor: Visitor, place: number): string | Uint8Array | undefined {
    return this.#words(visitor, () => this.#protocol.wait?.(place));
  }

  /** Words of the protocol for somebody who is not in; failing to find any costs nothing but the words. */
  #words(visitor: Visitor, find: () => string | Uint8Array | undefined): string | Uint8Array | undefined {
    try {
      return find();
    } catch (error) {
      this.events.emit({ type: 'error', client: visitor.identity, error });
      return undefined;
    }
  }

  /** With `whenFull: 'backlog'` nobody is accepted who could only be refused. */
  #openOrShut(): void {
    if (this.#options.whenFull !== 'backlog') return;
    if (this.#admission.full) this.#listener?.pause();
    else this.#listener?.resume();
  }
}

function refer(client: ClientRef): ClientRef {
  return { id: client.id, remoteAddress: client.remoteAddress, remotePort: client.remotePort };
}

/** An address as a person writes it: `127.0.0.1:8080`, `[::1]:8080`, or the path of a Unix socket. */
export function formatAddress({ host, port, path }: ServerAddress): string {
  if (path !== undefined) return path;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
