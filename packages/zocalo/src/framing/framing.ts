import type { Input } from './input.ts';

/**
 * Finds where one message ends in a run of bytes. A framer is a resumable state machine without I/O: one instance a
 * client, asked again whenever more bytes have come.
 */
export interface Framer<Frame> {
  /**
   * Takes one whole frame from the input, or leaves the input as it is and returns `undefined` when the frame is not
   * complete. What it returns stays valid: {@link Input.take} copies. Every frame takes at least a byte: a framer that
   * returns frames without end and takes nothing is stopped.
   * @throws FrameError, FrameTooLongError when the bytes can never become a frame: the conversation then ends
   */
  next(input: Input): Frame | undefined;

  /**
   * The other side has sent its last byte and `next` finds no more frames: takes what is left as a last frame, if the
   * framing has such a thing. Without this method an incomplete frame is dropped.
   */
  last?(input: Input): Frame | undefined;
}

/** The client of a framer, as far as a framing is concerned: for a framing that has to answer what is no message, as telnet does. */
export interface FramingClient {
  /**
   * Sends bytes as `client.send` does: at once, or after the answer that is being written.
   * @returns whether the client's output still has room
   */
  send(bytes: Uint8Array): boolean;
}

/** A way to cut bytes into frames: what a protocol names, and what makes a framer for each client. */
export interface Framing<Frame> {
  /** For messages and logs: `lines`, `length-prefixed`. */
  readonly name: string;
  /**
   * The longest incomplete frame, in bytes, delimiters included. The session never keeps more of one for a framer:
   * a framer that is full and still wants more has met a frame that is too long.
   */
  readonly maxIncomplete: number;
  /**
   * Makes the framer of a client. One that keeps nothing between calls may serve all of them.
   * @param client the client it is for; undefined where frames are cut without a conversation
   */
  create(client?: FramingClient): Framer<Frame>;
}
