import {
  READ,
  RELEASED,
  type ReadNow,
  type SessionPort,
  UNTIL_ANSWERED,
  type Waker,
} from '../protocol/session-port.ts';
import { letWait } from '../sys/blocking-mode.ts';
import { readCached } from '../sys/files.ts';
import { shutdownSending } from '../sys/sockets.ts';
import type { FdSocket } from './fd-socket.ts';
import { type DescriptorOwner, LINGER_TIMEOUT, RECEIVE_SIZE, SEND_BUDGET } from './loop.ts';
import { KeptInput } from './uring-kept-input.ts';
import type { UringPoller } from './uring-poller.ts';
import type { UringReceiveBuffers } from './uring-receive-buffers.ts';
import { UringRequests } from './uring-requests.ts';
import type { Resumable, Waiter } from './waiter.ts';

/** What a connection needs of its loop. */
export interface UringOwner {
  readonly waiter: Waiter;
  readonly poller: UringPoller;
  schedule(connection: UringConnection, at: number): void;
  /** The session is over and the descriptor closed. */
  closed(connection: UringConnection): void;
}

/** The part of a buffer that a session looks at until it has answered. */
type Lent = { readonly buffers: UringReceiveBuffers; readonly number: number; readonly length: number };

/**
 * One adopted socket: keeps a receive under way while the session wants to read, and a send while it has something to send. The
 * descriptor is given up only when nothing is under way any more.
 */
export class UringConnection extends UringRequests implements Waker, Resumable {
  readonly session: SessionPort;
  readonly owner: UringOwner;
  readonly #descriptorOwner: DescriptorOwner;
  /** In which turn the session last received. */
  #turn = -1;
  #kept: KeptInput | undefined;
  #lent: Lent | undefined;
  #woken = false;
  /** Whether it will be resumed. */
  #queued = false;
  #broken = false;
  #awaits = false;
  #lingersUntil = 0;
  #closing = false;
  #closed = false;

  constructor(socket: FdSocket, session: SessionPort, owner: UringOwner) {
    super(socket.fd, owner.poller);
    this.#descriptorOwner = socket.owner;
    this.session = session;
    this.owner = owner;
    session.waker = this;
  }

  /** Begins to receive, and lets the session greet. */
  start(): void {
    const { waiter, poller } = this.owner;
    letWait(this.fd);
    waiter.watch(this, 0);
    poller.files.add(this.fd);
    this.owner.schedule(this, this.session.tick(waiter.clock.now));
    this.session.open();
    this.#settle();
  }

  override onReady(completion: number): void {
    super.onReady(completion);
    this.#settle();
  }

  get readNow(): ReadNow {
    return readCached;
  }

  wake(): void {
    this.#woken = true;
    this.#queue();
  }

