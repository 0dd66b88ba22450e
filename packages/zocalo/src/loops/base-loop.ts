import type { Clock } from '../session/session-host.ts';
import type { SessionPort } from '../session/session-port.ts';
import type { BaseConnection, ConnectionOwner } from './base-connection.ts';
import { WheelTimer } from './timer-wheel.ts';

/** What all loops have in common: they count their connections, schedule their deadlines, and stop when the last is closed. */
export abstract class BaseLoop implements ConnectionOwner {
  readonly clock: Clock;
  readonly #timer: WheelTimer<BaseConnection>;
  #load = 0;
  #onEmpty: (() => void) | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
    this.#timer = new WheelTimer(clock, (connection, now) => connection.onTimer(now));
  }

  get load(): number {
    return this.#load;
  }

  forEachSession(visit: (session: SessionPort) => void): void {
    for (const connection of this.connections()) visit(connection.session);
  }

  async stop(): Promise<void> {
    for (const connection of this.connections()) connection.stop();
    if (this.#load > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#timer.stop();
  }

  schedule(connection: BaseConnection, at: number): void {
    this.#timer.schedule(connection, at);
  }

  onClosed(connection: BaseConnection): void {
    this.#timer.cancel(connection);
    this.#load--;
    if (this.#load === 0) this.#onEmpty?.();
  }

  /** Counts and starts a connection, which may be over before this returns. */
  protected open(connection: BaseConnection): void {
    this.#load++;
    connection.start();
  }

  protected abstract connections(): Iterable<BaseConnection>;
}
