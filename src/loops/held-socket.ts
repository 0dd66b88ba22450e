import { peek, send } from '../sys/sockets.ts';
import type { FdSocket } from './fd-socket.ts';
import type { Held } from './loop.ts';
import { FAILED, PEER_FINISHED } from './poller.ts';
import type { Waiter, Watched } from './waiter.ts';

const oneByte = Buffer.alloc(1);

/** A descriptor whose client waits in line: nothing is read from it, but its hanging up is noticed. */
export class HeldSocket implements Held<FdSocket>, Watched {
  generation = 0;
  readonly #socket: FdSocket;
  readonly #waiter: Waiter;
  readonly #onLeft: () => void;

  constructor(socket: FdSocket, waiter: Waiter, onLeft: () => void) {
    this.#socket = socket;
    this.#waiter = waiter;
    this.#onLeft = onLeft;
    waiter.watch(this, PEER_FINISHED);
  }

  get fd(): number {
    return this.#socket.fd;
  }

  onReady(events: number): void {
    // Whoever sent a question and finished may still wait for the answer; whoever finished without a word has left.
    if ((events & FAILED) === 0 && peek(this.fd, oneByte) > 0) this.#waiter.change(this, 0);
    else {
      this.take().close();
      this.#onLeft();
    }
  }

  say(words: string | Uint8Array): void {
    const bytes = typeof words === 'string' ? Buffer.from(words) : words;
    send(this.fd, bytes, bytes.length);
  }

  take(): FdSocket {
    this.#waiter.unwatch(this);
    return this.#socket;
  }
}
