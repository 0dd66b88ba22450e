import { TableBucket } from '../admission/bucket-table.ts';
import { WorkerError } from '../errors.ts';
import type { FdSocket } from '../loops/fd-socket.ts';
import type { AcceptedSocket, DescriptorLoop } from '../loops/loop.ts';
import type { ClientIdentity } from '../protocol/client.ts';
import type { EndedSession, Tokens, Traffic } from '../protocol/session-host.ts';
import { messageSocketPair } from '../sys/message-socket.ts';
import { SharedMemory } from '../sys/shared-memory.ts';
import { close } from '../sys/sockets.ts';
import { type Balance, Balancer } from './balance.ts';
import { type Hired, hireProcess, hireThread } from './hire.ts';
import { RemoteWorker, type RemoteWorkerEvents } from './remote-worker.ts';
import { SharedState } from './shared-state.ts';
import type { Order, Task } from './task.ts';
import type { Concerned, Workforce, WorkforceEvents } from './workforce.ts';

/** How workers are arranged. */
export type Crew = {
  /** A fixed number of workers, or one for each client. */
  readonly workers: number | 'each';
  readonly balance: Balance;
  /** How many clients one worker serves at once. */
  readonly clientsEach: number;
};

/** What a supervisor reports besides its clients. */
export interface SupervisorEvents extends WorkforceEvents {
  /** A worker of a fixed number is ready to serve. */
  workerStarted(worker: string): void;
  /** A worker ended without being told to, and took its clients with it; `restart` is after how many milliseconds another is started. */
  workerDied(worker: string, error: Error, clients: number, restart: number | undefined): void;
}

/** How long a worker that died young is not replaced, in milliseconds: doubled each time; one that lived long enough is forgiven. */
const BACK_OFF = { first: 100, longest: 10_000, forgivenAfter: 10_000 };
/** How long workers may take to stop before they are ended, in milliseconds: longer than a lingering close takes, and a service that stops. */
const STOP_TIMEOUT = 5_000;

type Waiting = { readonly socket: FdSocket; readonly identity: ClientIdentity; readonly bucket: number };

/** Serves clients in workers beside this thread: starts them, gives them the clients, replaces those that die, and stops them all. */
export class Supervisor implements Workforce, RemoteWorkerEvents {
  readonly #task: Omit<Task, 'row' | 'reportsMessages'>;
  readonly #crew: Crew;
  readonly #loop: DescriptorLoop;
  readonly #events: SupervisorEvents;
  readonly #balancer: Balancer;
  readonly #memory: SharedMemory | SharedArrayBuffer;
  #state: SharedState;
  readonly #workers = new Map<number, RemoteWorker>();
  readonly #freeRows: number[];
  /** Clients for whom no worker has room at the moment. */
  #waiting: Waiting[] = [];
  readonly #restarts = new Set<NodeJS.Timeout>();
  #backOff = BACK_OFF.first;
  #reportsMessages = false;
  #draining = false;
  #stopping = false;
  #onChange: (() => void) | undefined;
  /** What workers have counted that are gone. */
  readonly #past: Traffic = { ...nothing };

  /** @param loop of this thread, which is stopped with the supervisor */
  constructor(
    task: Omit<Task, 'row' | 'reportsMessages'>,
    crew: Crew,
    loop: DescriptorLoop,
    events: SupervisorEvents,
  ) {
    this.#task = task;
    this.#crew = crew;
    this.#loop = loop;
    this.#events = events;
    const { rows } = task.layout;
    this.#balancer = new Balancer(crew.balance, rows);
    this.#freeRows = Array.from({ length: rows }, (_, i) => rows - 1 - i);
    const size = SharedState.bytesFor(task.layout);
    this.#memory = task.isolation === 'process' ? SharedMemory.create(size) : new SharedArrayBuffer(size);
    const bytes = this.#memory instanceof SharedMemory ? this.#memory.bytes : this.#memory;
    this.#state = new SharedState(bytes, task.layout);
  }

