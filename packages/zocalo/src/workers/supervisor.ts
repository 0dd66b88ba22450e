import { TableBucket } from '../admission/bucket-table.ts';
import { WorkerError } from '../errors.ts';
import { FdSocket } from '../loops/fd-socket.ts';
import type { AcceptedSocket, DescriptorLoop } from '../loops/loop.ts';
import { type Group, groupOf } from '../session/groups.ts';
import type { Traffic } from '../session/session-host.ts';
import { SharedMemory } from '../sys/shared-memory.ts';
import { Balancer } from './balance.ts';
import { GroupRelay } from './group-messages.ts';
import { Restarts } from './restarts.ts';
import { SharedState } from './shared-state.ts';
import { createSharedState, spawnWorker } from './spawn.ts';
import { type WaitingClient, WaitingClients } from './waiting-clients.ts';
import type { WorkerCommand, WorkerSetup } from './worker-messages.ts';
import type { AdmittedClient, SupervisorEvents, WorkerPool, WorkerPoolOptions } from './worker-pool.ts';
import { WorkerProxy, type WorkerProxyOwner } from './worker-proxy.ts';

/** How long workers may take to stop before they are ended: longer than a lingering close takes, and a service that stops. */
const STOP_TIMEOUT_MS = 5_000;
/** How often workers are checked, and how long one may process no command and still be given clients. */
const PING_INTERVAL_MS = 1_000;
/** How long a worker may process no command before it is ended: twice the time of a handler, but at least this. */
const MIN_UNRESPONSIVE_MS = 10_000;

/** Serves clients in workers beside this thread: starts them, gives them the clients, replaces those that die, and stops them all. */
export class Supervisor implements WorkerPool, WorkerProxyOwner {
  readonly #setup: Omit<WorkerSetup, 'row' | 'reportsMessages'>;
  readonly #options: WorkerPoolOptions;
  readonly #loop: DescriptorLoop;
  readonly #events: SupervisorEvents;
  readonly #balancer: Balancer;
  readonly #memory: SharedMemory | SharedArrayBuffer;
  #state: SharedState;
  readonly #workers = new Map<number, WorkerProxy>();
  readonly #groups = new GroupRelay(this.#workers);
  readonly #freeRows: number[];
  readonly #waiting: WaitingClients;
  readonly #ping: NodeJS.Timeout;
  /** How many workers have been started that are not ready yet. */
  #starting = 0;
  readonly #restarts: Restarts;
  #reportsMessages = false;
  #keepsAlive = true;
  #draining = false;
  #stopping = false;
  #onChange: (() => void) | undefined;
  /** What workers have counted that are gone. */
  readonly #endedTraffic: Traffic = { ...nothing };

  /** @param loop of this thread, which is stopped with the supervisor */
  constructor(
    setup: Omit<WorkerSetup, 'row' | 'reportsMessages'>,
    options: WorkerPoolOptions,
    loop: DescriptorLoop,
    events: SupervisorEvents,
  ) {
    this.#setup = setup;
    this.#options = options;
    this.#loop = loop;
    this.#events = events;
    const { rows } = setup.layout;
    this.#balancer = new Balancer(options.balance, rows);
    this.#freeRows = Array.from({ length: rows }, (_, i) => rows - 1 - i);
    this.#restarts = new Restarts(
      rows,
      (row) => this.#spawn(row),
      (cause, pauseMs) => {
        const error = new WorkerError('a worker could not be started', { cause });
        events.workerDied('a worker', error, 0, pauseMs);
      },
    );
    [this.#memory, this.#state] = createSharedState(setup);
    this.#waiting = new WaitingClients(loop, () => this.#serveWaiting());
    this.#ping = setInterval(() => this.#checkWorkers(), PING_INTERVAL_MS).unref();
  }

