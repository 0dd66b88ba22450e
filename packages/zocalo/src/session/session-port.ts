/** What a session waits for, as a mask: as in select, poll and epoll. */
export const READ = 1;
export const WRITE = 2;

/** For how long the memory that was received last is still looked at: not any more, until all answers are sent, or for ever. */
export const RELEASED = 0;
export const UNTIL_ANSWERED = 1;
export const FOR_EVER = 2;

/**
 * Reads what of a file is in memory, without waiting for a disk or a network.
 * @returns how many bytes, 0 at the end of the file, -1 when that cannot be had without waiting
 */
export type ReadNow = (fd: number, into: Buffer, length: number, offset: number) => number;

/** A part of an open file that goes out as it is. */
export type FilePart = { readonly fd: number; readonly offset: number; readonly length: number };

/** Notified that a session has something to do outside the calls of its loop: a promise settled, a message was sent unsolicited. */
export interface Waker {
  wake(): void;
  /** Asks for {@link SessionPort.tick} at this time (milliseconds of the loop's clock), earlier than it was asked for last. */
  tickBy(at: number): void;
  /**
   * How many bytes the kernel has taken and the other side has not acknowledged yet (tcp(7), SIOCOUTQ). Without it, what the kernel has
   * taken counts as received.
   */
  unacknowledged?(): number;
  /** For loops that can; without it files are read on threads of Node's pool. */
  readonly readNow?: ReadNow;
}

/**
 * A session as its loop sees it: bytes in, bytes out, what it waits for, and when it wants to be looked at again. A session never
 * calls the loop but through its {@link Waker}; to `wake` the loop answers with {@link resume} in its next turn.
 */
export interface SessionPort {
  /** Set by the loop that adopts the session. */
  waker: Waker | undefined;
  /** The conversation is over and flushed (or broken off): the loop closes the socket. Nothing else is called after it. */
  readonly finished: boolean;
  /** Whether the other side may still be sending: the socket is then closed lingering, or a reset would destroy the last answer. */
  readonly lingers: boolean;
  /** READ, WRITE, both or none. */
  readonly interest: number;
  /** Whether an answer in progress waits for something outside of the loop: a promise of a handler. */
  readonly awaits: boolean;
  /** The client has entered: its greeting is to be sent. */
  open(): void;
  /**
   * Bytes have come: the first `length` of `bytes`.
   * @returns whether the protocol has been given views of them; {@link keeps} then says when that memory may be written again
   */
  receive(bytes: Buffer, length: number): boolean;
  /** RELEASED, UNTIL_ANSWERED or FOR_EVER. */
  readonly keeps: number;
  /** The other side has sent its last byte. */
  receiveEnd(): void;
  /** The connection broke: nothing can be sent or received any more. */
  broken(): void;
  /** The bytes to send next, or undefined. They stay as they are until {@link sent}. */
  outgoing(): Uint8Array | undefined;
  /**
   * What is to be sent next if it is a part of a file, for a loop that can send from a file itself; {@link outgoing} gives its bytes.
   * Sending from a file must not wait for a disk.
   */
  outgoingFile?(): FilePart | undefined;
  /** The socket took the first `count` bytes of {@link outgoing}, or of {@link outgoingFile}. */
  sent(count: number): void;
  /** Goes on with what was left for a later turn. */
  resume(): void;
  /**
   * Enforces the deadlines that have passed at `now` (milliseconds).
   * @returns when to look again; no deadline can pass unseen before it
   */
  tick(now: number): number;
  /** Answers what has been received, sends the farewell and finishes. */
  drain(): void;
  /** Ends at once, whatever is in progress; but a refusal, which has a deadline of its own, may still go out. */
  stop(): void;
}
