import type { Framing } from '../framing/framing.ts';
import { mustBe } from '../option-checks.ts';
import type { ClientOperations } from './client.ts';
import type { Member } from './groups.ts';
import type { EndingSession, Lifecycle } from './lifecycle.ts';
import type { ClientDeadlines } from './limits.ts';
import { bytesOf, discardReply, type Reply } from './reply.ts';
import type { TlsInfo } from './tls-info.ts';

/** What a protocol controls of a session. */
export type ControlledSession<Frame> = EndingSession<Frame> & { readonly lifecycle: Lifecycle };

/** What a protocol does with its client, from its handlers or at any other time. */
export class ClientControl<Frame> implements ClientOperations, Member {
  readonly #session: ControlledSession<Frame>;
  tls: TlsInfo | undefined;

  constructor(session: ControlledSession<Frame>) {
    this.#session = session;
  }

  get client(): Member['client'] {
    return this.#session.client;
  }

  /** What cannot be sent ends this client's conversation, and does not throw: the caller may be another client's handler, or a timer. */
  send(message: string | Uint8Array): boolean {
    const { lifecycle, outbox } = this.#session;
    if (!lifecycle.sends) {
      discardReply(message);
      return false;
    }
    let bytes: Uint8Array;
    try {
      bytes = bytesOf(message, 'what is sent to a client');
    } catch (error) {
      lifecycle.failed(error);
      return false;
    }
    // Only what already waits counts: a client that reads takes any single piece.
    if (outbox.overflows) {
      this.overflow();
      return false;
    }
    outbox.send(bytes);
    this.#session.wake();
    return outbox.hasRoom;
  }

  drained(): Promise<boolean> {
    return this.#session.outbox.drained();
  }

  overflow(): void {
    this.#session.lifecycle.finish('overflow');
  }

  end(): void {
    this.#session.lifecycle.end('protocol');
    this.#session.wake();
  }

  abort(cause?: unknown): void {
    this.#session.lifecycle.abort(cause);
  }

  join(group: string): void {
    if (this.#session.lifecycle.sends) this.#session.host.groups.join(group, this);
  }

  leave(group: string): void {
    this.#session.host.groups.leave(group, this);
  }

  get paused(): boolean {
    return this.#session.inbox.paused;
  }

  pause(): void {
    const { inbox, deadlines } = this.#session;
    inbox.paused = true;
    // Time in which nothing is read from it is not its own.
    deadlines.frameSince = undefined;
  }

  unpause(): void {
    const { inbox, deadlines, host } = this.#session;
    if (!inbox.paused) return;
    inbox.paused = false;
    deadlines.activeAt = host.clock.now;
    this.#session.wake();
  }

  useFraming(framing: Framing<unknown>): void {
    if (typeof framing?.create !== 'function' || !(framing.maxIncomplete >= 0))
      throw mustBe('useFraming: the framing', 'one, such as lines()', framing);
    this.#session.inbox.useFraming(framing as Framing<Frame>);
    this.#session.wake();
  }

  setDeadlines(deadlines: ClientDeadlines): void {
    this.#session.deadlines.set(deadlines);
  }

  setTimer(callback: () => Reply, delayMs: number): () => void {
    const { lifecycle, deadlines } = this.#session;
    return lifecycle.sends ? deadlines.setTimer(callback, delayMs) : () => {};
  }

  get signal(): AbortSignal {
    return this.#session.handlers.signal;
  }

  get messagesLeft(): number {
    return this.#session.inbox.messagesLeft;
  }

  get idleTimeoutMs(): number {
    return this.#session.deadlines.idleTimeoutMs;
  }
}
