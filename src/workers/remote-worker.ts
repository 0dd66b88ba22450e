import { WorkerError } from '../errors.ts';
import type { FdSocket } from '../loops/fd-socket.ts';
import type { DescriptorLoop } from '../loops/loop.ts';
import type { ClientIdentity } from '../protocol/client.ts';
import { close, shutdownSending } from '../sys/sockets.ts';
import { Channel } from './channel.ts';
import type { Death, Hired } from './hire.ts';
import { errorOf, type Order, type Report } from './task.ts';
import type { WorkforceEvents } from './workforce.ts';

/** A client that a worker has been given. */
type Entrusted = {
  readonly identity: ClientIdentity;
  readonly openedAt: number;
  /** Ours to close when the worker has done with it, or has died; a process has a descriptor of its own. */
  socket: FdSocket | undefined;
  closed: boolean;
  released: boolean;
};

/** What a worker tells its supervisor of itself. */
export interface RemoteWorkerEvents extends WorkforceEvents {
  ready(worker: RemoteWorker): void;
  /** A client's descriptor is no longer in use there. */
  freed(worker: RemoteWorker): void;
  /** It is over, and has taken so many clients with it. */
  ended(worker: RemoteWorker, clients: number): void;
}

/** One worker, as its supervisor sees it: who is with it, and the line to it. */
export class RemoteWorker {
  readonly name: string;
  readonly row: number;
  readonly since: number;
  ready = false;
  over = false;
  /** Why it is over, unless it ended without a complaint. */
  failure: WorkerError | undefined;
  readonly #hired: Hired;
  readonly #loop: DescriptorLoop;
  /** The other end of its channel, which a thread leaves open; -1 for a process, which has a copy. */
  readonly #farEnd: number;
  readonly #events: RemoteWorkerEvents;
  readonly #channel: Channel<Order, Report>;
  readonly #clients = new Map<number, Entrusted>();
  #unwatch: (() => void) | undefined;

  constructor(
    hired: Hired,
    row: number,
    nearEnd: number,
    farEnd: number,
    loop: DescriptorLoop,
    events: RemoteWorkerEvents,
  ) {
    this.#hired = hired;
    this.name = hired.name;
    this.row = row;
    this.#loop = loop;
    this.since = loop.clock.now;
    this.#farEnd = hired.sharesDescriptors ? farEnd : -1;
    if (!hired.sharesDescriptors) close(farEnd);
    this.#events = events;
    this.#channel = new Channel(nearEnd, false);
    this.#unwatch = loop.watch(nearEnd, () => {
      // That the other side has closed will be told by its end.
      if (!this.#channel.receive((report) => this.#hear(report))) this.#deafen();
    });
    void hired.ended.then((death) => this.#ended(death));
  }

  /** How many clients it has. */
  get load(): number {
    return this.#clients.size;
  }

  /** Gives it a client, and the socket with it. */
  entrust(socket: FdSocket, identity: ClientIdentity, bucket: number): void {
    const { remoteAddress, remotePort, localPort, dialect } = identity;
    const arrival = { remoteAddress, remotePort, localPort };
    const client: Entrusted = {
      identity,
      openedAt: this.#loop.clock.now,
      socket,
      closed: false,
      released: false,
    };
    this.#clients.set(identity.id, client);
    const order: Order = { type: 'adopt', id: identity.id, arrival, dialect, fd: socket.fd, bucket };
    if (this.#hired.sharesDescriptors) this.tell(order);
    else {
      this.#channel.send(order, socket.fd, () => {
        client.socket = undefined;
        socket.close();
      });
    }
  }

  tell(order: Order): void {
    // Nudged when it is sent, which is later when there is no room for it yet.
    this.#channel.send(order, -1, () => this.#hired.nudge());
  }

  kill(): void {
    this.#hired.kill();
  }

  #hear(report: Report): void {
    if (report.type === 'ready') {
      this.ready = true;
      this.#events.ready(this);
      return;
    }
    if (report.type === 'failed-to-start') {
      const cause = errorOf(report.error);
      this.failure = new WorkerError(`${this.name} could not start: ${cause.message}`, { cause });
      return;
    }
    const client = this.#clients.get(report.id);
    if (client === undefined) return;
    if (report.type === 'released') {
      client.released = true;
      client.socket?.close();
      client.socket = undefined;
      this.#part(client);
    } else if (report.type === 'message') this.#events.message(client.identity);
    else if (report.type === 'failed') this.#events.failed(client.identity, errorOf(report.error));
    else {
      client.closed = true;
      const { messages, bytesIn, bytesOut, reason } = report;
      const { identity, openedAt } = client;
      this.#events.closed({ client: identity, messages, bytesIn, bytesOut, openedAt }, reason);
      this.#part(client);
    }
  }

  /** A client is over when its conversation is and its descriptor is no longer in use: one comes after the other, in either order. */
  #part(client: Entrusted): void {
    if (!client.closed || !client.released) return;
    this.#clients.delete(client.identity.id);
    this.#events.freed(this);
  }

  #deafen(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #ended(death: Death | undefined): void {
    this.over = true;
    this.#deafen();
    if (this.#farEnd >= 0) close(this.#farEnd);
    // What it had still said. Something of it may outlive it and keep its side open (a ring of io_uring, a child of its own), but adds nothing.
    this.#channel.receive((report) => this.#hear(report), Number.POSITIVE_INFINITY);
    this.#channel.stop();
    close(this.#channel.fd);
    const left = [...this.#clients.values()];
    this.#clients.clear();
    const lost = left.filter(({ closed }) => !closed);
    if (death !== undefined) this.failure ??= new WorkerError(`${this.name} died: ${death.why}`, death);
    this.#events.ended(this, lost.length);
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
