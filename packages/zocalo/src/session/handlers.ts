import { AsyncResource } from 'node:async_hooks';
import type { Client } from './client.ts';
import type { CloseReason } from './close-reason.ts';
import type { Outbox } from './outbox.ts';
import type { Protocol } from './protocol.ts';
import { isPromise, promised, type Reply } from './reply.ts';
import type { SessionHost } from './session-host.ts';
import { FINISHED, type SessionState } from './session-state.ts';

/** What handlers need of their session. */
export interface HandlersSession {
  readonly host: SessionHost;
  readonly lifecycle: SessionState;
  readonly outbox: Outbox;
}

/** Calls the handlers of a protocol for one client, in the async context of this client. A failure of theirs is one of this client alone. */
export class Handlers<Frame, State> {
  readonly #protocol: Protocol<Frame, State>;
  readonly #client: Client<State>;
  readonly #session: HandlersSession;
  /**
   * The async context of this client, which is that of its `open`: a turn of a loop runs in the context of whatever has caused it, which
   * is mostly another client's.
   */
  #context: AsyncResource;
  #abort: AbortController | undefined;

  constructor(protocol: Protocol<Frame, State>, client: Client<State>, session: HandlersSession) {
    this.#protocol = protocol;
    this.#client = client;
    this.#session = session;
    this.#context = session.host.context;
  }

  /** Calls what may call the protocol. */
  run<Self, Result>(call: (this: Self) => Result, self: Self): Result {
    return this.#context.runInAsyncScope(call, self);
  }

  /** @returns whether the protocol has a handler for it */
  open(): boolean {
    const protocol = this.#protocol;
    if (protocol.state === undefined && protocol.open === undefined) return false;
    this.#context.runInAsyncScope(() => {
      this.#reply(() => {
        if (protocol.state !== undefined) this.#client.state = this.#watched(protocol.state());
        return protocol.open?.(this.#client);
      }, true);
      this.#context = new AsyncResource('zocalo.client');
    });
    return true;
  }

  /** In an async context that ends with the call: what one message enters into it is not there for the next. */
  message(frame: Frame): void {
    this.#context.runInAsyncScope(this.#message, this, frame);
  }

  /** Calls a timer, or what the final reply comes from. */
  call(handler: () => Reply, answers: boolean): void {
    this.#context.runInAsyncScope(this.#reply, this, handler, answers);
  }

  farewell(reason: CloseReason): () => Reply {
    return () => this.#protocol.farewell?.(reason, this.#client);
  }

  error(error: unknown): () => Reply {
    return () => this.#protocol.error?.(error, this.#client);
  }

  close(reason: CloseReason): void {
    this.#context.runInAsyncScope(this.#close, this, reason);
  }

  /** Aborts when the session is finished. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      const { state, reason } = this.#session.lifecycle;
      if (state === FINISHED) this.#abort.abort(reason);
    }
    return this.#abort.signal;
  }

  #message(frame: Frame): void {
    try {
      this.#session.outbox.reply(this.#protocol.message(frame, this.#client), true);
    } catch (error) {
      this.#session.lifecycle.replyFailed(error, false);
    }
  }

  #reply(handler: () => Reply, answers: boolean): void {
    try {
      this.#session.outbox.reply(handler(), answers);
    } catch (error) {
      this.#session.lifecycle.replyFailed(error, false);
    }
  }

  /** What a handler does beside its reply may fail later: that, too, ends this conversation alone. */
  #watched<Value>(value: Value): Value {
    if (isPromise(value))
      promised(value).then(undefined, (error: unknown) => this.#session.lifecycle.failed(error));
    return value;
  }

  #close(reason: CloseReason): void {
    const failed = (error: unknown) => this.#session.host.failed(this.#client, error);
    try {
      this.#abort?.abort(reason);
      const closed: unknown = this.#protocol.close?.(this.#client, reason);
      if (isPromise(closed)) promised(closed).then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  }
}
