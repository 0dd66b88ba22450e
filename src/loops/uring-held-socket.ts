import { IORING_CQE_F_MORE, IORING_POLL_ADD_MULTI } from '../sys/io-uring-abi.ts';
import { POLLERR, POLLHUP, POLLRDHUP } from '../sys/poll.ts';
import type { FdSocket } from './fd-socket.ts';
import { HeldSocket } from './held-socket.ts';
import { FAILED, PEER_FINISHED } from './poller.ts';
import { POLL, tagOf, type UringPoller } from './uring-poller.ts';
import type { Waiter } from './waiter.ts';

/** A descriptor whose client waits in line, polled in the ring: each change is reported once, so what is known need not be ignored. */
export class UringHeldSocket extends HeldSocket {
  readonly #poller: UringPoller;

  constructor(socket: FdSocket, waiter: Waiter, poller: UringPoller, onLeft: () => void) {
    super(socket, waiter, onLeft);
    this.#poller = poller;
    this.#poll();
  }

  override onReady(completion: number): void {
    const { ring } = this.#poller;
    const result = ring.result(completion);
    if ((ring.flags(completion) & IORING_CQE_F_MORE) === 0) this.#poll();
    if (result > 0) super.onReady(result & (POLLERR | POLLHUP) ? FAILED : PEER_FINISHED);
  }

  /** A poll that is still under way when the descriptor is closed ends with this turn, and its completion is nobody's. */
  override take(): FdSocket {
    this.#poller.submissions.cancel(tagOf(this.fd, POLL), this.generation);
    return super.take();
  }

  #poll(): void {
    const { submissions } = this.#poller;
    submissions.poll(this.fd, POLLRDHUP, IORING_POLL_ADD_MULTI, tagOf(this.fd, POLL), this.generation);
  }
}
