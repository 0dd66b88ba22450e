import { constants } from 'node:os';
import {
  READ,
  RELEASED,
  type ReadNow,
  type SessionPort,
  type Waker,
  WRITE,
} from '../protocol/session-port.ts';
import { isCached, readCached, sendFile } from '../sys/files.ts';
import { errno } from '../sys/libc.ts';
import { receive, send, shutdownSending } from '../sys/sockets.ts';
import type { FdSocket } from './fd-socket.ts';
import { type DescriptorOwner, FILE_BYTES, LINGER_TIMEOUT, RECEIVE_SIZE, SEND_BUDGET } from './loop.ts';
import { CHANGES, FAILED, PEER_FINISHED, READABLE, WRITABLE } from './poller.ts';
import { ReceiveSpace } from './receive-space.ts';
import { WheelEntry } from './timer-wheel.ts';
import type { Resumable, Waiter, Watched } from './waiter.ts';

const { EAGAIN, EINTR } = constants.errno;

const READING = READABLE | CHANGES;

/** One serves all connections of a thread. */
const receiveSpace = new ReceiveSpace();

/** What a connection needs of its loop. */
export interface ConnectionOwner {
  readonly waiter: Waiter;
  schedule(connection: Connection, at: number): void;
  /** The session is over and the descriptor closed. */
  closed(connection: Connection): void;
}

/** One adopted socket: moves bytes between a descriptor and its session whenever the descriptor is ready. */
export class Connection extends WheelEntry implements Watched, Waker, Resumable {
  generation = 0;
  readonly session: SessionPort;
  readonly fd: number;
  readonly #descriptorOwner: DescriptorOwner;
  readonly owner: ConnectionOwner;
  #interest = READING;
  /** The events after which there may be more to receive, of which no more will be told; 0 when all has been. */
  #unread = 0;
  #woken = false;
  #broken = false;
  #awaits = false;
  #lingersUntil = 0;
  #closed = false;

  constructor(socket: FdSocket, session: SessionPort, owner: ConnectionOwner) {
    super();
    this.fd = socket.fd;
    this.#descriptorOwner = socket.owner;
    this.session = session;
    this.owner = owner;
    session.waker = this;
  }

