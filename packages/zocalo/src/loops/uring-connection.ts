import { READ, RELEASED, type ReadNow, type SessionPort, UNTIL_ANSWERED } from '../session/session-port.ts';
import { readCached } from '../sys/files.ts';
import { unacknowledged } from '../sys/socket-options.ts';
import { setBlocking, shutdownSending } from '../sys/sockets.ts';
import type { ConnectionOwner } from './base-connection.ts';
import type { Resumable } from './dispatcher.ts';
import type { FdSocket } from './fd-socket.ts';
import { type DescriptorOwner, RECEIVE_BUFFER_SIZE, SEND_BUDGET } from './loop.ts';
import type { Operation, SharedRing } from './shared-ring.ts';
import type { UringDispatcher } from './uring-dispatcher.ts';
import { InputQueue } from './uring-input-queue.ts';
import type { UringReceiveBuffers } from './uring-receive-buffers.ts';
import { UringRequests } from './uring-requests.ts';

/** What a connection needs of its loop. */
export interface UringConnectionOwner extends ConnectionOwner {
  readonly dispatcher: UringDispatcher;
  readonly ring: SharedRing;
}

/** The part of a buffer that a session reads until it has answered. */
type LentBuffer = { readonly buffers: UringReceiveBuffers; readonly number: number; readonly length: number };

/**
 * One adopted socket: keeps a receive under way while the session wants to read, and a send while it has something to send. The
 * descriptor is released only when nothing is under way any more.
 */
export class UringConnection extends UringRequests implements Resumable {
  readonly owner: UringConnectionOwner;
  readonly #descriptorOwner: DescriptorOwner;
  /** In which turn the session last received. */
  #turn = -1;
  #input: InputQueue | undefined;
  #lent: LentBuffer | undefined;
  #woken = false;
  /** Whether it will be resumed. */
  #resumeQueued = false;
  #closing = false;
  #closed = false;

  constructor(socket: FdSocket, session: SessionPort, owner: UringConnectionOwner) {
    super(socket.fd, session, owner.ring);
    this.#descriptorOwner = socket.owner;
    this.owner = owner;
  }

  override onCompletion(operation: Operation, result: number, flags: number): void {
    super.onCompletion(operation, result, flags);
    this.advance();
  }

  unacknowledged(): number {
    return unacknowledged(this.fd);
  }

  get readNow(): ReadNow {
    return readCached;
  }

  wake(): void {
    this.#woken = true;
    this.#queueResume();
  }

  resume(): void {
    this.#resumeQueued = false;
    if (!this.#ended) {
      const woken = this.#woken;
      this.#woken = false;
      if (woken) this.session.resume();
      this.#receiveQueued();
    }
    this.advance();
  }

  /** Closes the descriptor as soon as nothing is under way. */
  destroy(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#input = undefined;
    this.owner.schedule(this, Number.POSITIVE_INFINITY);
    this.cancelAll();
    this.#closeIfIdle();
  }

  protected override get destroyed(): boolean {
    return this.#closing;
  }

  protected override register(): void {
    setBlocking(this.fd);
    this.owner.dispatcher.register(this);
    this.owner.ring.files.add(this.fd);
  }

  protected override shutdown(): void {
    shutdownSending(this.fd);
    this.#input = undefined;
    this.receive();
  }

  /** Whether the session must not be called any more. */
  get #ended(): boolean {
    return this.#closing || this.lingering || this.session.finished;
  }

  #closeIfIdle(): void {
    if (this.#closed || !this.idle) return;
    this.#closed = true;
    if (this.#lent !== undefined) this.#lent.buffers.detachLent(this.#lent.number, this.#lent.length);
    this.owner.dispatcher.unregister(this);
    this.owner.ring.files.remove(this.fd);
    this.#descriptorOwner.release(this.fd);
    this.owner.onClosed(this);
  }

  protected override onBytes(buffers: UringReceiveBuffers, number: number, length: number): void {
    const { turn } = this.owner.ring;
    const ended = this.#ended;
    const wanted = !ended && (this.session.interest & READ) !== 0;
    if (wanted && this.#input === undefined && this.#turn !== turn) {
      this.#turn = turn;
      if (this.session.receive(buffers.at(number), length) && this.session.keeps !== RELEASED) {
        this.#keepBuffer(buffers, number, length);
        return;
      }
    } else if (!ended) {
      this.#input ??= new InputQueue();
      this.#input.push(buffers.at(number), length);
      if (!wanted || this.#input.length > RECEIVE_BUFFER_SIZE) this.receiveSingly();
    }
    buffers.recycle(number);
  }

  /** Memory that is read only until the answer is sent comes back then, unless too many buffers are lent already. */
  #keepBuffer(buffers: UringReceiveBuffers, number: number, length: number): void {
    if (this.session.keeps === UNTIL_ANSWERED && this.#lent === undefined && buffers.lend())
      this.#lent = { buffers, number, length };
    else buffers.detach(number, length);
  }

  #recycleLent({ buffers, number }: LentBuffer): void {
    this.#lent = undefined;
    buffers.recycleLent(number);
  }

  /** What has come before the end, or before a failure, is received first; but a failure does not wait for a session that does not want to read. */
  protected override onEnd(): void {
    if (this.lingering) this.destroy();
    if (this.#ended) return;
    if (this.#input === undefined && this.session.interest & READ) this.session.receiveEnd();
    else {
      this.#input ??= new InputQueue();
      this.#input.ended = true;
    }
  }

  protected override onBroken(): void {
    if (this.lingering) this.destroy();
    if (this.#ended) return;
    if (this.#input !== undefined && this.session.interest & READ) this.#input.broken = true;
    else this.break();
  }

  protected override onSent(count: number): void {
    if (!this.#ended) this.session.sent(count);
  }

  /** Has the session receive queued input, as much as one receive brings, unless it has received in this turn. */
  #receiveQueued(): void {
    const input = this.#input;
    const { turn } = this.owner.ring;
    if (input === undefined || this.#turn === turn || !(this.session.interest & READ)) return;
    this.#turn = turn;
    const bytes = input.take();
    if (bytes === undefined || input.empty) this.#input = undefined;
    if (bytes !== undefined) this.session.receive(bytes, bytes.length);
    else if (input.broken) this.break();
    else this.session.receiveEnd();
  }

  protected override advance(): void {
    if (this.#closing) this.#closeIfIdle();
    else if (this.lingering) this.receive();
    else {
      if (this.#lent !== undefined && this.session.keeps === RELEASED) this.#recycleLent(this.#lent);
      if (!this.sending) this.#send();
      if (this.session.finished) this.close();
      else if (this.session.interest & READ) {
        if (this.#input === undefined) this.receive();
        else this.#queueResume();
      } else if (!this.receiving && !this.sending) this.watchForFailure();
    }
  }

  #send(): void {
    const bytes = this.session.outgoing();
    if (bytes !== undefined) this.send(bytes, Math.min(bytes.length, SEND_BUDGET));
  }

  #queueResume(): void {
    if (this.#resumeQueued || this.#closing) return;
    this.#resumeQueued = true;
    this.owner.dispatcher.wake(this);
  }
}