  get traffic(): Traffic {
    const sum = { ...this.#past };
    for (const { row } of this.#workers.values()) add(sum, this.#state.traffic(row));
    return sum;
  }

  get buckets(): Uint8Array {
    return this.#state.buckets;
  }

  countClients(active: number, waiting: number): void {
    this.#state.activeClients = active;
    this.#state.waitingClients = waiting;
  }

  /** Starts a fixed number of workers; resolves when all are ready. @throws WorkerError when one cannot be started */
  async start(): Promise<void> {
    if (this.#crew.workers === 'each') return;
    const starting = Array.from({ length: this.#crew.workers }, () => this.#hire());
    await this.#until(() => starting.every(({ ready, over }) => ready || over));
    const failed = starting.find(({ over }) => over);
    if (failed !== undefined) throw failed.failure ?? new WorkerError(`${failed.name} ended by itself`);
  }

  adopt(socket: AcceptedSocket, identity: ClientIdentity, tokens: Tokens | undefined): void {
    const bucket = tokens instanceof TableBucket ? tokens.slot : -1;
    const waiting = { socket: socket as FdSocket, identity, bucket };
    if (this.#crew.workers === 'each' && this.#freeRows.length > 0) this.#entrust(this.#hire(), waiting);
    else {
      this.#waiting.push(waiting);
      this.#entrustWaiting();
    }
  }

  reportMessages(): void {
    this.#reportsMessages = true;
    this.#tellAll({ type: 'report-messages' });
  }

  async drain(): Promise<void> {
    this.#draining = true;
    this.#tellAll({ type: 'drain' });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const restart of this.#restarts) clearTimeout(restart);
    for (const { socket, identity } of this.#waiting.splice(0)) {
      socket.close();
      this.#events.closed(unserved(identity, this.#loop.clock.now), 'stopped');
    }
    this.#tellAll({ type: 'stop' });
    const overdue = setTimeout(() => {
      for (const worker of this.#workers.values()) worker.kill();
    }, STOP_TIMEOUT);
    await this.#until(() => this.#workers.size === 0);
    clearTimeout(overdue);
    // Nothing may touch the memory from here on.
    this.#state = new SharedState(new ArrayBuffer(64), { rows: 0, buckets: false });
    if (this.#memory instanceof SharedMemory) this.#memory.close();
    await this.#loop.stop();
  }

  ready(worker: RemoteWorker): void {
    if (this.#crew.workers !== 'each') this.#events.workerStarted(worker.name);
    this.#entrustWaiting();
    this.#onChange?.();
  }

  freed(worker: RemoteWorker): void {
    if (this.#crew.workers === 'each') worker.tell({ type: 'stop' });
    else this.#entrustWaiting();
  }

  ended(worker: RemoteWorker, clients: number): void {
    const { row, name, failure } = worker;
    this.#workers.delete(row);
    const traffic = this.#state.traffic(row);
    add(this.#past, traffic);
    Object.assign(traffic, nothing);
    this.#freeRows.push(row);
    this.#onChange?.();
    if (this.#stopping) return;
    const error = failure ?? new WorkerError(`${name} ended by itself`);
    if (this.#crew.workers !== 'each') this.#events.workerDied(name, error, clients, this.#replace(worker));
    else {
      // One that ends without a complaint and has no client is one that was told to.
      if (failure !== undefined || clients > 0) this.#events.workerDied(name, error, clients, undefined);
      this.#entrustWaiting();
    }
  }

  closed(...report: Parameters<WorkforceEvents['closed']>): void {
    this.#events.closed(...report);
  }

  failed(...report: Parameters<WorkforceEvents['failed']>): void {
    this.#events.failed(...report);
  }

  message(client: Concerned): void {
    this.#events.message(client);
  }

  /** @throws SystemCallError when there are no descriptors left */
  #hire(): RemoteWorker {
    const [near, far] = messageSocketPair();
    const row = this.#freeRows.at(-1) as number;
    const task = { ...this.#task, row, reportsMessages: this.#reportsMessages };
    let hired: Hired;
    try {
      hired =
        this.#memory instanceof SharedMemory
          ? hireProcess(task, far, this.#memory.fd)
          : hireThread(task, far, this.#memory);
    } catch (error) {
      close(near);
      close(far);
      throw error;
    }
    this.#freeRows.pop();
    const worker = new RemoteWorker(hired, row, near, far, this.#loop, this);
    this.#workers.set(row, worker);
    return worker;
  }

  /** Starts another in the place of one that died. @returns after how many milliseconds */
  #replace({ since }: Pick<RemoteWorker, 'since'>): number {
    if (this.#loop.clock.now - since >= BACK_OFF.forgivenAfter) this.#backOff = BACK_OFF.first;
    const pause = this.#backOff;
    this.#backOff = Math.min(2 * pause, BACK_OFF.longest);
    const restart = setTimeout(() => {
      this.#restarts.delete(restart);
      try {
        this.#hire();
      } catch (error) {
        const failure = new WorkerError('a worker could not be started', { cause: error });
        this.#events.workerDied('a worker', failure, 0, this.#replace({ since: this.#loop.clock.now }));
      }
    }, pause);
    this.#restarts.add(restart);
    return pause;
  }

  #entrustWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      let worker: RemoteWorker | undefined;
      try {
        worker = this.#chooseFor(first);
      } catch (error) {
        this.#waiting.shift();
        this.#turnAway(first, error);
        continue;
      }
      if (worker === undefined) return;
      this.#waiting.shift();
      this.#entrust(worker, first);
    }
  }

  /** Nobody could be hired for a client that is in already. */
  #turnAway({ socket, identity }: Waiting, error: unknown): void {
    this.#events.failed(identity, error);
    socket.close();
    this.#events.closed(unserved(identity, this.#loop.clock.now), 'error');
  }

  #chooseFor({ identity }: Waiting): RemoteWorker | undefined {
    const { workers, clientsEach } = this.#crew;
    if (workers === 'each') return this.#freeRows.length > 0 ? this.#hire() : undefined;
    const able = [...this.#workers.values()].filter(({ ready, load }) => ready && load < clientsEach);
    return this.#balancer.choose(able, identity.remoteAddress);
  }

  #entrust(worker: RemoteWorker, { socket, identity, bucket }: Waiting): void {
    worker.entrust(socket, identity, bucket);
    if (this.#draining) worker.tell({ type: 'drain' });
  }

  #tellAll(order: Order): void {
    for (const worker of this.#workers.values()) worker.tell(order);
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

/** A client that was let in and never came to a worker. */
function unserved(client: ClientIdentity, openedAt: number): EndedSession {
  return { client, messages: 0, bytesIn: 0, bytesOut: 0, openedAt };
}
