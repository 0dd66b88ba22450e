import { BucketTable, TableBucket } from '../admission/bucket-table.ts';
import { TokenBucket } from '../admission/token-bucket.ts';
import { WorkerError } from '../errors.ts';
import type { AcceptedSocket, DescriptorLoop, DescriptorOwner } from '../loops/loop.ts';
import { createDescriptorLoop } from '../loops/mechanisms.ts';
import { dialectsOf, type Served } from '../protocol/dialects.ts';
import type { Tokens } from '../protocol/session-host.ts';
import { close } from '../sys/sockets.ts';
import { Channel } from './channel.ts';
import { lendPackage } from './own-package.ts';
import { loadProtocol, stopService } from './protocol-module.ts';
import { SharedState, sharedClockOffset } from './shared-state.ts';
import { type Order, plainError, type Report, type Task } from './task.ts';
import { Worker } from './worker.ts';

/** Serves in a worker for the supervisor: takes orders and reports, over a channel. */
export class WorkerAgent {
  readonly #task: Task;
  readonly #channel: Channel<Report, Order>;
  readonly #loop: DescriptorLoop;
  readonly #service: Served;
  readonly #worker: Worker;
  readonly #buckets: BucketTable | undefined;
  readonly #unwatch: () => void;
  #stopping = false;

  private constructor(
    task: Task,
    channel: Channel<Report, Order>,
    loop: DescriptorLoop,
    service: Served,
    state: SharedState,
  ) {
    this.#task = task;
    this.#channel = channel;
    this.#loop = loop;
    this.#service = service;
    const { addressQuota, limits, row } = task;
    if (addressQuota !== undefined) {
      this.#buckets = new BucketTable(addressQuota, state.buckets, sharedClockOffset());
    }
    this.#worker = new Worker(
      dialectsOf(service),
      loop,
      limits,
      state,
      {
        closed: ({ client, messages, bytesIn, bytesOut }, reason) =>
          channel.send({ type: 'closed', id: client.id, reason, messages, bytesIn, bytesOut }),
        failed: (client, error) => channel.send({ type: 'failed', id: client.id, error: plainError(error) }),
        message: (client) => channel.send({ type: 'message', id: client.id }),
      },
      state.traffic(row),
    );
    if (task.reportsMessages) this.#worker.reportMessages();
    this.#unwatch = loop.watch(channel.fd, () => this.#listen());
  }

  /** Serves until told to stop, then ends this thread or process. */
  static async run(task: Task, descriptor: number, memory: ArrayBufferLike): Promise<void> {
    const channel = new Channel<Report, Order>(descriptor, true);
    try {
      lendPackage();
      const service = await loadProtocol(task.module, task.protocolOptions);
      const loop = await createDescriptorLoop(task.mechanism);
      new WorkerAgent(task, channel, loop, service, new SharedState(memory, task.layout));
    } catch (error) {
      channel.send({ type: 'failed-to-start', error: plainError(error) });
      process.exit(1);
    }
    channel.send({ type: 'ready' });
  }

  #listen(): void {
    const open = this.#channel.receive((order, descriptor) => this.#obey(order, descriptor));
    // Nobody is left to serve for.
    if (!open) process.exit(1);
  }

  #obey(order: Order, descriptor: number): void {
    switch (order.type) {
      case 'adopt':
        this.#adopt(order, this.#task.isolation === 'thread' ? order.fd : descriptor);
        break;
      case 'drain':
        void this.#worker.drain();
        break;
      case 'report-messages':
        this.#worker.reportMessages();
        break;
      case 'stop':
        void this.#stop();
    }
  }

  #adopt({ id, arrival, dialect, bucket }: Order & { type: 'adopt' }, fd: number): void {
    const owner = new Releaser(id, this.#task, this.#channel);
    let socket: AcceptedSocket;
    try {
      // A descriptor that did not come: this process had none left for it.
      if (fd < 0)
        throw new WorkerError('there was no descriptor left for a client (see the limit on open files)');
      socket = this.#loop.socketOf(fd, arrival, owner);
    } catch (error) {
      owner.release(fd);
      this.#turnedAway(id, error);
      return;
    }
    try {
      this.#worker.adopt(socket, { id, ...arrival, dialect }, this.#tokens(dialect, bucket));
    } catch (error) {
      socket.close();
      this.#turnedAway(id, error);
    }
  }

  #turnedAway(id: number, error: unknown): void {
    this.#channel.send({ type: 'failed', id, error: plainError(error) });
    this.#channel.send({ type: 'closed', id, reason: 'error', messages: 0, bytesIn: 0, bytesOut: 0 });
  }

  #tokens(dialect: string, bucket: number): Tokens | undefined {
    if (this.#buckets !== undefined) return new TableBucket(this.#buckets, bucket);
    const quota = this.#task.quotas[dialect];
    return quota === undefined ? undefined : new TokenBucket(quota, this.#loop.clock.now);
  }

  async #stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#unwatch();
    await this.#worker.stop();
    await stopService(this.#service);
    process.exit(0);
  }
}

/**
 * Gives a descriptor back. A thread leaves the closing to the one who accepted: its numbers are those of the whole process, and one that is
 * closed here could be another client's before anybody is told.
 */
class Releaser implements DescriptorOwner {
  readonly #id: number;
  readonly #task: Task;
  readonly #channel: Channel<Report, Order>;

  constructor(id: number, task: Task, channel: Channel<Report, Order>) {
    this.#id = id;
    this.#task = task;
    this.#channel = channel;
  }

  release(fd: number): void {
    if (this.#task.isolation === 'process' && fd >= 0) close(fd);
    this.#channel.send({ type: 'released', id: this.#id });
  }
}
