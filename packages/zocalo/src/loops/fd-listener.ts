import { constants } from 'node:os';
import { errno, lastError } from '../sys/libc.ts';
import { accept, acceptedAddress } from '../sys/sockets.ts';
import { EXHAUSTION_ERRORS, ListeningSocket } from './listening-socket.ts';
import { ACCEPT_BUDGET, type ListenerEvents, type ListenOptions, type ListenTarget } from './loop.ts';
import { READABLE } from './poller.ts';
import type { ReadinessDispatcher, ReadinessHandler } from './readiness-dispatcher.ts';

const { EAGAIN } = constants.errno;

/** A listening descriptor, watched like any other. */
export class FdListener extends ListeningSocket implements ReadinessHandler {
  generation = 0;
  readonly #dispatcher: ReadinessDispatcher;

  /** @throws ListenError when the address cannot be listened on */
  constructor(
    target: ListenTarget,
    options: ListenOptions,
    dispatcher: ReadinessDispatcher,
    events: ListenerEvents,
  ) {
    super(target, options, events);
    this.#dispatcher = dispatcher;
    dispatcher.watch(this, READABLE);
  }

  onReady(): void {
    for (let i = 0; i < ACCEPT_BUDGET && this.accepting; i++) {
      const fd = accept(this.fd);
      if (fd < 0) {
        const number = errno();
        if (number === EAGAIN) return;
        if (EXHAUSTION_ERRORS.has(number)) {
          this.onExhausted(lastError('accept'));
          return;
        }
        // What accept(2) reports of one connection that failed before it was accepted: the next one may be fine.
        continue;
      }
      this.accepted(fd, acceptedAddress());
    }
  }

  protected override update(): void {
    this.#dispatcher.change(this, this.accepting ? READABLE : 0);
  }

  protected override unwatch(): void {
    this.#dispatcher.unwatch(this);
  }
}
