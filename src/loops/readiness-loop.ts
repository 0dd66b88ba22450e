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
import type { Reactor } from './reactor.ts';
import { WheelTimer } from './wheel-timer.ts';

/** The loop of every mechanism that reports which descriptors are ready; the mechanism itself is a poller. */
export class ReadinessLoop implements DescriptorLoop<FdSocket>, ConnectionOwner {
  readonly mechanism: string;
  readonly reactor: Reactor;
  #load = 0;
  readonly #timer: WheelTimer<Connection>;
  #onEmpty: (() => void) | undefined;

  constructor(mechanism: string, reactor: Reactor) {
    this.mechanism = mechanism;
    this.reactor = reactor;
    this.#timer = new WheelTimer(reactor.clock, (connection, now) => connection.due(now));
  }

  get clock(): Clock {
    return this.reactor.clock;
  }

  get load(): number {
    return this.#load;
  }

  async listen(target: ListenTarget, backlog: number, events: ListenerEvents<FdSocket>): Promise<Listener> {
    return new FdListener(target, backlog, this.reactor, events);
  }

  hold(socket: FdSocket, onLeft: () => void): Held<FdSocket> {
    return new HeldSocket(socket, this.reactor, onLeft);
  }

  socketOf(fd: number, arrival: Arrival, owner: DescriptorOwner): FdSocket {
    return new FdSocket(fd, arrival.remoteAddress, arrival.remotePort, arrival.localPort, owner);
  }

  watch(fd: number, onReadable: () => void): () => void {
    const watched = { fd, generation: 0, onReady: onReadable };
    this.reactor.watch(watched, READABLE);
    return () => this.reactor.unwatch(watched);
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
    this.reactor.release();
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
    return [...this.reactor.all()].filter(
      (watched): watched is Connection => watched instanceof Connection && watched.owner === this,
    );
  }
}
