import type { Clock } from '../protocol/session-host.ts';
import type { SessionPort } from '../protocol/session-port.ts';
import { FdSocket } from './fd-socket.ts';
import type { Arrival, DescriptorOwner } from './loop.ts';
import type { WheelEntry } from './timer-wheel.ts';
import type { Waiter } from './waiter.ts';
import { WheelTimer } from './wheel-timer.ts';

/** An adopted descriptor, as its loop keeps it. */
export interface LoopConnection extends WheelEntry {
  readonly session: SessionPort;
  /** Its time on the wheel has come. */
  due(now: number): void;
  /** Breaks the conversation off. */
  stop(): void;
}

/** What loops over descriptors have in common, whether they are told of readiness or of completions: connections, their times, their end. */
export abstract class BaseDescriptorLoop<Connection extends LoopConnection> {
  readonly waiter: Waiter;
  #load = 0;
  readonly #timer: WheelTimer<Connection>;
  #onEmpty: (() => void) | undefined;

  constructor(waiter: Waiter) {
    this.waiter = waiter;
    this.#timer = new WheelTimer(waiter.clock, (connection, now) => connection.due(now));
  }

  get clock(): Clock {
    return this.waiter.clock;
  }

  get load(): number {
    return this.#load;
  }

  socketOf(fd: number, arrival: Arrival, owner: DescriptorOwner): FdSocket {
    return new FdSocket(fd, arrival.remoteAddress, arrival.remotePort, arrival.localPort, owner);
  }

  each(visit: (session: SessionPort) => void): void {
    for (const connection of this.connections()) visit(connection.session);
  }

  async stop(): Promise<void> {
    for (const connection of this.connections()) connection.stop();
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
    this.waiter.clients--;
    if (this.#load === 0) this.#onEmpty?.();
  }

  /** One more connection, before it starts: it may be over before that returns. */
  protected begun(): void {
    this.#load++;
    this.waiter.clients++;
  }

  /** Those of this loop. The waiter knows them already: a set of our own would cost more than some clients do. */
  protected abstract connections(): Connection[];
}