  resume(): void {
    this.#queued = false;
    if (!this.#over) {
      const woken = this.#woken;
      this.#woken = false;
      if (woken) this.session.resume();
      this.#giveKept();
    }
    this.#settle();
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
    if (this.#closing || this.#lingersUntil > 0) return;
    this.session.stop();
    if (this.session.finished) this.destroy();
  }

  /** Closes the descriptor as soon as nothing is under way. */
  destroy(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#kept = undefined;
    if (this.#awaits) this.#await(false);
    this.owner.schedule(this, Number.POSITIVE_INFINITY);
    this.cancelAll();
    this.#closeIfQuiet();
  }

  /** Whether nothing must be called of the session any more. */
  get #over(): boolean {
    return this.#closing || this.#lingersUntil > 0 || this.session.finished;
  }

  #closeIfQuiet(): void {
    if (this.#closed || !this.quiet) return;
    this.#closed = true;
    if (this.#lent !== undefined) this.#lent.buffers.keepLent(this.#lent.number, this.#lent.length);
    this.owner.waiter.unwatch(this);
    this.owner.poller.files.remove(this.fd);
    this.#descriptorOwner.release(this.fd);
    this.owner.closed(this);
  }

  protected override onBytes(buffers: UringReceiveBuffers, number: number, length: number): void {
    const { turn } = this.owner.poller;
    const over = this.#over;
    const wanted = !over && (this.session.interest & READ) !== 0;
    if (wanted && this.#kept === undefined && this.#turn !== turn) {
      this.#turn = turn;
      if (this.session.receive(buffers.at(number), length) && this.session.keeps !== RELEASED) {
        this.#giveAway(buffers, number, length);
        return;
      }
    } else if (!over) {
      this.#kept ??= new KeptInput();
      this.#kept.push(buffers.at(number), length);
      if (!wanted || this.#kept.length > RECEIVE_SIZE) this.receiveOnce();
    }
    buffers.recycle(number);
  }

  /** What is looked at only until it is answered comes back when that is sent, unless too much of it is out already. */
  #giveAway(buffers: UringReceiveBuffers, number: number, length: number): void {
    if (this.session.keeps === UNTIL_ANSWERED && this.#lent === undefined && buffers.lend())
      this.#lent = { buffers, number, length };
    else buffers.keep(number, length);
  }

  #takeLentBack({ buffers, number }: Lent): void {
    this.#lent = undefined;
    buffers.recycleLent(number);
  }

  /** What has come before the end, or before a failure, is given first; but a failure does not wait for a session that waits. */
  protected override onEnd(): void {
    if (this.#lingersUntil > 0) this.destroy();
    if (this.#over) return;
    if (this.#kept === undefined && this.session.interest & READ) this.session.receiveEnd();
    else {
      this.#kept ??= new KeptInput();
      this.#kept.ended = true;
    }
  }

  protected override onBroken(): void {
    if (this.#lingersUntil > 0) this.destroy();
    if (this.#over) return;
    if (this.#kept !== undefined && this.session.interest & READ) this.#kept.broken = true;
    else this.#break();
  }

  protected override onSent(count: number): void {
    if (!this.#over) this.session.sent(count);
  }

  #break(): void {
    this.#broken = true;
    this.session.broken();
  }

  /** Gives the session what was kept, or some of it, unless it has received in this turn. */
  #giveKept(): void {
    const kept = this.#kept;
    const { turn } = this.owner.poller;
    if (kept === undefined || this.#turn === turn || !(this.session.interest & READ)) return;
    this.#turn = turn;
    const bytes = kept.take();
    if (bytes === undefined || kept.empty) this.#kept = undefined;
    if (bytes !== undefined) this.session.receive(bytes, bytes.length);
    else if (kept.broken) this.#break();
    else this.session.receiveEnd();
  }

  /** Sends what the session has to send, then receives, waits or closes as the session wants. */
  #settle(): void {
    if (this.#closing) this.#closeIfQuiet();
    else if (this.#lingersUntil > 0) this.receive();
    else {
      if (this.#lent !== undefined && this.session.keeps === RELEASED) this.#takeLentBack(this.#lent);
      if (!this.sending) this.#send();
      if (this.session.awaits !== this.#awaits) this.#await(!this.#awaits);
      if (this.session.finished) this.#close();
      else if (this.session.interest & READ) {
        if (this.#kept === undefined) this.receive();
        else this.#queue();
      } else if (!this.receiving && !this.sending) this.guard();
    }
  }

  #send(): void {
    const bytes = this.session.outgoing();
    if (bytes !== undefined) this.send(bytes, Math.min(bytes.length, SEND_BUDGET));
  }

  #await(awaits: boolean): void {
    this.#awaits = awaits;
    this.owner.waiter.awaiting += awaits ? 1 : -1;
  }

  #queue(): void {
    if (this.#queued || this.#closing) return;
    this.#queued = true;
    this.owner.waiter.wake(this);
  }

  #close(): void {
    if (this.#broken || !this.session.lingers) {
      this.destroy();
      return;
    }
    shutdownSending(this.fd);
    const until = this.owner.waiter.clock.now + LINGER_TIMEOUT;
    this.#lingersUntil = until;
    this.#kept = undefined;
    this.owner.schedule(this, until);
    this.receive();
  }
}
