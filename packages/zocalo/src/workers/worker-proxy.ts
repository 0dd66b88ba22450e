import { WorkerError } from '../errors.ts';
import type { FdSocket } from '../loops/fd-socket.ts';
import type { DescriptorLoop } from '../loops/loop.ts';
import type { ClientIdentity } from '../session/client.ts';
import { close, shutdownSending } from '../sys/sockets.ts';
import { Channel, encodeMessage, InvalidMessageError } from './channel.ts';
import { GroupMessageAssembler } from './group-messages.ts';
import type { CommandCount } from './shared-state.ts';
import type { AbnormalExit, SpawnedWorker, WorkerHandle } from './spawn.ts';
import { parseReport, restoreError, type WorkerCommand, type WorkerReport } from './worker-messages.ts';
import type { WorkerPoolEvents } from './worker-pool.ts';

/** A client that a worker has been given. */
type AssignedClient = {
  readonly identity: ClientIdentity;
  readonly openedAt: number;
  /** Ours to close when the worker has done with it, or has died; a process has a descriptor of its own. */
  socket: FdSocket | undefined;
  closed: boolean;
  released: boolean;
};

/** What a worker reports to its supervisor. */
export interface WorkerProxyOwner {
  ready(worker: WorkerProxy): void;
  /** A client's descriptor is no longer in use there. */
  released(worker: WorkerProxy): void;
  /** One of its clients, or its protocol, has sent a message to a group. */
  groupMessage(worker: WorkerProxy, group: string, bytes: Uint8Array, except: number | undefined): void;
  /** It has ended, with so many clients. */
  ended(worker: WorkerProxy, clients: number): void;
}

/** How long a worker may take to start: it loads the protocol, and that may open what it needs. */
const START_TIMEOUT_MS = 60_000;

/**
 * How many bytes may wait for a worker before group messages are withheld from it: `responsiveBytes` as long as it processes commands now and
 * then, as it does after a burst, and `stalledBytes` once it has processed none for `stalledAfterMs`.
 */
const MAX_BACKLOG = { stalledBytes: 16 * 1_048_576, responsiveBytes: 256 * 1_048_576, stalledAfterMs: 1_000 };

/** One worker, as its supervisor sees it: its clients, and the channel to it. */
export class WorkerProxy {
  readonly name: string;
  readonly row: number;
  ready = false;
  ended = false;
  /** Why it ended, unless it was asked to. */
  failure: WorkerError | undefined;
  readonly #handle: WorkerHandle;
  readonly #loop: DescriptorLoop;
  /** The other end of its channel, which a thread leaves open; -1 for a process, which has a copy. */
  readonly #farEnd: number;
  readonly #owner: WorkerProxyOwner;
  readonly #events: WorkerPoolEvents;
  readonly #channel: Channel<WorkerCommand, WorkerReport>;
  readonly #clients = new Map<number, AssignedClient>();
  /** How many of its clients are in each group, by its last report. */
  readonly members = new Map<string, number>();
  readonly #groupMessages = new GroupMessageAssembler();
  /** Groups of which it misses messages, until it knows that. */
  readonly #gaps = new Set<string>();
  #unwatch: (() => void) | undefined;
  #readyAt = 0;
  readonly #startTimer: NodeJS.Timeout;
  readonly #commands: CommandCount;
  #sent = 0;
  /** The first command that it may not have processed yet, by its number, and when it was sent. */
  #unprocessed: { readonly number: number; readonly at: number } | undefined;

