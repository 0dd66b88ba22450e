import { BucketTable, TableBucket } from '../admission/bucket-table.ts';
import { TokenBucket } from '../admission/token-bucket.ts';
import { WorkerError } from '../errors.ts';
import type { AcceptedSocket, DescriptorLoop, DescriptorOwner } from '../loops/loop.ts';
import { createDescriptorLoop } from '../loops/mechanisms.ts';
import { Groups } from '../session/groups.ts';
import { dialectsOf, type Served } from '../session/protocol.ts';
import type { ServerInfo } from '../session/server-info.ts';
import type { Tokens } from '../session/session-host.ts';
import { close } from '../sys/sockets.ts';
import type { TlsLayer } from '../tls/tls-layer.ts';
import { Channel } from './channel.ts';
import { encodeGroupMessage, GroupMessageAssembler } from './group-messages.ts';
import { loadTls } from './load-tls.ts';
import { provideOwnPackage } from './own-package.ts';
import { loadProtocol, stopService } from './protocol-module.ts';
import { type CommandCount, SharedState, sharedClockOffset } from './shared-state.ts';
import { Worker } from './worker.ts';
import { plainError, type WorkerCommand, type WorkerReport, type WorkerSetup } from './worker-messages.ts';

/** Serves in a worker for the supervisor: takes commands and reports, over a channel. */
export class WorkerRuntime {
  readonly #setup: WorkerSetup;
  readonly #channel: Channel<WorkerReport, WorkerCommand>;
  readonly #loop: DescriptorLoop;
  readonly #service: Served;
  readonly #worker: Worker;
  readonly #buckets: BucketTable | undefined;
  readonly #commands: CommandCount;
  readonly #groups: Groups;
  readonly #groupMessages = new GroupMessageAssembler();
  readonly #unwatch: () => void;
  #stopping = false;

  private constructor(
    setup: WorkerSetup,
    channel: Channel<WorkerReport, WorkerCommand>,
    loop: DescriptorLoop,
    service: Served,
    tls: TlsLayer | undefined,
    state: SharedState,
  ) {
    this.#setup = setup;
    this.#channel = channel;
    this.#loop = loop;
    this.#service = service;
    const { addressQuota, limits, row } = setup;
    if (addressQuota !== undefined) {
      this.#buckets = new BucketTable(addressQuota, state.buckets, sharedClockOffset());
    }
    this.#commands = state.commands(row);
    this.#groups = new Groups({
      sendTo: (group, bytes, except) => {
        for (const part of encodeGroupMessage(group, bytes, except)) channel.sendEncoded(part);
      },
      counted: (group, size) => channel.send({ type: 'members', group, size }),
    });
    this.#worker = new Worker(
      dialectsOf(service),
      loop,
      limits,
      serverInfoOf(state, this.#groups),
      {
        closed: ({ client, messages, bytesIn, bytesOut }, reason) =>
          channel.send({ type: 'closed', id: client.id, reason, messages, bytesIn, bytesOut }),
        failed: (client, error) => channel.send({ type: 'failed', id: client.id, error: plainError(error) }),
        message: (client) => channel.send({ type: 'message', id: client.id }),
      },
      tls,
      state.traffic(row),
      this.#groups,
    );
    if (setup.reportsMessages) this.#worker.reportMessages();
    this.#unwatch = loop.watch(channel.fd, () => this.#receive());
  }

  /** Serves until stopped, then ends this thread or process. */
  static async run(setup: WorkerSetup, descriptor: number, memory: ArrayBufferLike): Promise<void> {
    const channel = new Channel<WorkerReport, WorkerCommand>(descriptor, true);
    try {
      provideOwnPackage();
      const service = await loadProtocol(setup.module, setup.protocolOptions);
      const loop = await createDescriptorLoop(setup.mechanism, setup.busyPollUs);
      const tls = await loadTls(setup.tls);
      new WorkerRuntime(setup, channel, loop, service, tls, new SharedState(memory, setup.layout));
    } catch (error) {
      channel.send({ type: 'failed-to-start', error: plainError(error) });
      process.exit(1);
    }
    channel.send({ type: 'ready' });
  }

  #receive(): void {
    const open = this.#channel.receive((command, descriptor, payload) =>
      this.#handle(command, descriptor, payload),
    );
    // The supervisor is gone.
    if (!open) process.exit(1);
  }

  #handle(command: WorkerCommand, descriptor: number, payload: Buffer): void {
    this.#commands.processed++;
    switch (command.type) {
      case 'adopt':
        this.#adopt(command, this.#setup.isolation === 'thread' ? command.fd : descriptor);
        break;
      case 'drain':
        void this.#worker.drain();
        break;
      case 'report-messages':
        this.#worker.reportMessages();
        break;
      case 'ping':
        break;
      case 'group-message': {
        const bytes = this.#groupMessages.add(command, payload);
        if (bytes !== undefined) this.#groups.deliver(command.group, bytes, command.except);
        break;
      }
      case 'group-gap':
        this.#groups.missed(command.group);
        break;
      case 'stop':
        void this.#stop();
    }
  }

  #adopt({ id, arrival, dialect, bucket }: WorkerCommand & { type: 'adopt' }, fd: number): void {
    const owner = new DescriptorReleaser(id, this.#setup, this.#channel);
    let socket: AcceptedSocket;
    try {
      // A descriptor that did not come: this process had none left for it.
      if (fd < 0)
        throw new WorkerError('there was no descriptor left for a client (see the limit on open files)');
      socket = this.#loop.socketOf(fd, arrival, owner);
    } catch (error) {
      owner.release(fd);
      this.#rejected(id, error);
      return;
    }
    try {
      this.#worker.serve(socket, { id, ...arrival, dialect }, this.#tokens(dialect, bucket));
    } catch (error) {
      socket.close();
      this.#rejected(id, error);
    }
  }

  #rejected(id: number, error: unknown): void {
    this.#channel.send({ type: 'failed', id, error: plainError(error) });
    this.#channel.send({ type: 'closed', id, reason: 'error', messages: 0, bytesIn: 0, bytesOut: 0 });
  }

  #tokens(dialect: string, bucket: number): Tokens | undefined {
    if (this.#buckets !== undefined) return new TableBucket(this.#buckets, bucket);
    const quota = this.#setup.quotas[dialect];
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

/** The server, as clients in a worker see it. */
function serverInfoOf(state: SharedState, groups: Groups): ServerInfo {
  return {
    get activeClients() {
      return state.activeClients;
    },
    get waitingClients() {
      return state.waitingClients;
    },
    // Only the supervisor's server knows.
    stats: () => undefined,
    group: (name) => groups.group(name),
  };
}

/**
 * Gives a descriptor back. A thread leaves the closing to the acceptor: its numbers are those of the whole process, and one that is
 * closed here could be another client's before the acceptor knows.
 */
class DescriptorReleaser implements DescriptorOwner {
  readonly #id: number;
  readonly #setup: WorkerSetup;
  readonly #channel: Channel<WorkerReport, WorkerCommand>;

  constructor(id: number, setup: WorkerSetup, channel: Channel<WorkerReport, WorkerCommand>) {
    this.#id = id;
    this.#setup = setup;
    this.#channel = channel;
  }

  release(fd: number): void {
    if (this.#setup.isolation === 'process' && fd >= 0) close(fd);
    this.#channel.send({ type: 'released', id: this.#id });
  }
}
