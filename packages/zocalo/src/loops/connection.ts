import { constants } from 'node:os';
import { ReceiveBuffer } from '../session/receive-buffer.ts';
import { READ, RELEASED, type ReadNow, type SessionPort, WRITE } from '../session/session-port.ts';
import { readCached } from '../sys/files.ts';
import { errno } from '../sys/libc.ts';
import { unacknowledged } from '../sys/socket-options.ts';
import { receive, send, shutdownSending } from '../sys/sockets.ts';
import { BaseConnection, type ConnectionOwner } from './base-connection.ts';
import type { Resumable } from './dispatcher.ts';
import type { FdSocket } from './fd-socket.ts';
import { type DescriptorOwner, RECEIVE_BUFFER_SIZE, SEND_BUDGET } from './loop.ts';
import { EDGE_TRIGGERED, FAILED, PEER_FINISHED, READABLE, URGENT, WRITABLE } from './poller.ts';
import type { ReadinessDispatcher, ReadinessHandler } from './readiness-dispatcher.ts';

const { EAGAIN, EINTR } = constants.errno;

/** The events after which a short receive does not mean that the socket is empty: the end may follow, or a byte out of band. */
const INCONCLUSIVE_EVENTS = FAILED | PEER_FINISHED | URGENT;

/** One buffer serves all connections of a thread. */
const receiveBuffer = new ReceiveBuffer(RECEIVE_BUFFER_SIZE);
/** Holds parts of files between the file and a socket; nothing stays in it. Allocated when the first is sent. */
let fileBuffer: Buffer | undefined;

/** What a connection needs of its loop. */
interface ReadinessConnectionOwner extends ConnectionOwner {
  readonly dispatcher: ReadinessDispatcher;
}

/** One adopted socket: moves bytes between a descriptor and its session whenever the descriptor is ready. */
export class Connection extends BaseConnection implements ReadinessHandler, Resumable {
  generation = 0;
  readonly fd: number;
  readonly #descriptorOwner: DescriptorOwner;
  readonly owner: ReadinessConnectionOwner;
  /** What it is watched for when it is to be read. */
  readonly #readInterest: number;
  #interest: number;
  /** The events after which there may be more to receive, of which no further event will come; 0 when there are none. */
  #moreEvents = 0;
  #woken = false;
  #closed = false;

  constructor(socket: FdSocket, session: SessionPort, owner: ReadinessConnectionOwner) {
    super(session);
    this.fd = socket.fd;
    this.#descriptorOwner = socket.owner;
    this.#readInterest = socket.isUnix ? READABLE : READABLE | EDGE_TRIGGERED;
    this.#interest = this.#readInterest;
    this.owner = owner;
  }

  onReady(events: number): void {
    if (this.lingering) this.#discardInput(events);
    else if (this.#interest & READABLE) {
      if (events & (READABLE | FAILED)) this.#receive(events);
      else this.advance();
    } else {
      if (events & FAILED) this.break();
      this.advance();
    }
  }