  get traffic(): Traffic {
    const sum = { ...this.#endedTraffic };
    for (const { row } of this.#workers.values()) add(sum, this.#state.traffic(row));
    return sum;
  }

  get buckets(): Uint8Array {
    return this.#state.buckets;
  }

  /** Handlers run elsewhere. */
  readonly awaiting = 0;

  countClients(active: number, waiting: number): void {
    this.#state.activeClients = active;
    this.#state.waitingClients = waiting;
  }

  group(name: string): Group {
    return groupOf(this.#groups, name);
  }

  groupMessage(worker: WorkerProxy, group: string, bytes: Uint8Array, except: number | undefined): void {
    this.#groups.relay(group, bytes, except, worker);
  }

  /** Starts a fixed number of workers; resolves when all are ready. @throws WorkerError when one cannot be started */
  async start(): Promise<void> {
    if (this.#options.workers === 'each') return;
    const starting = Array.from({ length: this.#options.workers }, (_, row) => this.#spawn(row));
    await this.#until(() => starting.every(({ ready, ended }) => ready || ended));
    const failed = starting.find(({ ended }) => ended);
    if (failed !== undefined) throw failed.failure ?? new WorkerError(`${failed.name} ended by itself`);
  }

  /** A client whose turn has not come waits unread, and it is noticed when it hangs up. */
  adopt(socket: AcceptedSocket, client: AdmittedClient): void {
    const worker = this.#waiting.size === 0 ? this.#choose(client) : undefined;
    if (worker !== undefined) {
      this.#assign(worker, socket, client);
      return;
    }
    this.#waiting.add(socket, client);
    this.#spawnForWaiting();
  }

  keepAlive(keeps: boolean): void {
    this.#keepsAlive = keeps;
    this.#loop.keepAlive(keeps);
    for (const worker of this.#workers.values()) worker.keepAlive(keeps);
  }

  reportMessages(): void {
    this.#reportsMessages = true;
    this.#broadcast({ type: 'report-messages' });
  }

  async drain(): Promise<void> {
    this.#draining = true;
    this.#broadcast({ type: 'drain' });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#ping);
    this.#restarts.stop();
    this.#waiting.stop();
    this.#broadcast({ type: 'stop' });
    const overdue = setTimeout(() => {
      for (const worker of this.#workers.values()) worker.kill();
    }, STOP_TIMEOUT_MS);
    await this.#until(() => this.#workers.size === 0);
    clearTimeout(overdue);
    // Nothing may touch the memory from here on.
    this.#state = new SharedState(new ArrayBuffer(64), { rows: 0, buckets: false });
    if (this.#memory instanceof SharedMemory) this.#memory.close();
    await this.#loop.stop();
  }

  ready(worker: WorkerProxy): void {
    this.#starting--;
    if (this.#options.workers !== 'each') {
      this.#events.workerStarted(worker.name);
      this.#serveWaiting();
    } else {
      const { first } = this.#waiting;
      if (first === undefined) worker.send({ type: 'stop' });
      else this.#assignWaiting(worker, first);
    }
    this.#onChange?.();
  }

  released(worker: WorkerProxy): void {
    if (this.#options.workers === 'each') worker.send({ type: 'stop' });
    else this.#serveWaiting();
  }

  ended(worker: WorkerProxy, clients: number): void {
    const { row, name, failure, ready, readyForMs } = worker;
    this.#workers.delete(row);
    if (!ready) this.#starting--;
    const traffic = this.#state.traffic(row);
    add(this.#endedTraffic, traffic);
    Object.assign(traffic, nothing);
    this.#state.commands(row).processed = 0;
    this.#onChange?.();
    if (this.#stopping) return;
    const error = failure ?? new WorkerError(`${name} ended by itself`);
    if (this.#options.workers !== 'each') {
      this.#events.workerDied(name, error, clients, this.#restarts.schedule(row, readyForMs));
      return;
    }
    this.#freeRows.push(row);
    // One that ends without a failure and has no client was asked to stop.
    if (failure !== undefined || clients > 0) this.#events.workerDied(name, error, clients, undefined);
    const { first } = this.#waiting;
    // It was started for a client that would wait in vain now.
    if (!ready && first !== undefined && this.#waiting.size > this.#starting)
      this.#waiting.reject(first, 'no-worker');
    this.#spawnForWaiting();
  }

  /** @throws SystemCallError when there are no descriptors left, WorkerError when there may be no more threads */
  #spawn(row: number): WorkerProxy {
    const setup = { ...this.#setup, row, reportsMessages: this.#reportsMessages };
    const spawned = spawnWorker(setup, this.#memory);
    const worker = new WorkerProxy(spawned, row, this.#state.commands(row), this.#loop, this, this.#events);
    this.#workers.set(row, worker);
    if (!this.#keepsAlive) worker.keepAlive(false);
    this.#starting++;
    return worker;
  }

  /** Where each client has a worker of its own: starts one for each that waits, as far as there is room. */
  #spawnForWaiting(): void {
    if (this.#options.workers !== 'each') return;
    while (!this.#stopping && this.#starting < this.#waiting.size) {
      const row = this.#freeRows.pop();
      if (row === undefined) return;
      try {
        this.#spawn(row);
      } catch (error) {
        this.#freeRows.push(row);
        const { first } = this.#waiting;
        if (first === undefined) return;
        this.#events.failed(first.admitted.identity, error);
        this.#waiting.reject(first, 'no-worker');
      }
    }
  }

  #serveWaiting(): void {
    for (const waiting of this.#waiting) {
      const worker = this.#choose(waiting.admitted);
      if (worker === undefined) return;
      this.#assignWaiting(worker, waiting);
    }
  }

  #assignWaiting(worker: WorkerProxy, waiting: WaitingClient): void {
    this.#assign(worker, this.#waiting.release(waiting), waiting.admitted);
  }

  /** Of a fixed number of workers one that has room, and is responsive. */
  #choose({ identity }: AdmittedClient): WorkerProxy | undefined {
    const { workers, clientsPerWorker } = this.#options;
    if (workers === 'each') return undefined;
    const able = [...this.#workers.values()].filter(
      ({ ready, load, unresponsiveMs }) =>
        ready && load < clientsPerWorker && unresponsiveMs < PING_INTERVAL_MS,
    );
    return this.#balancer.choose(able, identity.remoteAddress);
  }

  #assign(worker: WorkerProxy, socket: AcceptedSocket, { identity, tokens, onServed }: AdmittedClient): void {
    onServed();
    worker.assign(FdSocket.of(socket), identity, tokens instanceof TableBucket ? tokens.slot : -1);
    if (this.#draining) worker.send({ type: 'drain' });
  }

  /**
   * The deadlines of a worker's clients are kept in the worker. One that processes no commands, since a handler computes or its process is stopped,
   * keeps none: it is given no more clients, and is ended when it has processed none for twice the time of a handler.
   */
  #checkWorkers(): void {
    const longest = Math.max(2 * this.#setup.limits.handlerTimeoutMs, MIN_UNRESPONSIVE_MS);
    for (const worker of this.#workers.values()) {
      if (!worker.ready || worker.load === 0) continue;
      const { unresponsiveMs } = worker;
      if (unresponsiveMs > longest)
        worker.terminate(`it took no commands for ${(unresponsiveMs / 1_000).toFixed(1)} s`);
      else if (unresponsiveMs === 0) worker.send({ type: 'ping' });
    }
  }

  #broadcast(command: WorkerCommand): void {
    for (const worker of this.#workers.values()) worker.send(command);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#onChange = resolve));
  }
}

const nothing: Traffic = { messages: 0, bytesIn: 0, bytesOut: 0 };

function add(sum: Traffic, { messages, bytesIn, bytesOut }: Traffic): void {
  sum.messages += messages;
  sum.bytesIn += bytesIn;
  sum.bytesOut += bytesOut;
}
