import type { Clock } from '../session/session-host.ts';
import type { SessionPort, Waker } from '../session/session-port.ts';
import { LINGER_TIMEOUT_MS } from './loop.ts';
import { WheelEntry } from './timer-wheel.ts';

/** What a connection needs of its loop. */
export interface ConnectionOwner {
  readonly clock: Clock;
  /** Has {@link BaseConnection.onTimer} called when `at` (milliseconds of the clock) has passed; Infinity: never. */
  schedule(connection: BaseConnection, at: number): void;
  /** The session is over and the socket closed. */
  onClosed(connection: BaseConnection): void;
}

/** An adopted socket: the deadlines, the stop and the lingering close that are the same for every mechanism. */
export abstract class BaseConnection extends WheelEntry implements Waker {
  readonly session: SessionPort;
  abstract readonly owner: ConnectionOwner;
  /** When a lingering close stops waiting for the other side's FIN (milliseconds of the clock); 0 before. */
  #lingerUntil = 0;
  #broken = false;

  constructor(session: SessionPort) {
    super();
    this.session = session;
    session.waker = this;
  }

  /** Watches the socket, and lets the session send its greeting. */
  start(): void {
    this.register();
    this.owner.schedule(this, this.session.tick(this.owner.clock.now));
    this.session.open();
    this.advance();
  }

  abstract wake(): void;

  abstract unacknowledged(): number;

  tickBy(at: number): void {
    if (!(this.destroyed || this.lingering)) this.owner.schedule(this, at);
  }

  /** Its time on the wheel has come. */
  onTimer(now: number): void {
    if (this.#lingerUntil > 0) {
      if (now >= this.#lingerUntil) this.destroy();
      else this.owner.schedule(this, this.#lingerUntil);
      return;
    }
    const next = this.session.tick(now);
    if (!this.session.finished) this.owner.schedule(this, next);
    this.advance();
  }

  /** Ends the conversation. A socket that lingers, or has final output to send, continues until its deadline. */
  stop(): void {
    if (this.destroyed || this.lingering) return;
    this.session.stop();
    if (this.session.finished) this.destroy();
  }

  /** Closes the socket without lingering. */
  abstract destroy(): void;

  /** Whether {@link destroy} has been called. */
  protected abstract get destroyed(): boolean;

  /** Begins to watch the socket. */
  protected abstract register(): void;

  /** Sends what the session has to send, then receives, waits or closes as the session wants. */
  protected abstract advance(): void;

  /** Sends FIN, and from then on reads and discards. */
  protected abstract shutdown(): void;

  protected get lingering(): boolean {
    return this.#lingerUntil > 0;
  }

  protected break(): void {
    this.#broken = true;
    this.session.broken();
  }

  /** Closes the socket of a finished session: lingering if the other side may still be sending, so that it gets no reset. */
  protected close(): void {
    if (this.#broken || !this.session.lingers) {
      this.destroy();
      return;
    }
    this.#lingerUntil = this.owner.clock.now + LINGER_TIMEOUT_MS;
    this.owner.schedule(this, this.#lingerUntil);
    this.shutdown();
  }
}