  /** Receives once, ready or not. */
  receiveAvailable(): void {
    if (!this.#closed) this.onReady(READABLE);
  }

  unacknowledged(): number {
    return unacknowledged(this.fd);
  }

  get readNow(): ReadNow {
    return readCached;
  }

  wake(): void {
    if (this.#woken || this.#closed) return;
    this.#woken = true;
    this.owner.dispatcher.wake(this);
  }

  resume(): void {
    this.#woken = false;
    if (this.#closed) return;
    const events = this.#moreEvents;
    this.#moreEvents = 0;
    if (this.lingering) {
      if (events !== 0) this.#discardInput(events);
      return;
    }
    if (!this.session.finished) this.session.resume();
    if (events !== 0 && this.#interest & READABLE && !this.session.finished) this.#receive(events);
    else this.advance();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.owner.dispatcher.unwatch(this);
    this.#descriptorOwner.release(this.fd);
    this.owner.onClosed(this);
  }

  protected override get destroyed(): boolean {
    return this.#closed;
  }

  protected override register(): void {
    this.owner.dispatcher.watch(this, this.#interest);
  }

  protected override advance(): void {
    if (this.#closed) return;
    this.#send();
    if (this.session.finished) this.close();
    else this.#watchFor(this.session.interest);
  }

  protected override shutdown(): void {
    shutdownSending(this.fd);
    this.#watchFor(READ);
  }

  #receive(events: number): void {
    const { free } = receiveBuffer;
    const count = receive(this.fd, free, RECEIVE_BUFFER_SIZE);
    let shared = false;
    if (count > 0) {
      this.#receiveMoreLater(count, events);
      shared = this.session.receive(free, count);
    } else if (count === 0) this.session.receiveEnd();
    else if (events & FAILED || !isTransient(errno())) this.break();
    this.advance();
    if (shared && this.session.keeps !== RELEASED) receiveBuffer.detach(count);
  }

  /**
   * A receive of less than there was room for means that there was no more (epoll(7)), unless it stopped at something behind the bytes. In a
   * Unix socket that may be anything, such as a descriptor (unix(7)), and no event shows it; so a Unix socket is watched level-triggered.
   */
  #receiveMoreLater(count: number, events: number): void {
    if (count < RECEIVE_BUFFER_SIZE && (events & INCONCLUSIVE_EVENTS) === 0) return;
    if (this.#readInterest === READABLE || !this.owner.dispatcher.edgeTriggered) return;
    this.#moreEvents = events;
    this.wake();
  }

  #send(): void {
    const session = this.session;
    for (let budget = SEND_BUDGET; budget > 0; ) {
      const fromFile = this.#sendFromFile(budget);
      if (fromFile < 0) return;
      budget -= fromFile;
      if (fromFile > 0) continue;
      const bytes = session.outgoing();
      if (bytes === undefined) return;
      // A piece that fits whole into a turn waits for the next one rather than being cut: a file comes in such pieces.
      if (bytes.length > budget && budget < SEND_BUDGET) return;
      const length = Math.min(bytes.length, SEND_BUDGET);
      const count = send(this.fd, bytes, length);
      if (count < 0) {
        if (!isTransient(errno())) this.break();
        return;
      }
      session.sent(count);
      if (count < length) return;
      budget -= count;
    }
  }

  /**
   * Sends a part of a file if it is in memory. Otherwise the session reads it elsewhere, and the kernel reads ahead. It is copied, and
   * not sent by sendfile(2): that passes on the pages of the file themselves, and the kernel zeroes those behind the new end when the file
   * is truncated before they are received.
   * @returns how many bytes it sent; 0 if there is nothing to send from a file, or its bytes are to be sent instead, which also shows what
   *   is wrong with a file; -1 if the socket takes no more
   */
  #sendFromFile(maxBytes: number): number {
    const part = this.session.outgoingFile?.();
    if (part === undefined) return 0;
    fileBuffer ??= Buffer.allocUnsafeSlow(SEND_BUDGET);
    const length = readCached(part.fd, fileBuffer, Math.min(part.length, maxBytes), part.offset);
    if (length <= 0) return 0;
    const count = send(this.fd, fileBuffer, length);
    if (count < 0) return isTransient(errno()) ? -1 : 0;
    this.session.sent(count);
    return count < length ? -1 : count;
  }

  #watchFor(sessionInterest: number): void {
    const interest =
      (sessionInterest & READ ? this.#readInterest : 0) | (sessionInterest & WRITE ? WRITABLE : 0);
    if (interest === this.#interest) return;
    this.#interest = interest;
    this.owner.dispatcher.change(this, interest);
  }

  /** Reads and discards, so that closing sends no reset. */
  #discardInput(events: number): void {
    const count = receive(this.fd, receiveBuffer.free, RECEIVE_BUFFER_SIZE);
    if (count > 0) this.#receiveMoreLater(count, events);
    else if (count === 0 || !isTransient(errno())) this.destroy();
  }
}

function isTransient(number: number): boolean {
  return number === EAGAIN || number === EINTR;
}
