import type { Framing } from '../framing/framing.ts';
import type { Client } from './client.ts';
import type { CloseReason } from './close-reason.ts';
import type { FileSlice } from './file-slice.ts';
import type { RefusalCause } from './refusal-cause.ts';
import type { ServerAddress } from './server-address.ts';

/**
 * What a handler answers: nothing, text (sent as UTF-8), bytes, a slice of a file, or something to pull any of those
 * from. Bytes are sent from where they stand, so they must not be changed afterwards. An iterable is asked for its next
 * piece only while the client's output has room; one abandoned half-way is closed (`return()`), so `finally` runs.
 */
export type Reply =
  | undefined
  | null
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is a handler.
  | void
  | string
  | Uint8Array
  | FileSlice
  | Iterable<Reply>
  | AsyncIterable<Reply>
  | Promise<Reply>;

/** What a service may have to do with its server as a whole, besides its clients. */
export interface ServiceHooks {
  /**
   * The server listens at all its doors. Called once a server, in the thread that accepts: also when clients are served in workers. What
   * it throws, or rejects with, is why the server does not start.
   * @param addresses by dialect; for a protocol by its name
   * @param notify tells whoever runs the server something, in a sentence: the event `notice`
   */
  listening?(
    addresses: Readonly<Record<string, ServerAddress>>,
    notify: (words: string) => void,
  ): void | Promise<void>;
  /** What the service counts itself: `service` in the statistics of its server. */
  stats?(): Readonly<Record<string, unknown>>;
  /**
   * The server has stopped, and nobody is in any more: closes what the service has open. Called once for every time that the service was
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
   * a frame of 8 KiB and more is valid until its answer has been given and sent, and whoever wants it longer copies it. The memory of
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
   * Last words for a bad frame ({@link FrameError}, {@link FrameTooLongError}) or a failed handler (what it threw). They are not said when part of
   * the failed answer has been written already, since they would be taken for the rest of it.
   */
  error?(error: unknown, client: Client<State>): Reply;
  /** Last words for a conversation that the server ends for the given reason, such as `quota`, `idle` or `drain`. */
  farewell?(reason: CloseReason, client: Client<State>): Reply;
  /** Words for a client that is turned away. */
  refuse?(cause: RefusalCause): string | Uint8Array | undefined;
  /** Words for a client in the waiting line, whenever its place changes; 1 is next. */
  wait?(place: number): string | Uint8Array | undefined;
}

/** A protocol whose frames and state are nobody else's business. */
export type AnyProtocol = Protocol<unknown, unknown>;
