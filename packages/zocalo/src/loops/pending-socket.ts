import { peerStateOf } from '../sys/poll.ts';
import { peek, send } from '../sys/sockets.ts';
import { DisconnectCheck } from './disconnect-check.ts';
import type { Registration } from './dispatcher.ts';
import type { FdSocket } from './fd-socket.ts';
import type { PendingSocket, PendingSocketEvents } from './loop.ts';
import { FAILED, PEER_FINISHED } from './poller.ts';
import type { ReadinessDispatcher, ReadinessHandler } from './readiness-dispatcher.ts';

const oneByte = Buffer.alloc(1);

/** A descriptor whose client waits: nothing is read from it, but a hang-up is noticed, however the mechanism reports it. */
export abstract class PendingDescriptor implements PendingSocket, Registration {
  generation = 0;
  protected readonly socket: FdSocket;
  readonly #events: PendingSocketEvents;
  readonly #check: DisconnectCheck;

  constructor(socket: FdSocket, events: PendingSocketEvents) {
    this.socket = socket;
    this.#events = events;
    this.#check = new DisconnectCheck(() => peerStateOf(socket.fd), {
      onDisconnect: () => this.#onDisconnect(),
      onEnd: events.onEnd,
    });
  }

  get fd(): number {
    return this.socket.fd;
  }

  send(bytes: Uint8Array): void {
    send(this.fd, bytes, bytes.length);
  }

  take(): FdSocket {
    this.#check.stop();
    this.unwatch();
    return this.socket;
  }

  /**
   * The client has finished sending, or the connection failed. One that has sent something may still wait for the answer; one that
   * has not has hung up.
   */
  protected onPeerFinished(failed: boolean): void {
    if (failed || peek(this.fd, oneByte) <= 0) this.#onDisconnect();
    else this.startCheck();
  }

  protected startCheck(): void {
    this.#check.start();
  }

  /** Ends what watches the descriptor. */
  protected abstract unwatch(): void;

  #onDisconnect(): void {
    this.take().close();
    this.#events.onDisconnect();
  }
}

/** One that a poller watches. */
export class PolledPendingSocket extends PendingDescriptor implements ReadinessHandler {
  readonly #dispatcher: ReadinessDispatcher;

  constructor(socket: FdSocket, dispatcher: ReadinessDispatcher, events: PendingSocketEvents) {
    super(socket, events);
    this.#dispatcher = dispatcher;
    dispatcher.watch(this, PEER_FINISHED);
  }

  onReady(events: number): void {
    this.onPeerFinished((events & FAILED) !== 0);
  }

  /** What is known would be reported again, so it is no longer watched for. */
  protected override startCheck(): void {
    this.#dispatcher.change(this, 0);
    super.startCheck();
  }

  protected override unwatch(): void {
    this.#dispatcher.unwatch(this);
  }
}
