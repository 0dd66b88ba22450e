import { IORING_CQE_F_MORE, IORING_POLL_ADD_MULTI } from '../sys/io-uring-abi.ts';
import { POLLERR, POLLHUP, POLLRDHUP } from '../sys/poll.ts';
import type { FdSocket } from './fd-socket.ts';
import type { PendingSocketEvents } from './loop.ts';
import { PendingDescriptor } from './pending-socket.ts';
import { type Operation, POLL, type SharedRing, tagOf } from './shared-ring.ts';
import type { CompletionHandler, UringDispatcher } from './uring-dispatcher.ts';

/** A descriptor whose client waits, polled in the ring, which reports each change once. */
export class UringPendingSocket extends PendingDescriptor implements CompletionHandler {
  readonly #dispatcher: UringDispatcher;
  readonly #ring: SharedRing;

  constructor(socket: FdSocket, dispatcher: UringDispatcher, ring: SharedRing, events: PendingSocketEvents) {
    super(socket, events);
    this.#dispatcher = dispatcher;
    this.#ring = ring;
    dispatcher.register(this);
    this.#poll();
  }

  onCompletion(_operation: Operation, result: number, flags: number): void {
    if ((flags & IORING_CQE_F_MORE) === 0) this.#poll();
    if (result > 0) this.onPeerFinished((result & (POLLERR | POLLHUP)) !== 0);
  }

  /** A poll that is still under way when the descriptor is closed ends with this turn, and its completion is ignored. */
  protected override unwatch(): void {
    this.#ring.submissions.cancel(tagOf(this.fd, POLL), this.generation);
    this.#dispatcher.unregister(this);
  }

  #poll(): void {
    const { submissions } = this.#ring;
    submissions.poll(this.fd, POLLRDHUP, IORING_POLL_ADD_MULTI, tagOf(this.fd, POLL), this.generation);
  }
}
