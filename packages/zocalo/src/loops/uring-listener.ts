import { SystemCallError } from '../errors.ts';
import { errnoName } from '../sys/libc.ts';
import { addressOf } from '../sys/memory-address.ts';
import { POLLIN } from '../sys/poll.ts';
import { decodeSocketAddress, SOCKADDR_LENGTH } from '../sys/socket-address.ts';
import { close, setBlocking } from '../sys/sockets.ts';
import { EXHAUSTION_ERRORS, ListeningSocket } from './listening-socket.ts';
import type { ListenerEvents, ListenOptions, ListenTarget } from './loop.ts';
import { ACCEPT, type Operation, POLL, type SharedRing, tagOf } from './shared-ring.ts';
import type { CompletionHandler, UringDispatcher } from './uring-dispatcher.ts';

/**
 * A listening descriptor with one accept under way in the ring. It is not a multishot accept: while the
 * listener is paused, the next connection must stay in the kernel.
 */
export class UringListener extends ListeningSocket implements CompletionHandler {
  generation = 0;
  readonly #dispatcher: UringDispatcher;
  readonly #ring: SharedRing;
  /** Where the kernel writes the address of the client, and behind it the length of that. */
  readonly #remote = Buffer.alloc(SOCKADDR_LENGTH + 4);
  /** What is under way in the ring: an ACCEPT, or a POLL. */
  #operation: Operation | undefined;
  /** Whether an accept has failed for lack of a descriptor, which the kernel reserves before a connection has come. */
  #pollFirst = false;
  /** Whether a connection was pending when the accept was submitted. */
  #connectionPending = false;
  /** A connection that was accepted before a pause took effect. */
  #acceptedEarly = -1;

  /** @throws ListenError when the address cannot be listened on */
  constructor(
    target: ListenTarget,
    options: ListenOptions,
    dispatcher: UringDispatcher,
    ring: SharedRing,
    events: ListenerEvents,
  ) {
    super(target, options, events);
    this.#dispatcher = dispatcher;
    this.#ring = ring;
    setBlocking(this.fd);
    dispatcher.register(this);
    this.update();
  }

  onCompletion(operation: Operation, result: number): void {
    this.#operation = undefined;
    if (operation === POLL) {
      this.#connectionPending = result >= 0;
      this.#pollFirst = false;
    } else if (result >= 0) this.#acceptedEarly = result;
    else if (EXHAUSTION_ERRORS.has(-result)) this.#onExhausted(-result);
    // Any other failure is that of one connection, or a cancellation.
    this.update();
  }

  protected override update(): void {
    if (this.accepting) {
      if (this.#acceptedEarly >= 0) this.#handOver();
      else if (this.#operation === undefined) this.#submit();
    } else if (this.#operation !== undefined) this.#cancel(this.#operation);
  }

  /** A request that is under way keeps the socket open, and the address in use; so it is ended first. */
  protected override unwatch(): void {
    const operation = this.#operation;
    if (operation !== undefined) {
      this.#cancel(operation);
      this.#ring.enterNow();
      const result = this.#ring.resultOf(tagOf(this.fd, operation), this.generation);
      if (operation === ACCEPT && result !== undefined) this.#acceptedEarly = result;
      this.#operation = undefined;
    }
    if (this.#acceptedEarly >= 0) close(this.#acceptedEarly);
    this.#acceptedEarly = -1;
    this.#dispatcher.unregister(this);
  }

  #submit(): void {
    const { submissions } = this.#ring;
    const operation = this.#pollFirst ? POLL : ACCEPT;
    this.#operation = operation;
    const tag = tagOf(this.fd, operation);
    if (this.#pollFirst) submissions.poll(this.fd, POLLIN, 0, tag, this.generation);
    else {
      this.#remote.writeUInt32LE(SOCKADDR_LENGTH, SOCKADDR_LENGTH);
      const address = addressOf(this.#remote);
      submissions.accept(this.fd, address, address + SOCKADDR_LENGTH, tag, this.generation);
    }
  }

  #cancel(operation: Operation): void {
    this.#ring.submissions.cancel(tagOf(this.fd, operation), this.generation);
  }

  /** The address is read before the next accept, which would write over it. */
  #handOver(): void {
    const fd = this.#acceptedEarly;
    this.#acceptedEarly = -1;
    this.#connectionPending = false;
    try {
      this.accepted(fd, decodeSocketAddress(this.#remote, this.#remote.readUInt32LE(SOCKADDR_LENGTH)));
    } finally {
      this.update();
    }
  }

  #onExhausted(number: number): void {
    const real = this.#connectionPending;
    this.#connectionPending = false;
    this.#pollFirst = true;
    if (real) this.onExhausted(new SystemCallError('accept', errnoName(number), number));
  }
}
