/** Why a client's conversation ended: the same word in the event, the statistics, the log and the tests. */
export const closeReasons = [
  /** The client finished sending and has all its answers. */
  'client',
  /** The connection broke: a reset, or an error while receiving or sending. */
  'reset',
  /** The protocol ended it: `client.end()`. */
  'protocol',
  /** The protocol broke it off: `client.abort()`. */
  'aborted',
  /** No byte came for `idleTimeoutMs` from a client that waited for no answer. */
  'idle',
  /** A frame was begun and not completed within `frameTimeoutMs`. */
  'frame-timeout',
  /** The client took none of its answer for `writeTimeoutMs`. */
  'write-timeout',
  /** A handler, or the next piece of its reply, took longer than `handlerTimeoutMs`. */
  'handler-timeout',
  /** The conversation lasted `maxSessionMs`. */
  'max-session',
  /** A frame was longer than the framing allows. */
  'frame-too-long',
  /** The bytes were not a frame of this protocol. */
  'bad-frame',
  /** The TLS handshake failed, or the client broke it off. Its protocol never learns of the client. */
  'handshake',
  /** The TLS handshake took longer than `tls.handshakeTimeoutMs`. */
  'handshake-timeout',
  /** The connection ended without TLS's own end (close_notify, RFC 8446 section 6.1): something may be missing. */
  'truncated',
  /** What came was no TLS, or had been changed on its way. */
  'tls',
  /** The client has sent as many messages as its quota allows. */
  'quota',
  /** More than `maxUnsolicited` bytes of unsolicited messages waited because the client did not read. */
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
