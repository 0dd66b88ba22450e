import type { PlatformError } from '../errors.ts';
import { mustBe } from '../option-checks.ts';
import type { Group } from '../session/groups.ts';
import type { Served } from '../session/protocol.ts';
import type { ServerAddress, ServerStats } from '../session/server-info.ts';
import type { TlsLayer } from '../tls/tls-layer.ts';
import type { Model } from '../workers/models.ts';
import { stopService } from '../workers/protocol-module.ts';
import { currentServer } from '../workers/worker.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import { AdmissionControl, type AdmissionOwner } from './admission-control.ts';
import type { Backend } from './backend.ts';
import { Drain, type DrainReport } from './drain.ts';
import { type Endpoint, quotasOf } from './endpoints.ts';
import { EventEmitter, type ServerEvents } from './events.ts';
import { Listeners } from './listeners.ts';
import { Reporter } from './reporter.ts';
import type { ResolvedOptions } from './resolve-options.ts';
import type { Server } from './server.ts';

/** The parts of a running server and its life: it starts, pauses, drains and stops them. */
export class ServerCore implements AdmissionOwner {
  /** What users have of it. */
  readonly server: Server;
  readonly events: ServerEvents;
  readonly model: Model;
  readonly #served: Served;
  readonly #options: ResolvedOptions;
  readonly #pool: WorkerPool;
  readonly #reporter: Reporter;
  readonly #clients: AdmissionControl;
  readonly #listeners: Listeners;
  readonly #draining: Drain;
  readonly #tls: TlsLayer | undefined;
  #referenced = true;
  #keepsAlive = true;
  #ending: Promise<DrainReport> | undefined;
  #announcing: NodeJS.Immediate | undefined;

  constructor(
    served: Served,
    endpoints: readonly Endpoint[],
    options: ResolvedOptions,
    model: Model,
    backend: Backend,
  ) {
    const { loop, tls } = backend;
    this.#tls = tls;
    this.#served = served;
    this.#options = options;
    this.model = model;
    const events = new EventEmitter(() => this.#pool.reportMessages());
    const reporter = new Reporter(served, model, events);
    this.events = events;
    this.#reporter = reporter;
    this.server = new ServerFacade(this);
    this.#pool = backend.createPool(this.server, {
      closed: (session, reason) => this.#clients.closed(session, reason),
      failed: (client, error) => reporter.failed(client, error),
      message: (client) => reporter.message(client),
      workerStarted: (worker) => reporter.workerStarted(worker),
      workerDied: (...report) => reporter.workerDied(...report),
    });
    const quotas = quotasOf(endpoints, options, this.#pool.buckets);
    this.#clients = new AdmissionControl(options, loop, this.#pool, quotas, reporter, tls, this);
    this.#listeners = new Listeners(endpoints, loop, this.#clients);
    this.#draining = new Drain(this.#clients.admission, this.#pool, loop.clock);
  }

  get name(): string {
    return this.#served.name;
  }

  get addresses(): Readonly<Record<string, ServerAddress>> {
    return this.#listeners.addresses;
  }

  get activeClients(): number {
    return this.#clients.admission.active;
  }

  get waitingClients(): number {
    return this.#clients.admission.waiting;
  }

  /**
   * Begins to listen, and starts what serves.
   * @param refused why another model could not be used that was asked for
   * @throws ListenError, WorkerError, and what the service throws
   */
  async start(refused: PlatformError | undefined): Promise<void> {
    await this.#listeners.open();
    await this.#served.listening?.(this.addresses, (message) => this.#reporter.notice(message));
    await this.#pool.start();
    // The caller cannot have subscribed before `serve` has returned the server.
    this.#announcing = setImmediate(() => this.#reporter.listening(this.addresses, refused));
  }

  group(name: string): Group {
    return this.#pool.group(name);
  }

  stats(): ServerStats {
    const { admission } = this.#clients;
    const { accepted, refused, closed } = this.#reporter.counters;
    return {
      active: admission.active,
      waiting: admission.waiting,
      accepted,
      refused: { ...refused },
      closed: { ...closed },
      ...this.#pool.traffic,
      longestWaitMs: admission.waits.longestMs,
      waitP50Ms: admission.waits.percentile(50),
      waitP99Ms: admission.waits.percentile(99),
      reordered: admission.reordered,
      heldBack: admission.heldBack,
      service: this.#served.stats?.(),
    };
  }

  reference(referenced: boolean): void {
    this.#referenced = referenced;
    this.#keepAlive();
  }

  #keepAlive(): void {
    const keeps = this.#referenced || this.activeClients > 0 || this.waitingClients > 0;
    if (keeps === this.#keepsAlive) return;
    this.#keepsAlive = keeps;
    this.#pool.keepAlive(keeps);
  }

  drain(timeoutMs: number = this.#options.drainTimeoutMs): Promise<DrainReport> {
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
      return Promise.reject(mustBe('drain: the time', '0 or more milliseconds', timeoutMs));
    }
    this.#ending ??= this.#end(timeoutMs);
    const byHandler = currentServer.getStore() === this.server;
    return byHandler ? this.#draining.forHandler(this.#ending) : this.#ending;
  }

  async close(): Promise<void> {
    if (this.#ending === undefined) this.#ending = this.#end(0);
    else this.#draining.cutShort();
    await this.#ending;
  }

  async #end(timeoutMs: number): Promise<DrainReport> {
    this.#listeners.close();
    clearImmediate(this.#announcing);
    // The rest not at once: a subscriber or a handler may ask for it, in the midst of an arrival or a departure.
    await Promise.resolve();
    const { events } = this.#reporter;
    const { admission } = this.#clients;
    events.emit({ type: 'draining', active: admission.active, waiting: admission.waiting, timeoutMs });
    this.#clients.stop();
    await this.#draining.run(timeoutMs);
    const cut = admission.active;
    await this.#pool.stop();
    await stopService(this.#served);
    this.#tls?.free();
    events.emit({ type: 'stopped', cut });
    return { cut };
  }

  /** With `whenFull: 'backlog'` no connection is accepted that could only be refused. */
  occupancyChanged(): void {
    if (!this.#referenced) this.#keepAlive();
    this.#pool.countClients(this.activeClients, this.waitingClients);
    if (this.#options.whenFull !== 'backlog') return;
    if (this.#clients.admission.full) this.#listeners.pause();
    else this.#listeners.resume();
  }

  placeFreed(): void {
    this.#draining.clientLeft();
  }
}

/** A server without its insides. */
class ServerFacade implements Server {
  readonly events: ServerEvents;
  readonly model: Model;
  readonly name: string;
  readonly #core: ServerCore;

  constructor(core: ServerCore) {
    this.#core = core;
    this.events = core.events;
    this.model = core.model;
    this.name = core.name;
  }

  get address(): ServerAddress {
    return Object.values(this.addresses)[0] ?? { host: '', port: 0, path: undefined };
  }

  get addresses(): Readonly<Record<string, ServerAddress>> {
    return this.#core.addresses;
  }

  get activeClients(): number {
    return this.#core.activeClients;
  }

  get waitingClients(): number {
    return this.#core.waitingClients;
  }

  group(name: string): Group {
    return this.#core.group(name);
  }

  stats(): ServerStats {
    return this.#core.stats();
  }

  ref(): this {
    this.#core.reference(true);
    return this;
  }

  unref(): this {
    this.#core.reference(false);
    return this;
  }

  drain(timeoutMs?: number): Promise<DrainReport> {
    return this.#core.drain(timeoutMs);
  }

  close(): Promise<void> {
    return this.#core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