  /** @param commands where it counts the commands that it processes */
  constructor(
    { handle, nearEnd, farEnd }: SpawnedWorker,
    row: number,
    commands: CommandCount,
    loop: DescriptorLoop,
    owner: WorkerProxyOwner,
    events: WorkerPoolEvents,
  ) {
    this.#handle = handle;
    this.name = handle.name;
    this.row = row;
    this.#loop = loop;
    this.#commands = commands;
    this.#farEnd = handle.sharesDescriptors ? farEnd : -1;
    if (!handle.sharesDescriptors) close(farEnd);
    this.#owner = owner;
    this.#events = events;
    this.#channel = new Channel(nearEnd, false, parseReport);
    this.#unwatch = loop.watch(nearEnd, () => {
      // If the other side has closed, the exit of the worker follows.
      if (!this.#receive()) this.#stopWatching();
    });
    this.#startTimer = setTimeout(
      () => this.terminate(`it did not start within ${START_TIMEOUT_MS / 1_000} s`),
      START_TIMEOUT_MS,
    ).unref();
    void handle.ended.then((exit) => this.#onExit(exit));
  }

  /** How many clients it has. */
  get load(): number {
    return this.#clients.size;
  }

  /** For how many milliseconds it has been ready; undefined for one that never was. */
  get readyForMs(): number | undefined {
    return this.ready ? this.#loop.clock.now - this.#readyAt : undefined;
  }

  /** For how many milliseconds it has left a command unprocessed: a handler that computes, or does not end, keeps it from them. */
  get unresponsiveMs(): number {
    const unprocessed = this.#unprocessed;
    return unprocessed === undefined || this.#commands.processed >= unprocessed.number
      ? 0
      : this.#loop.clock.now - unprocessed.at;
  }

  /** Gives it a client, and the socket with it. */
  assign(socket: FdSocket, identity: ClientIdentity, bucket: number): void {
    const { remoteAddress, remotePort, localPort, dialect } = identity;
    const arrival = { remoteAddress, remotePort, localPort };
    const client: AssignedClient = {
      identity,
      openedAt: this.#loop.clock.now,
      socket,
      closed: false,
      released: false,
    };
    this.#clients.set(identity.id, client);
    const command: WorkerCommand = {
      type: 'adopt',
      id: identity.id,
      arrival,
      dialect,
      fd: socket.fd,
      bucket,
    };
    if (this.#handle.sharesDescriptors) this.send(command);
    else {
      this.#countSent();
      this.#channel.send(command, socket.fd, () => {
        client.socket = undefined;
        socket.close();
      });
    }
  }

  send(command: WorkerCommand, sent?: () => void): void {
    this.#sendEncoded(encodeMessage(command), sent);
  }

  /** Sends a group's message in parts; or, when too much is unprocessed, that it has missed something. */
  sendToGroup(group: string, parts: readonly Uint8Array[]): void {
    if (this.#gaps.has(group)) return;
    const most =
      this.unresponsiveMs < MAX_BACKLOG.stalledAfterMs
        ? MAX_BACKLOG.responsiveBytes
        : MAX_BACKLOG.stalledBytes;
    if (this.#channel.waiting < most) {
      for (const part of parts) this.#sendEncoded(part);
      return;
    }
    // When it has received that, the members that are left, or new, have missed nothing of what follows.
    this.#gaps.add(group);
    this.send({ type: 'group-gap', group }, () => this.#gaps.delete(group));
  }

  #sendEncoded(command: Uint8Array, sent?: () => void): void {
    this.#countSent();
    this.#channel.sendEncoded(command, sent);
  }

  kill(): void {
    this.#handle.kill();
  }

  keepAlive(keeps: boolean): void {
    this.#handle.keepAlive(keeps);
  }

  /** Ends it by force. @param why it must, for the report of its exit: `it did not start` */
  terminate(why: string, cause?: unknown): void {
    this.failure ??= new WorkerError(`${this.name} was ended: ${why}`, { cause });
    this.kill();
  }

  #countSent(): void {
    this.#sent++;
    if (this.unresponsiveMs > 0) return;
    this.#unprocessed = { number: this.#sent, at: this.#loop.clock.now };
  }

  /** @returns false when nothing more will come */
  #receive(most?: number): boolean {
    try {
      return this.#channel.receive((report, descriptor, payload) => {
        // No report has one.
        if (descriptor >= 0) close(descriptor);
        this.#handleReport(report, payload);
      }, most);
    } catch (error) {
      if (!(error instanceof InvalidMessageError)) throw error;
      this.terminate(`what came from it is ${error.message}`, error);
      return false;
    }
  }

  #handleReport(report: WorkerReport, payload: Buffer): void {
    if (report.type === 'ready') {
      clearTimeout(this.#startTimer);
      this.ready = true;
      this.#readyAt = this.#loop.clock.now;
      this.#owner.ready(this);
      return;
    }
    if (report.type === 'failed-to-start') {
      const cause = restoreError(report.error);
      this.failure = new WorkerError(`${this.name} could not start: ${cause.message}`, { cause });
      return;
    }
    if (report.type === 'group-message') {
      const bytes = this.#groupMessages.add(report, payload);
      if (bytes !== undefined) this.#owner.groupMessage(this, report.group, bytes, report.except);
      return;
    }
    if (report.type === 'members') {
      if (report.size === 0) this.members.delete(report.group);
      else this.members.set(report.group, report.size);
      return;
    }
    const client = this.#clients.get(report.id);
    if (client === undefined) return;
    if (report.type === 'released') {
      client.released = true;
      client.socket?.close();
      client.socket = undefined;
      this.#removeIfDone(client);
    } else if (report.type === 'message') this.#events.message(client.identity);
    else if (report.type === 'failed') this.#events.failed(client.identity, restoreError(report.error));
    else {
      client.closed = true;
      const { messages, bytesIn, bytesOut, reason } = report;
      const { identity, openedAt } = client;
      this.#events.closed({ client: identity, messages, bytesIn, bytesOut, openedAt }, reason);
      this.#removeIfDone(client);
    }
  }

  /** A client is over when its conversation is and its descriptor is no longer in use: one comes after the other, in either command. */
  #removeIfDone(client: AssignedClient): void {
    if (!client.closed || !client.released) return;
    this.#clients.delete(client.identity.id);
    this.#owner.released(this);
  }

  #stopWatching(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #onExit(exit: AbnormalExit | undefined): void {
    this.ended = true;
    clearTimeout(this.#startTimer);
    this.#stopWatching();
    if (this.#farEnd >= 0) close(this.#farEnd);
    // What it had still reported. Something of it may outlive it and keep its side open (a ring of io_uring, a child of its own), but adds nothing.
    this.#receive(Number.POSITIVE_INFINITY);
    this.#channel.stop();
    close(this.#channel.fd);
    const left = [...this.#clients.values()];
    this.#clients.clear();
    const lost = left.filter(({ closed }) => !closed);
    if (exit !== undefined) this.failure ??= new WorkerError(`${this.name} died: ${exit.why}`, exit);
    this.#owner.ended(this, lost.length);
    for (const { socket } of left) {
      if (socket === undefined) continue;
      // A ring of io_uring that a thread could not close still holds the connection: closing alone would not end it.
      shutdownSending(socket.fd);
      socket.close();
    }
    for (const { identity, openedAt } of lost) {
      this.#events.closed({ client: identity, messages: 0, bytesIn: 0, bytesOut: 0, openedAt }, 'worker');
    }
  }
}
