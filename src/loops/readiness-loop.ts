import type { Clock } from '../protocol/session-host.ts';
import type { SessionPort } from '../protocol/session-port.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { FdListener } from './fd-listener.ts';
import { FdSocket } from './fd-socket.ts';
import { HeldSocket } from './held-socket.ts';
import type {
  Arrival,
  DescriptorLoop,
  DescriptorOwner,
  Held,
  Listener,
  ListenerEvents,
  ListenTarget,
} from './loop.ts';
import { READABLE } from './poller.ts';
import type { Waiter } from './waiter.ts';
import { WheelTimer } from './wheel-timer.ts';

/** The loop of every mechanism that reports which descriptors are ready; the mechanism itself is a poller. */
export class ReadinessLoop implements DescriptorLoop<FdSocket>, ConnectionOwner {
  readonly mechanism: string;
  readonly waiter: Waiter;
  #load = 0;
  readonly #timer: WheelTimer<Connection>;
  #onEmpty: (() => void) | undefined;

  constructor(mechanism: string, waiter: Waiter) {
    this.mechanism = mechanism;
    this.waiter = waiter;
    this.#timer = new WheelTimer(waiter.clock, (connection, now) => connection.due(now));
  }

  get clock(): Clock {
    return this.waiter.clock;
  }

  get load(): number {
    return this.#load;
  }

  async listen(target: ListenTarget, backlog: number, events: ListenerEvents<FdSocket>): Promise<Listener> {
    return new FdListener(target, backlog, this.waiter, events);
  }

  hold(socket: FdSocket, onLeft: () => void): Held<FdSocket> {
    return new HeldSocket(socket, this.waiter, onLeft);
  }

  socketOf(fd: number, arrival: Arrival, owner: DescriptorOwner): FdSocket {
    return new FdSocket(fd, arrival.remoteAddress, arrival.remotePort, arrival.localPort, owner);
  }

  watch(fd: number, onReadable: () => void): () => void {
    const watched = { fd, generation: 0, onReady: onReadable };
    this.waiter.watch(watched, READABLE);
    return () => this.waiter.unwatch(watched);
  }

  adopt(socket: FdSocket, session: SessionPort): void {
    this.#load++;
    new Connection(socket, session, this).start();
  }

  async catchUp(): Promise<void> {
    for (const connection of this.#connections()) connection.catchUp();
  }

  each(visit: (session: SessionPort) => void): void {
    for (const connection of this.#connections()) visit(connection.session);
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections()) connection.stop();
    if (this.#load > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#timer.stop();
    await this.waiter.release();
  }

  schedule(connection: Connection, at: number): void {
    this.#timer.schedule(connection, at);
  }

  closed(connection: Connection): void {
    this.#timer.cancel(connection);
    this.#load--;
    if (this.#load === 0) this.#onEmpty?.();
  }

  /** The reactor knows them already: a set of our own would cost more than some clients do. */
  #connections(): Connection[] {
    return [...this.waiter.all()].filter(
      (watched): watched is Connection => watched instanceof Connection && watched.owner === this,
    );
  }
}
