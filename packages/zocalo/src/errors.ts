/**
 * Every failure that zocalo itself reports is a {@link ZocaloError} with a stable `code`, so that a program
 * can tell failures apart without reading messages. The original failure, where there is one, is `cause`.
 */
export type ErrorCode =
  | 'ERR_OPTION'
  | 'ERR_LISTEN'
  | 'ERR_CONNECT'
  | 'ERR_SYSTEM_CALL'
  | 'ERR_FRAME_TOO_LONG'
  | 'ERR_BAD_FRAME'
  | 'ERR_FRAMING'
  | 'ERR_REPLY'
  | 'ERR_PLATFORM'
  | 'ERR_TLS'
  | 'ERR_PROTOCOL_MODULE'
  | 'ERR_WORKER';

/** The base of all errors thrown or reported by zocalo. */
export class ZocaloError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An option has a value that cannot be used; the message names the option, the value and what is accepted. */
export class OptionError extends ZocaloError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_OPTION', message, options);
  }
}

/**
 * An address could not be listened on. `reason` is the system's symbolic error, such as `EADDRINUSE`; `endpoint` is the dialect whose address
 * it was, where a server knows it.
 */
export class ListenError extends ZocaloError {
  readonly reason: string;
  endpoint: string | undefined;

  constructor(message: string, reason: string, options?: ErrorOptions) {
    super('ERR_LISTEN', message, options);
    this.reason = reason;
  }
}

/** A connection could not be made. `reason` is the system's symbolic error, such as `ECONNREFUSED`. */
export class ConnectError extends ZocaloError {
  readonly reason: string;

  constructor(message: string, reason: string, options?: ErrorOptions) {
    super('ERR_CONNECT', message, options);
    this.reason = reason;
  }
}

/** A system call failed. `errno` is the symbolic name (see errno(3)), `number` its value on this system. */
export class SystemCallError extends ZocaloError {
  readonly call: string;
  readonly errno: string;
  readonly number: number;

  constructor(call: string, errno: string, number: number) {
    super('ERR_SYSTEM_CALL', `${call} failed: ${errno}`);
    this.call = call;
    this.errno = errno;
    this.number = number;
  }
}

/** What a client sent is not a frame of the protocol. Thrown by framers; ends that client's conversation. */
export class FrameError extends ZocaloError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_BAD_FRAME', message, options);
  }
}

/** A frame is longer than the framing allows. `limit` is the allowed length in bytes. */
export class FrameTooLongError extends ZocaloError {
  readonly limit: number;

  constructor(limit: number) {
    super('ERR_FRAME_TOO_LONG', `a frame is longer than the limit of ${limit} bytes`);
    this.limit = limit;
  }
}

/** A user's framing did what a framing must not do, as the message says. It ends the conversation of its client. */
export class FramingError extends ZocaloError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_FRAMING', message, options);
  }
}

/** A handler returned, or its iterable yielded, something that is not a reply. */
export class ReplyError extends ZocaloError {
  constructor(message: string) {
    super('ERR_REPLY', message);
  }
}

/** This platform lacks what was asked for; the message says what to use instead. */
export class PlatformError extends ZocaloError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_PLATFORM', message, options);
  }
}

/**
 * A client's handshake failed, or its TLS connection did: the message says how. `reasons` are OpenSSL's, such as `no shared cipher`; there are
 * none when the client broke off, or did not speak TLS.
 */
export class TlsError extends ZocaloError {
  readonly reasons: readonly string[];

  constructor(message: string, reasons: readonly string[] = []) {
    super('ERR_TLS', message);
    this.reasons = reasons;
  }
}

/** A module was to give a protocol and does not. `url` is its URL, `reason` what is wrong with it. */
export class ProtocolModuleError extends ZocaloError {
  readonly url: string;
  readonly reason: string;

  constructor(url: string, reason: string, options?: ErrorOptions) {
    super('ERR_PROTOCOL_MODULE', `${url} ${reason}`, options);
    this.url = url;
    this.reason = reason;
  }
}

/** A worker could not be started, or ended unexpectedly. `cause` is the error it reported, if it could. */
export class WorkerError extends ZocaloError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_WORKER', message, options);
  }
}
