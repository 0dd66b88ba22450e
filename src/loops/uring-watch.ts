import { POLLIN } from '../sys/poll.ts';
import { POLL, tagOf, type UringPoller } from './uring-poller.ts';
import type { Watched } from './waiter.ts';

/** A descriptor that is no client's: calls back once a turn while it is readable. */
export class UringWatch implements Watched {
  generation = 0;
  readonly fd: number;
  readonly #poller: UringPoller;
  readonly #onReadable: () => void;
  #ended = false;

  constructor(fd: number, poller: UringPoller, onReadable: () => void) {
    this.fd = fd;
    this.#poller = poller;
    this.#onReadable = onReadable;
  }

  /** Asks to be told when the descriptor is readable. Asked again while it still is, it is told again. */
  poll(): void {
    const { submissions } = this.#poller;
    submissions.poll(this.fd, POLLIN, 0, tagOf(this.fd, POLL), this.generation);
  }

  onReady(): void {
    this.#onReadable();
    if (!this.#ended) this.poll();
  }

  end(): void {
    this.#ended = true;
    this.#poller.submissions.cancel(tagOf(this.fd, POLL), this.generation);
    this.#poller.enterNow();
  }
}
