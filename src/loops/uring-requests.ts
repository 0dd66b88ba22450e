import { constants } from 'node:os';
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
import { WheelEntry } from './timer-wheel.ts';
import { POLL, RECEIVE, SEND, tagOf, type UringPoller } from './uring-poller.ts';
import type { UringReceiveBuffers } from './uring-receive-buffers.ts';
import type { Watched } from './waiter.ts';

const { EAGAIN, ECANCELED, EINTR, ENOBUFS } = constants.errno;
/** How a connection receives at the moment. */
const NOT = 0;
const QUEUED = 1;
const ONCE = 2;
const MANY = 3;
/** After this many short receives a client is no longer taken for one that streams. */
const STREAM = 16;

/**
 * What one socket has under way in the ring: a receive, a send, and a poll for failures. Most clients send little at a time and wait
 * for an answer. They receive into small buffers, many times with one submission. A client that fills such a buffer, or sends what
 * is not wanted, is taken for one that streams: it receives once a turn, into large buffers, and only what is wanted.
 */
export abstract class UringRequests extends WheelEntry implements Watched {
  generation = 0;
  readonly fd: number;
  readonly #poller: UringPoller;
  #receiving = NOT;
  /** Above zero for a client that streams: how many short receives until it does not. */
  #streams = 0;
  /** Whether the last receive has left something in the socket, or may have. */
  #more = true;
  /** What the kernel is sending; it must not be collected meanwhile. */
  #sending: Uint8Array | undefined;
  #guarded = false;

  constructor(fd: number, poller: UringPoller) {
    super();
    this.fd = fd;
    this.#poller = poller;
  }

  onReady(completion: number): void {
    const { ring } = this.#poller;
    const result = ring.result(completion);
    const purpose = this.#poller.purpose(completion);
    if (purpose === RECEIVE) this.#received(result, ring.flags(completion));
    else if (purpose === SEND) {
      this.#sending = undefined;
      if (result >= 0) this.onSent(result);
      else if (!isTransient(-result)) this.onBroken();
    } else {
      if ((ring.flags(completion) & IORING_CQE_F_MORE) === 0) this.#guarded = false;
      // While it receives, the receive tells by itself, after the bytes that came before.
      if (result > 0 && result & (POLLERR | POLLHUP) && this.#receiving === NOT) this.onBroken();
    }
  }

  /** The first `length` bytes of a buffer have come. */
  protected abstract onBytes(buffers: UringReceiveBuffers, number: number, length: number): void;
  /** The other side has finished. */
  protected abstract onEnd(): void;
  protected abstract onBroken(): void;
  protected abstract onSent(count: number): void;

  protected get receiving(): boolean {
    return this.#receiving !== NOT;
  }

  protected get sending(): boolean {
    return this.#sending !== undefined;
  }

  /** Whether nothing is under way, so that the descriptor can be closed. */
  protected get quiet(): boolean {
    return this.#receiving === NOT && this.#sending === undefined && !this.#guarded;
  }

  /** Begins to receive, unless it does already. */
  protected receive(): void {
    if (this.#receiving !== NOT) return;
    if (this.#streams === 0) {
      this.#receiving = MANY;
      this.#submitReceive(this.#poller.small, IORING_RECV_MULTISHOT);
    } else {
      this.#receiving = this.#more ? QUEUED : ONCE;
      if (this.#more) this.#poller.queueReceive(this);
      else this.#submitReceive(this.#poller.large, IORING_RECVSEND_POLL_FIRST);
    }
  }

  /** The turn of a receive has come that does not have to wait for bytes. */
  receiveNow(): void {
    if (this.#receiving !== QUEUED) return;
    this.#receiving = ONCE;
    this.#submitReceive(this.#poller.large, 0);
  }

  /** Receives from now on only once for each {@link receive}. What has come by now still comes. */
  protected receiveOnce(): void {
    if (this.#receiving === MANY && this.#streams === 0) this.#cancel(RECEIVE);
    this.#streams = STREAM;
    this.#more = true;
  }

  /** Sends the first `length` bytes, or some of them. */
  protected send(bytes: Uint8Array, length: number): void {
    this.#sending = bytes;
    this.#poller.submissions.send(this.fd, addressOf(bytes), length, tagOf(this.fd, SEND), this.generation);
  }

  /** Asks to be told of a failure while it does not receive. Told once, it stays so for as long as the socket is open. */
  protected guard(): void {
    if (this.#guarded) return;
    this.#guarded = true;
    const tag = tagOf(this.fd, POLL);
    this.#poller.submissions.poll(this.fd, 0, IORING_POLL_ADD_MULTI, tag, this.generation);
  }

  /** Ends all that is under way; each still completes. */
  protected cancelAll(): void {
    if (this.#receiving === QUEUED) this.#receiving = NOT;
    if (this.#receiving !== NOT) this.#cancel(RECEIVE);
    if (this.#sending !== undefined) this.#cancel(SEND);
    if (this.#guarded) this.#cancel(POLL);
  }

  #received(result: number, flags: number): void {
    const buffers = this.#receiving === MANY ? this.#poller.small : this.#poller.large;
    if ((flags & IORING_CQE_F_MORE) === 0) this.#receiving = NOT;
    if (result > 0) {
      this.#learn(result, flags);
      this.onBytes(buffers, flags >>> IORING_CQE_BUFFER_SHIFT, result);
    } else if (result === 0) this.onEnd();
    else if (result === -ENOBUFS) this.#more = true;
    else if (!isTransient(-result)) this.onBroken();
  }

  #learn(length: number, flags: number): void {
    const { small } = this.#poller;
    this.#more = (flags & IORING_CQE_F_SOCK_NONEMPTY) !== 0;
    if (length >= small.size) this.receiveOnce();
    else if (this.#streams > 0) this.#streams--;
  }

  #submitReceive(buffers: UringReceiveBuffers, options: number): void {
    const tag = tagOf(this.fd, RECEIVE);
    this.#poller.submissions.receive(this.fd, buffers.group, options, tag, this.generation);
  }

  #cancel(purpose: number): void {
    this.#poller.submissions.cancel(tagOf(this.fd, purpose), this.generation);
  }
}

function isTransient(number: number): boolean {
  return number === EAGAIN || number === EINTR || number === ECANCELED || number === ENOBUFS;
}
