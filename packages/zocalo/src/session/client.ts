import type { Framing } from '../framing/framing.ts';
import type { ClientDeadlines } from './limits.ts';
import type { Reply } from './reply.ts';
import type { ServerInfo } from './server-info.ts';
import type { TlsInfo } from './tls-info.ts';

/** What is known of a client before its conversation begins. */
export type ClientIdentity = {
  /** Counts up from 1 in the order in which the server accepted. */
  readonly id: number;
  /** The numeric IP address; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** 0 for a Unix socket. */
  readonly remotePort: number;
  /** 0 for a Unix socket. */
  readonly localPort: number;
  /** The name of its protocol, or of its dialect where a service has several. */
  readonly dialect: string;
};

/** The operations of {@link Client}, which its session implements. */
export interface ClientOperations {
  send(bytes: string | Uint8Array): boolean;
  drained(): Promise<boolean>;
  end(): void;
  abort(cause?: unknown): void;
  join(group: string): void;
  leave(group: string): void;
  readonly paused: boolean;
  pause(): void;
  unpause(): void;
  useFraming(framing: Framing<unknown>): void;
  setDeadlines(deadlines: ClientDeadlines): void;
  setTimer(callback: () => Reply, delayMs: number): () => void;
  readonly signal: AbortSignal;
  readonly tls: TlsInfo | undefined;
  readonly messagesLeft: number;
  readonly idleTimeoutMs: number;
}

/** One client, as its protocol sees it. */
export class Client<State = undefined> {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly dialect: string;
  /** The server this client is in. */
  readonly server: ServerInfo;
  /** What the protocol keeps about this client; made by `Protocol.state`. */
  state: State;
  readonly #operations: ClientOperations;

  constructor(identity: ClientIdentity, server: ServerInfo, state: State, operations: ClientOperations) {
    this.id = identity.id;
    this.remoteAddress = identity.remoteAddress;
    this.remotePort = identity.remotePort;
    this.localPort = identity.localPort;
    this.dialect = identity.dialect;
    this.server = server;
    this.state = state;
    this.#operations = operations;
  }

  /**
   * Sends an unsolicited message. It goes out at once, or after the answer that is being written: never inside it. Bytes must not
   * be changed, nor transferred, before they are sent.
   * @returns whether the client's output still has room; when it has not, wait for {@link drained}. A client that already has `maxUnsolicited`
   *   bytes or more waiting is closed with the reason `overflow`. After the end of the conversation nothing is sent and the
   *   result is false. Anything but a string or a `Uint8Array` ends this client's conversation with the reason `error`
   *   ({@link ReplyError}), and the result is false.
   */
  send(bytes: string | Uint8Array): boolean {
    return this.#operations.send(bytes);
  }

  /** Resolves when the output has room again, with true; with false when the conversation ends before. */
  drained(): Promise<boolean> {
    return this.#operations.drained();
  }

  /** Ends the conversation after the answers in progress; messages that came after them are not answered. */
  end(): void {
    this.#operations.end();
  }

  /**
   * Breaks the conversation off at once, with the reason `aborted`: nothing that waits is sent, and answers in progress are abandoned.
   * @param cause what is reported as the event `error`; without it nothing is
   */
  abort(cause?: unknown): void {
    this.#operations.abort(cause);
  }

  /**
   * Joins a group: `client.server.group(name)` sends to all of its members. Joining twice has no effect; the end of the conversation
   * leaves all groups.
   * @throws OptionError for a name that is not a string of 1 to 256 characters
   */
  join(group: string): void {
    this.#operations.join(group);
  }

  /** Leaves a group, if the client is a member. */
  leave(group: string): void {
    this.#operations.leave(group);
  }

  /**
   * Reads nothing from this client, and begins none of its messages, until {@link resume}. What has come by then waits; what is being
   * answered goes on. Its silence does not count meanwhile.
   */
  pause(): void {
    this.#operations.pause();
  }

  /** Goes on after {@link pause}. */
  resume(): void {
    this.#operations.unpause();
  }

  /** Whether it is paused. */
  get paused(): boolean {
    return this.#operations.paused;
  }

  /**
   * Cuts what comes from now on into frames in another way: from the first byte on that no frame has taken yet. `message` is called with
   * the new frames.
   * @throws OptionError for something that is no framing
   */
  useFraming(framing: Framing<unknown>): void {
    this.#operations.useFraming(framing);
  }

  /**
   * Sets deadlines of this client otherwise than the server has them, until they are set again: a client that has not logged in may be
   * given less time, one that waits for notifications more. In milliseconds, `Infinity` for none, `undefined` for that of the server.
   * @throws OptionError for a time that is not above 0, and for an unknown name
   */
  deadlines(deadlines: ClientDeadlines): void {
    this.#operations.setDeadlines(deadlines);
  }

  /**
   * Calls back after `delayMs` milliseconds (at most some 50 later), unless the conversation is over by then. What the callback returns is
   * sent like what is sent with {@link send}, between answers; what it throws ends this conversation. `converse` advances such timers.
   * @returns a function that cancels it
   * @throws OptionError for a time below 0, for something that is no function, and for more than 1,000 timers of one client
   */
  setTimeout(callback: () => Reply, delayMs: number): () => void {
    return this.#operations.setTimer(callback, delayMs);
  }

  /** What was agreed on in the TLS handshake; undefined for a client that came in clear. */
  get tls(): TlsInfo | undefined {
    return this.#operations.tls;
  }

  /** How many messages it may still send; Infinity without a quota. */
  get messagesLeft(): number {
    return this.#operations.messagesLeft;
  }

  /** How long it may be silent at the moment, in milliseconds; Infinity for no limit. */
  get idleTimeoutMs(): number {
    return this.#operations.idleTimeoutMs;
  }

  /** Aborts when the conversation is over, however it ends; `signal.reason` is the close reason. */
  get signal(): AbortSignal {
    return this.#operations.signal;
  }
}