  /** Watches the descriptor, and lets the session greet. */
  start(): void {
    const { waiter } = this.owner;
    waiter.watch(this, this.#interest);
    this.owner.schedule(this, this.session.tick(waiter.clock.now));
    this.session.open();
    this.#settle();
  }

  onReady(events: number): void {
    if (this.#lingersUntil > 0) this.#drainInput(events);
    else {
      if (this.#interest & READABLE) {
        if (events & (READABLE | FAILED)) this.#receive(events);
        else this.#settle();
      } else {
        if (events & FAILED) this.#break();
        this.#settle();
      }
    }
  }

  /** Receives once, ready or not. */
  catchUp(): void {
    if (!this.#closed) this.onReady(READABLE);
  }

  get readNow(): ReadNow {
    return readCached;
  }

  wake(): void {
    if (this.#woken || this.#closed) return;
    this.#woken = true;
    this.owner.waiter.wake(this);
  }

  resume(): void {
    this.#woken = false;
    if (this.#closed) return;
    const unread = this.#unread;
    this.#unread = 0;
    if (this.#lingersUntil > 0) {
      if (unread !== 0) this.#drainInput(unread);
      return;
    }
    if (!this.session.finished) this.session.resume();
    if (unread !== 0 && this.#interest & READABLE && !this.session.finished) this.#receive(unread);
    else this.#settle();
  }

  /** Its time on the wheel has come. */
  due(now: number): void {
    if (this.#lingersUntil > 0) {
      if (now >= this.#lingersUntil) this.destroy();
      else this.owner.schedule(this, this.#lingersUntil);
      return;
    }
    const next = this.session.tick(now);
    if (!this.session.finished) this.owner.schedule(this, next);
    this.#settle();
  }

  /** Breaks the conversation off. A socket that lingers, or has last words to send, goes on until its deadline. */
  stop(): void {
    if (this.#lingersUntil > 0) return;
    this.session.stop();
    if (this.session.finished) this.destroy();
  }

  /** Closes the descriptor at once. */
  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#awaits) this.#await(false);
    this.owner.waiter.unwatch(this);
    this.#descriptorOwner.release(this.fd);
    this.owner.closed(this);
  }

  /** Receives once and settles. */
  #receive(events: number): void {
    const { free } = receiveSpace;
    const count = receive(this.fd, free, RECEIVE_SIZE);
    let given = false;
    if (count > 0) {
      this.#noteUnread(count, events);
      given = this.session.receive(free, count);
    } else if (count === 0) this.session.receiveEnd();
    else if (events & FAILED || !isTransient(errno())) this.#break();
    this.#settle();
    if (given && this.session.keeps !== RELEASED) receiveSpace.keep(count);
  }

  /** Receiving less than there was room for means that there was no more (epoll(7)), unless what is behind it is the end. */
  #noteUnread(count: number, events: number): void {
    if (count < RECEIVE_SIZE && (events & (FAILED | PEER_FINISHED)) === 0) return;
    if (!this.owner.waiter.tellsChanges) return;
    this.#unread = events;
    this.wake();
  }

  #break(): void {
    this.#broken = true;
    this.session.broken();
  }

  /** Sends what the session has to send, then closes or waits as the session wants. */
  #settle(): void {
    if (this.#closed) return;
    this.#send();
    if (this.session.awaits !== this.#awaits) this.#await(!this.#awaits);
    if (this.session.finished) this.#close();
    else this.#watchFor(this.session.interest);
  }

  #await(awaits: boolean): void {
    this.#awaits = awaits;
    this.owner.waiter.awaiting += awaits ? 1 : -1;
  }

  #send(): void {
    const session = this.session;
    for (let budget = SEND_BUDGET; budget > 0; ) {
      const fromFile = this.#sendFromFile(budget * FILE_BYTES);
      if (fromFile < 0) return;
      budget -= Math.ceil(fromFile / FILE_BYTES);
      if (fromFile > 0) continue;
      const bytes = session.outgoing();
      if (bytes === undefined) return;
      // A piece that fits whole into a turn waits for the next one rather than being cut: a file comes in such pieces.
      if (bytes.length > budget && budget < SEND_BUDGET) return;
      const length = Math.min(bytes.length, SEND_BUDGET);
      const count = send(this.fd, bytes, length);
      if (count < 0) {
        if (!isTransient(errno())) this.#break();
        return;
      }
      session.sent(count);
      if (count < length) return;
      budget -= count;
    }
  }

  /**
   * Sends what is a part of a file from there, if it is in memory. Otherwise the session reads it elsewhere, and the kernel reads ahead.
   * @returns how much it sent; 0 if there is nothing to send from a file, or its bytes are to be sent instead, which also tells what is
   *   wrong with a file; -1 if the socket takes no more
   */
  #sendFromFile(most: number): number {
    const part = this.session.outgoingFile?.();
    if (part === undefined) return 0;
    const length = Math.min(part.length, most);
    if (!isCached(part.fd, part.offset, length)) return 0;
    const count = sendFile(this.fd, part.fd, part.offset, length);
    if (count < 0) return isTransient(errno()) ? -1 : 0;
    this.session.sent(count);
    return count < length ? -1 : count;
  }

  #watchFor(sessionInterest: number): void {
    const interest = (sessionInterest & READ ? READING : 0) | (sessionInterest & WRITE ? WRITABLE : 0);
    if (interest === this.#interest) return;
    this.#interest = interest;
    this.owner.waiter.change(this, interest);
  }

  #close(): void {
    if (this.#broken || !this.session.lingers) {
      this.destroy();
      return;
    }
    shutdownSending(this.fd);
    const until = this.owner.waiter.clock.now + LINGER_TIMEOUT;
    this.#lingersUntil = until;
    this.owner.schedule(this, until);
    this.#watchFor(READ);
  }

  /** Throws away what still comes, so that closing sends no reset. */
  #drainInput(events: number): void {
    const count = receive(this.fd, receiveSpace.free, RECEIVE_SIZE);
    if (count > 0) this.#noteUnread(count, events);
    else if (count === 0 || (count < 0 && !isTransient(errno()))) this.destroy();
  }
}

function isTransient(number: number): boolean {
  return number === EAGAIN || number === EINTR;
}
