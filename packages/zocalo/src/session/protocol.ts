import type { Framing } from '../framing/framing.ts';
import type { Client } from './client.ts';
import type { CloseReason } from './close-reason.ts';
import type { RefusalCause } from './refusal-cause.ts';
import type { Reply } from './reply.ts';
import type { ServerAddress } from './server-info.ts';

/** What a service may have to do with its server as a whole, besides its clients. */
export interface ServiceHooks {
  /**
   * The server listens at all its endpoints. Called once a server, in the thread that accepts: also when clients are served in workers. What
   * it throws, or rejects with, is why the server does not start.
   * @param addresses by dialect; for a protocol by its name
   * @param notify reports something to the operator of the server, in a sentence: the event `notice`
   */
  listening?(
    addresses: Readonly<Record<string, ServerAddress>>,
    notify: (message: string) => void,
  ): void | Promise<void>;
  /** What the service counts itself: `service` in the statistics of its server. */
  stats?(): Readonly<Record<string, unknown>>;
  /**
   * The server has stopped, and no client is in any more: closes what the service has open. Called once for every time that the service was
   * made, so in each worker too. It may take 3 s.
   */
  stop?(): void | Promise<void>;
}

/**
 * What a user writes: what to answer to a message. Everything but `name`, `framing` and `message` is optional.
 *
 * `Frame` is what the framing makes of bytes; `State` is what the protocol keeps about one client.
 */
export interface Protocol<Frame = Buffer, State = undefined> extends ServiceHooks {
  /** For events and logs. */
  readonly name: string;
  /** Where a message ends. */
  readonly framing: Framing<Frame>;
  /**
   * How many messages of one client may be in progress at once. Default 1: answered in order, the next message is not
   * looked at before the last byte of the answer before it is in the output. Above 1 answers may overtake each other, for
   * protocols whose messages carry an id; each answer is still written whole.
   */
  readonly concurrency?: number;
  /**
   * Whether a client that has finished sending still gets its answers. Default true. With false its end of sending
   * means that it has left: `client.signal` aborts and the conversation ends at once.
   */
  readonly halfClose?: boolean;
  /**
   * Whether handlers may keep a frame of bytes beyond the answer to it: in the state, for another client, for later. Default true. With false
   * a frame of 8 KiB and more is valid until its answer has been given and sent, and a handler that wants it longer copies it. The memory of
   * such frames then serves again while it is in the processor's cache, which spares an echo of 16 KiB a quarter of its cost.
   */
  readonly keepsFrames?: boolean;

  /** Makes the state of a client as it enters. Without it the state is undefined. */
  state?(): State;
  /** A client has entered; the reply is a greeting. */
  open?(client: Client<State>): Reply;
  /** A message has come. */
  message(frame: Frame, client: Client<State>): Reply;
  /** The conversation is over; called once for every client that entered. */
  close?(client: Client<State>, reason: CloseReason): void;
  /**
   * The final message after a bad frame ({@link FrameError}, {@link FrameTooLongError}) or a failed handler (what it threw). It is not sent when
   * part of the failed answer has been written already, since it would be taken for the rest of it.
   */
  error?(error: unknown, client: Client<State>): Reply;
  /** The final message of a conversation that the server ends for the given reason, such as `quota`, `idle` or `drain`. */
  farewell?(reason: CloseReason, client: Client<State>): Reply;
  /** The message to a client that is refused. */
  refuse?(cause: RefusalCause): string | Uint8Array | undefined;
  /**
   * The message to a client in the waiting line, when its place has changed; 1 is next. The first ten get one for each move, the others
   * one a second, or less often in a line of thousands.
   */
  wait?(place: number): string | Uint8Array | undefined;
  /** The message to a client that has waited in line and enters now; it comes before its greeting. */
  admit?(): string | Uint8Array | undefined;
}

/** A protocol with any kind of frames and state. */
export type AnyProtocol = Protocol<unknown, unknown>;

/**
 * A service with several protocols, each at an endpoint of its own, as in `serve(service, { endpoints: { dns: { port: 5353 }, … } })`.
 * The endpoints share the limit, the waiting line, the events and the statistics of one server; what the protocols share is their own decision.
 */
export interface Dialects extends ServiceHooks {
  /** For events and logs. */
  readonly name: string;
  /** The protocols, by the names of their endpoints: the first is the main one. */
  readonly dialects: Readonly<Record<string, AnyProtocol>>;
}

/** What a server serves. */
export type Served = AnyProtocol | Dialects;

/** The protocols of a service by the names of their dialects; that of a single protocol is called as it is. */
export function dialectsOf(served: Served): Readonly<Record<string, AnyProtocol>> {
  return 'dialects' in served ? served.dialects : { [served.name]: served };
}
