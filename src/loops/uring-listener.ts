import { SystemCallError } from '../errors.ts';
import { letWait } from '../sys/blocking-mode.ts';
import { errnoName } from '../sys/libc.ts';
import { addressOf } from '../sys/memory-address.ts';
import { POLLIN } from '../sys/poll.ts';
import { decodeSocketAddress, SOCKADDR_LENGTH } from '../sys/socket-address.ts';
import { close } from '../sys/sockets.ts';
import type { FdSocket } from './fd-socket.ts';
import { EXHAUSTION, ListeningSocket } from './listening-socket.ts';
import type { ListenerEvents, ListenTarget } from './loop.ts';
import { ACCEPT, POLL, tagOf, type UringPoller } from './uring-poller.ts';
import type { Waiter, Watched } from './waiter.ts';

/** What a listener has under way in the ring, if it is not ACCEPT or POLL. */
const NOTHING = 0;

/**
 * A listening descriptor with one accept under way in the ring. Not with one that is submitted once and accepts for ever: whoever
 * pauses wants the next connection to stay in the kernel.
 */
export class UringListener extends ListeningSocket implements Watched {
  generation = 0;
  readonly #waiter: Waiter;
  readonly #poller: UringPoller;
  /** Where the kernel writes who has come: an address, and behind it its length. */
  readonly #remote = Buffer.alloc(SOCKADDR_LENGTH + 4);
  #pending = NOTHING;
  /** Whether an accept has failed for want of a descriptor, which the kernel looks for before anybody has come. */
  #doubtful = false;
  /** Whether somebody was there when the accept was submitted. */
  #somebody = false;
  /** A connection that was accepted before a pause took effect. */
  #early = -1;

  /** @throws ListenError when the address cannot be listened on */
  constructor(
    target: ListenTarget,
    backlog: number,
    waiter: Waiter,
    poller: UringPoller,
    events: ListenerEvents<FdSocket>,
  ) {
    super(target, backlog, events);
    this.#waiter = waiter;
    this.#poller = poller;
    letWait(this.fd);
    waiter.watch(this, 0);
    this.update();
  }

  onReady(completion: number): void {
    const result = this.#poller.ring.result(completion);
    const pending = this.#pending;
    this.#pending = NOTHING;
    if (pending === POLL) {
      this.#somebody = result >= 0;
      this.#doubtful = false;
    } else if (result >= 0) this.#early = result;
    else if (EXHAUSTION.has(-result)) this.#onExhausted(-result);
    // Any other failure is that of one connection, or a cancellation.
    this.update();
  }

  protected override update(): void {
    if (this.accepting) {
      if (this.#early >= 0) this.#handOver();
      else if (this.#pending === NOTHING) this.#submit();
    } else if (this.#pending !== NOTHING) this.#cancel();
  }

  /** A request that is under way keeps the socket open, and the address in use; so it is ended first. */
  protected override unwatch(): void {
    if (this.#pending !== NOTHING) {
      this.#cancel();
      this.#poller.enterNow();
      const result = this.#poller.resultOf(tagOf(this.fd, this.#pending), this.generation);
      if (this.#pending === ACCEPT && result !== undefined) this.#early = result;
      this.#pending = NOTHING;
    }
    if (this.#early >= 0) close(this.#early);
    this.#early = -1;
    this.#waiter.unwatch(this);
  }

  #submit(): void {
    const { submissions } = this.#poller;
    this.#pending = this.#doubtful ? POLL : ACCEPT;
    const tag = tagOf(this.fd, this.#pending);
    if (this.#doubtful) submissions.poll(this.fd, POLLIN, 0, tag, this.generation);
    else {
      this.#remote.writeUInt32LE(SOCKADDR_LENGTH, SOCKADDR_LENGTH);
      const address = addressOf(this.#remote);
      submissions.accept(this.fd, address, address + SOCKADDR_LENGTH, tag, this.generation);
    }
  }

  #cancel(): void {
    this.#poller.submissions.cancel(tagOf(this.fd, this.#pending), this.generation);
  }

  /** The address is read before the next accept, which would write over it. */
  #handOver(): void {
    const fd = this.#early;
    this.#early = -1;
    this.#somebody = false;
    try {
      this.accepted(fd, decodeSocketAddress(this.#remote, this.#remote.readUInt32LE(SOCKADDR_LENGTH)));
    } finally {
      this.update();
    }
  }

  #onExhausted(number: number): void {
    const real = this.#somebody;
    this.#somebody = false;
    this.#doubtful = true;
    if (real) this.exhausted(new SystemCallError('accept', errnoName(number), number));
  }
}
