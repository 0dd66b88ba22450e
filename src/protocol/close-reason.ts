/** Why a client's conversation ended: the same word in the event, the statistics, the log and the tests. */
export const closeReasons = [
  /** The client finished sending and has all its answers. */
  'client',
  /** The connection broke: a reset, or an error while receiving or sending. */
  'reset',
  /** The protocol said so: `client.end()`. */
  'protocol',
  /** No byte came from a client that was owed nothing, for `idleTimeout`. */
  'idle',
  /** A frame was begun and not completed within `frameTimeout`. */
  'frame-timeout',
  /** The client took none of its answer for `writeTimeout`. */
  'write-timeout',
  /** A handler, or the next piece of its reply, took longer than `handlerTimeout`. */
  'handler-timeout',
  /** The conversation lasted `maxSession`. */
  'max-session',
  /** A frame was longer than the framing allows. */
  'frame-too-long',
  /** The bytes were not a frame of this protocol. */
  'bad-frame',
  /** The client has asked as much as its quota allows. */
  'quota',
  /** What the protocol sent unasked piled up beyond `maxUnasked` because the client did not read. */
  'overflow',
  /** The server drained: it answered what it had received, then closed. */
  'drain',
  /** The server stopped without waiting, or the drain's deadline came. */
  'stopped',
  /** A handler failed. */
  'error',
  /** The worker that served it died; how much it had sent and received by then is not known. */
  'worker',
] as const;

export type CloseReason = (typeof closeReasons)[number];
