import { constants } from 'node:os';
import type { SessionPort } from '../session/session-port.ts';
import {
  IORING_CQE_BUFFER_SHIFT,
  IORING_CQE_F_MORE,
  IORING_CQE_F_SOCK_NONEMPTY,
  IORING_POLL_ADD_MULTI,
  IORING_RECV_MULTISHOT,
  IORING_RECVSEND_POLL_FIRST,
} from '../sys/io-uring-abi.ts';
import { addressOf } from '../sys/memory-address.ts';
import { POLLERR, POLLHUP } from '../sys/poll.ts';
import { BaseConnection } from './base-connection.ts';
import { type Operation, POLL, RECEIVE, SEND, type SharedRing, tagOf } from './shared-ring.ts';
import type { CompletionHandler } from './uring-dispatcher.ts';
import type { UringReceiveBuffers } from './uring-receive-buffers.ts';

const { EAGAIN, ECANCELED, EINTR, ENOBUFS } = constants.errno;
/** How a connection receives. */
const IDLE = 0;
const QUEUED = 1;
const SINGLE = 2;
const MULTISHOT = 3;
/** After this many short receives a client is no longer treated as streaming. */
const SHORT_RECEIVES_TO_LEAVE_STREAMING = 16;

/**
 * The operations that one socket has under way in the ring: a receive, a send, and a poll for failures. Most clients send little at a time
 * and wait for an answer: their data is received into small buffers, many times with one submission. A client that fills such a buffer, or
 * sends what is not wanted yet, is treated as streaming: it is received from once a turn, into large buffers, and only what is wanted.
 */
export abstract class UringRequests extends BaseConnection implements CompletionHandler {
  generation = 0;
  readonly fd: number;
  readonly #ring: SharedRing;
  #receiving = IDLE;
  /** Above zero for a streaming client: how many short receives until it is not one. */
  #shortReceivesLeft = 0;
  /** Whether the last receive has, or may have, left something in the socket. */
  #mayHaveMore = true;
  /** What the kernel is sending; it must not be collected meanwhile. */
  #sending: Uint8Array | undefined;
  #watchesForFailure = false;

  constructor(fd: number, session: SessionPort, ring: SharedRing) {
    super(session);
    this.fd = fd;
    this.#ring = ring;
  }

  onCompletion(operation: Operation, result: number, flags: number): void {
    if (operation === RECEIVE) this.#received(result, flags);
    else if (operation === SEND) {
      this.#sending = undefined;
      if (result >= 0) this.onSent(result);
      else if (!isTransient(-result)) this.onBroken();
    } else {
      if ((flags & IORING_CQE_F_MORE) === 0) this.#watchesForFailure = false;
      // While it receives, the receive reports the failure itself, after the bytes that came before.
      if (result > 0 && result & (POLLERR | POLLHUP) && this.#receiving === IDLE) this.onBroken();
    }
  }

  /** The first `length` bytes of a buffer have come. */
  protected abstract onBytes(buffers: UringReceiveBuffers, number: number, length: number): void;
  /** The other side has finished. */
  protected abstract onEnd(): void;
  protected abstract onBroken(): void;
  protected abstract onSent(count: number): void;

  protected get receiving(): boolean {
    return this.#receiving !== IDLE;
  }

  protected get sending(): boolean {
    return this.#sending !== undefined;
  }

  /** Whether nothing is under way, so that the descriptor can be closed. */
  protected get idle(): boolean {
    return this.#receiving === IDLE && this.#sending === undefined && !this.#watchesForFailure;
  }

  /** Begins to receive, unless it does already. */
  protected receive(): void {
    if (this.#receiving !== IDLE) return;
    if (this.#shortReceivesLeft === 0) {
      this.#receiving = MULTISHOT;
      this.#submitReceive(this.#ring.small, IORING_RECV_MULTISHOT);
    } else {
      this.#receiving = this.#mayHaveMore ? QUEUED : SINGLE;
      if (this.#mayHaveMore) this.#ring.queueReceive(this);
      else this.#submitReceive(this.#ring.large, IORING_RECVSEND_POLL_FIRST);
    }
  }

  /** A queued receive is due, which does not have to wait for bytes. */
  receiveNow(): void {
    if (this.#receiving !== QUEUED) return;
    this.#receiving = SINGLE;
    this.#submitReceive(this.#ring.large, 0);
  }

  /** Receives from now on only once for each {@link receive}. What has come by now still comes. */
  protected receiveSingly(): void {
    if (this.#receiving === MULTISHOT && this.#shortReceivesLeft === 0) this.#cancel(RECEIVE);
    this.#shortReceivesLeft = SHORT_RECEIVES_TO_LEAVE_STREAMING;
    this.#mayHaveMore = true;
  }

  /** Sends the first `length` bytes, or some of them. */
  protected send(bytes: Uint8Array, length: number): void {
    this.#sending = bytes;
    this.#ring.submissions.send(this.fd, addressOf(bytes), length, tagOf(this.fd, SEND), this.generation);
  }

  /** Watches for a failure while it does not receive, from then on for as long as the socket is open. */
  protected watchForFailure(): void {
    if (this.#watchesForFailure) return;
    this.#watchesForFailure = true;
    const tag = tagOf(this.fd, POLL);
    this.#ring.submissions.poll(this.fd, 0, IORING_POLL_ADD_MULTI, tag, this.generation);
  }

  /** Ends all that is under way; each still completes. */
  protected cancelAll(): void {
    if (this.#receiving === QUEUED) this.#receiving = IDLE;
    if (this.#receiving !== IDLE) this.#cancel(RECEIVE);
    if (this.#sending !== undefined) this.#cancel(SEND);
    if (this.#watchesForFailure) this.#cancel(POLL);
  }

  #received(result: number, flags: number): void {
    const buffers = this.#receiving === MULTISHOT ? this.#ring.small : this.#ring.large;
    if ((flags & IORING_CQE_F_MORE) === 0) this.#receiving = IDLE;
    if (result > 0) {
      this.#adapt(result, flags);
      this.onBytes(buffers, flags >>> IORING_CQE_BUFFER_SHIFT, result);
    } else if (result === 0) this.onEnd();
    else if (result === -ENOBUFS) this.#mayHaveMore = true;
    else if (!isTransient(-result)) this.onBroken();
  }

  #adapt(length: number, flags: number): void {
    const { small } = this.#ring;
    this.#mayHaveMore = (flags & IORING_CQE_F_SOCK_NONEMPTY) !== 0;
    if (length >= small.size) this.receiveSingly();
    else if (this.#shortReceivesLeft > 0) this.#shortReceivesLeft--;
  }

  #submitReceive(buffers: UringReceiveBuffers, options: number): void {
    const tag = tagOf(this.fd, RECEIVE);
    this.#ring.submissions.receive(this.fd, buffers.group, options, tag, this.generation);
  }

  #cancel(operation: Operation): void {
    this.#ring.submissions.cancel(tagOf(this.fd, operation), this.generation);
  }
}

function isTransient(number: number): boolean {
  return number === EAGAIN || number === EINTR || number === ECANCELED || number === ENOBUFS;
}
