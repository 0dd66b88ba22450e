import { FrameError, FrameTooLongError } from '../errors.ts';
import type { Client } from './client.ts';
import type { CloseReason } from './close-reason.ts';
import type { Deadline } from './deadlines.ts';
import type { Member } from './groups.ts';
import type { Inbox, InboxSession } from './inbox.ts';
import type { Reply } from './reply.ts';
import type { EndedSession } from './session-host.ts';
import { DRAINING, ENDING, FINISHED, FLUSHING, OPEN, type SessionState } from './session-state.ts';

/** What ends with a session. */
export interface EndingSession<Frame> extends InboxSession<Frame>, EndedSession {
  readonly client: Client<unknown>;
  readonly inbox: Inbox<Frame>;
  readonly control: Member;
}

/** The state of a session, and the steps from one state to the next. */
export class Lifecycle implements SessionState {
  state = OPEN;
  reason: CloseReason = 'client';
  /** Whether the protocol has broken the conversation off. */
  aborted = false;
  /** Whether it ended within an answer, or before all was sent: what the client has is not whole. */
  cut = false;
  /** Written when the last answer is. */
  #finalReply: (() => Reply) | undefined;
  readonly #session: EndingSession<unknown>;

  constructor(session: EndingSession<unknown>) {
    this.#session = session;
  }

  get dispatches(): boolean {
    return this.state <= DRAINING;
  }

  get sends(): boolean {
    return this.state < FLUSHING;
  }

  /** Answers what has come, then ends. @returns whether the session was open */
  drain(): boolean {
    if (this.state !== OPEN) return false;
    this.#enter(DRAINING, 'drain', this.#session.handlers.farewell('drain'));
    return true;
  }

  /** Ends after the answers in progress. The first reason stands, but draining gives way to any other. */
  end(reason: CloseReason, finalReply?: () => Reply): void {
    if (this.dispatches) this.#enter(ENDING, reason, finalReply);
  }

  /** {@link end} with a farewell. */
  endWithFarewell(reason: CloseReason): void {
    this.end(reason, this.#session.handlers.farewell(reason));
  }

  /** A handler failed, or found that its frame is none: this conversation ends, and no other. Nothing follows half an answer. */
  replyFailed(error: unknown, halfWritten: boolean): void {
    const reason = reasonOf(error);
    if (halfWritten) this.cut = true;
    if (reason === 'error') this.#session.host.failed(this.#session.client, error);
    this.end(reason, halfWritten ? undefined : this.#session.handlers.error(error));
  }

  /** What the protocol does beside its replies failed. */
  failed(error: unknown): void {
    this.replyFailed(error, this.#session.outbox.halfWritten);
    this.#session.wake();
  }

  badFrame(error: unknown): void {
    this.replyFailed(error, false);
    this.#session.inbox.clear();
    this.#session.advance();
  }

  /** Ends without finishing the answers in progress; the farewell is sent unless one of them is half written. */
  expire(deadline: Deadline): void {
    const { handlers, inbox, outbox } = this.#session;
    if (deadline === 'write-timeout' || (deadline === 'max-session' && !this.sends)) this.finish(deadline);
    else if (this.sends) {
      if (outbox.halfWritten) this.cut = true;
      this.#enter(ENDING, deadline, outbox.halfWritten ? undefined : handlers.farewell(deadline));
      outbox.dropReplies();
      inbox.clear();
      this.#session.advance();
      this.#session.wake();
    }
    // What is written has its own deadline; a final reply that never comes has not.
    else if (!outbox.answered) this.finish(this.reason);
  }

  /** Moves on as far as nothing is left to wait for. */
  proceed(): void {
    if (this.state === OPEN) return;
    if (this.sends && this.#next() === FLUSHING) this.#flush();
    if (this.#next() === FINISHED) this.finish(this.reason);
  }

  abort(cause: unknown): void {
    if (this.state === FINISHED) return;
    if (cause !== undefined) this.#session.host.failed(this.#session.client, cause);
    this.aborted = true;
    this.finish('aborted');
  }

  /** Ends at once; what waits is not sent. @param begun whether the protocol knows of this conversation */
  finish(reason: CloseReason, begun = true): void {
    if (this.state === FINISHED) return;
    const session = this.#session;
    if (this.#next() !== FINISHED) this.cut = true;
    this.#enter(FINISHED, reason, undefined);
    session.outbox.clear();
    session.inbox.clear();
    session.deadlines.timers?.clear();
    session.host.groups.leaveAll(session.control);
    if (begun) session.handlers.close(reason);
    session.host.finished(session, reason);
    session.wake();
  }

  /** The state that follows from what is left to do. */
  #next(): number {
    const { inbox, outbox } = this.#session;
    switch (this.state) {
      case DRAINING:
        return inbox.length === 0 && outbox.answered ? FLUSHING : DRAINING;
      case ENDING:
        return outbox.answered ? FLUSHING : ENDING;
      case FLUSHING:
        return outbox.answered && outbox.length === 0 ? FINISHED : FLUSHING;
      default:
        return this.state;
    }
  }

  #flush(): void {
    const { handlers, outbox, deadlines } = this.#session;
    const finalReply = this.#finalReply;
    this.#enter(FLUSHING, this.reason, undefined);
    // Nothing is sent behind the final reply.
    deadlines.timers?.clear();
    if (finalReply !== undefined) handlers.call(finalReply, true);
    outbox.pull();
  }

  #enter(state: number, reason: CloseReason, finalReply: (() => Reply) | undefined): void {
    this.state = state;
    this.reason = reason;
    this.#finalReply = finalReply;
    this.#session.deadlines.frameSince = undefined;
  }
}

/** A frame that only its handler can tell to be none ends the conversation like one that the framing rejects. */
function reasonOf(error: unknown): 'frame-too-long' | 'bad-frame' | 'error' {
  if (error instanceof FrameTooLongError) return 'frame-too-long';
  return error instanceof FrameError ? 'bad-frame' : 'error';
}
