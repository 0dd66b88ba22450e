import { Client, type ClientIdentity } from './client.ts';
import { ClientControl } from './client-control.ts';
import type { ClientTimers } from './client-timers.ts';
import { Deadlines, type TimedSession } from './deadlines.ts';
import { Handlers } from './handlers.ts';
import { Inbox } from './inbox.ts';
import { type EndingSession, Lifecycle } from './lifecycle.ts';
import { Outbox } from './outbox.ts';
import type { Protocol } from './protocol.ts';
import type { ReplyQueueOwner } from './reply-queue.ts';
import type { SessionHost, Tokens } from './session-host.ts';
import {
  type FilePart,
  FOR_EVER,
  READ,
  RELEASED,
  type ReadNow,
  type SessionPort,
  UNTIL_ANSWERED,
  type Waker,
  WRITE,
} from './session-port.ts';
import { FINISHED, FLUSHING, OPEN } from './session-state.ts';

/**
 * One client's conversation, without any I/O: bytes come in through {@link receive}, frames are answered in order, replies
 * are pulled as the output drains, and bytes go out through {@link outgoing}. Every loop drives the same session.
 */
export class Session<Frame, State>
  implements SessionPort, EndingSession<Frame>, TimedSession, ReplyQueueOwner
{
  readonly client: Client<State>;
  waker: Waker | undefined;
  bytesIn = 0;
  bytesOut = 0;
  readonly openedAt: number;

  readonly host: SessionHost;
  readonly lifecycle: Lifecycle;
  readonly deadlines: Deadlines;
  readonly outbox: Outbox;
  readonly inbox: Inbox<Frame>;
  readonly handlers: Handlers<Frame, State>;
  readonly control: ClientControl<Frame>;
  readonly #protocol: Protocol<Frame, State>;
  #advancing = false;

  constructor(
    protocol: Protocol<Frame, State>,
    identity: ClientIdentity,
    host: SessionHost,
    tokens?: Tokens,
  ) {
    this.#protocol = protocol;
    this.host = host;
    this.lifecycle = new Lifecycle(this);
    this.deadlines = new Deadlines(host, this);
    this.openedAt = this.deadlines.activeAt;
    this.outbox = new Outbox(this);
    this.control = new ClientControl(this);
    this.client = new Client(identity, host.server, undefined as State, this.control);
    this.handlers = new Handlers(protocol, this.client, this);
    this.inbox = new Inbox(this, protocol.concurrency ?? 1, tokens);
    this.inbox.useFraming(protocol.framing);
  }

  get messages(): number {
    return this.inbox.messages;
  }

  // What the loop calls.

  get finished(): boolean {
    return this.lifecycle.state === FINISHED;
  }

  get lingers(): boolean {
    return !this.inbox.ended && !this.lifecycle.aborted;
  }

  get interest(): number {
    if (this.finished) return 0;
    return (this.inbox.wantsMore ? READ : 0) | (this.outbox.hasOutgoing ? WRITE : 0);
  }

  get awaits(): boolean {
    return this.outbox.pendingSince() !== undefined;
  }

  /** A protocol that does not keep its frames may still need them for answers, which may be views of them. */
  get keeps(): number {
    if (this.#protocol.keepsFrames !== false) return FOR_EVER;
    return this.outbox.hasOutgoing || !this.outbox.answered ? UNTIL_ANSWERED : RELEASED;
  }

  open(): void {
    if (!this.handlers.open()) return;
    this.advance();
    this.inbox.detach();
  }

  receive(bytes: Buffer, length: number): boolean {
    this.bytesIn += length;
    this.host.traffic.bytesIn += length;
    this.deadlines.activeAt = this.host.clock.now;
    return this.lifecycle.state === OPEN && this.inbox.receive(bytes, length);
  }

  receiveEnd(): void {
    if (this.inbox.ended || this.finished) return;
    this.inbox.ended = true;
    if (this.#protocol.halfClose === false && this.lifecycle.state === OPEN) this.lifecycle.finish('client');
    else this.resume();
  }

  broken(): void {
    this.inbox.ended = true;
    this.lifecycle.finish('reset');
  }

  outgoing(): Uint8Array | undefined {
    if (!this.outbox.nextIsFile()) return this.#peek();
    const bytes = this.handlers.run(this.outbox.fileBytes, this.outbox);
    // A file that cannot be read ends the conversation.
    if (bytes === undefined) this.advance();
    return bytes;
  }

  /** Bytes that were taken away meanwhile cannot be sent, nor anything behind them. */
  #peek(): Uint8Array | undefined {
    try {
      return this.outbox.peek();
    } catch (error) {
      this.host.failed(this.client, error);
      this.lifecycle.finish('error');
      return undefined;
    }
  }

  outgoingFile(): FilePart | undefined {
    return this.outbox.nextIsFile() ? this.outbox.filePart() : undefined;
  }

  sent(count: number): void {
    const { inbox, outbox } = this;
    this.bytesOut += count;
    this.host.traffic.bytesOut += count;
    if (this.waker?.unacknowledged === undefined) this.deadlines.progressAt = this.host.clock.now;
    outbox.sent(count);
    if (outbox.answered && this.lifecycle.state === OPEN && inbox.length === 0 && !inbox.ended) return;
    this.advance();
    inbox.detach();
  }

  resume(): void {
    // A handler that drains the server runs inside a turn of its session, which still uses the receive buffer.
    if (this.#advancing) return;
    this.inbox.beginTurn();
    this.advance();
    this.inbox.detach();
  }

  tick(now: number): number {
    const passed = this.deadlines.passed(now);
    const { timers } = this.deadlines;
    if (passed !== undefined) this.handlers.run(() => this.lifecycle.expire(passed), undefined);
    else if (timers !== undefined) this.#runTimers(timers, now);
    return this.deadlines.schedule(now);
  }

  /** What a timer answers is sent like an unsolicited message: between answers. */
  #runTimers(timers: ClientTimers, now: number): void {
    for (let due = timers.takeDue(now); due !== undefined; due = timers.takeDue(now))
      this.handlers.call(due, false);
    this.resume();
  }

  drain(): void {
    if (!this.lifecycle.drain()) return;
    this.resume();
    this.wake();
  }

  stop(): void {
    this.lifecycle.finish('stopped');
  }

  // What its parts call.

  wake(): void {
    this.waker?.wake();
  }

  /** Calls from inside it (a handler that ends its client, say) find it on its way. */
  advance(): void {
    if (this.#advancing || this.lifecycle.state === FINISHED) return;
    this.#advancing = true;
    this.handlers.run(this.#work, this);
  }

  #work(): void {
    try {
      do this.outbox.pull();
      while (this.inbox.dispatches && this.inbox.dispatchOne());
      this.lifecycle.proceed();
    } finally {
      this.#advancing = false;
    }
  }

  get readNow(): ReadNow | undefined {
    return this.waker?.readNow;
  }

  replyReady(): void {
    // A client that has been waiting for its handler, or for a file, has not been slow.
    if (!this.outbox.hasOutgoing) this.deadlines.progressAt = this.host.clock.now;
    this.wake();
  }

  replyFailed(error: unknown, halfWritten: boolean): void {
    this.lifecycle.replyFailed(error, halfWritten);
  }

  // What its deadlines depend on.

  get flushing(): boolean {
    return this.lifecycle.state >= FLUSHING;
  }

  get hasOutgoing(): boolean {
    return this.outbox.hasOutgoing;
  }

  get idle(): boolean {
    const { inbox, outbox } = this;
    const begun = this.deadlines.frameSince !== undefined || outbox.hasPendingAnswer;
    return this.lifecycle.state === OPEN && !inbox.paused && !begun;
  }

  pendingSince(): number | undefined {
    return this.outbox.pendingSince();
  }

  acknowledged(): number | undefined {
    const waiting = this.waker?.unacknowledged?.();
    return waiting === undefined ? undefined : this.bytesOut - waiting;
  }
}
