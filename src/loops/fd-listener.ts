import { constants } from 'node:os';
import { errno, lastError } from '../sys/libc.ts';
import { accept, acceptedAddress } from '../sys/sockets.ts';
import type { FdSocket } from './fd-socket.ts';
import { EXHAUSTION, ListeningSocket } from './listening-socket.ts';
import { ACCEPT_BUDGET, type ListenerEvents, type ListenTarget } from './loop.ts';
import { READABLE } from './poller.ts';
import type { Waiter, Watched } from './waiter.ts';

const { EAGAIN } = constants.errno;

/** A listening descriptor, watched by a reactor like any other. */
export class FdListener extends ListeningSocket implements Watched {
  generation = 0;
  readonly #waiter: Waiter;

  /** @throws ListenError when the address cannot be listened on */
  constructor(target: ListenTarget, backlog: number, waiter: Waiter, events: ListenerEvents<FdSocket>) {
    super(target, backlog, events);
    this.#waiter = waiter;
    waiter.watch(this, READABLE);
  }

  onReady(): void {
    for (let i = 0; i < ACCEPT_BUDGET && this.accepting; i++) {
      const fd = accept(this.fd);
      if (fd < 0) {
        const number = errno();
        if (number === EAGAIN) return;
        if (EXHAUSTION.has(number)) {
          this.exhausted(lastError('accept'));
          return;
        }
        // What accept(2) reports of one connection that failed before it was accepted: the next one may be fine.
        continue;
      }
      this.accepted(fd, acceptedAddress());
    }
  }

  protected override update(): void {
    this.#waiter.change(this, this.accepting ? READABLE : 0);
  }

  protected override unwatch(): void {
    this.#waiter.unwatch(this);
  }
}
