/**
 * Why something failed, where that makes a difference: the connection broke (`closed`), the server said nothing for too long (`silent`), the file
 * of the server is not what has come (`changed`), or the caller has aborted it (`aborted`).
 */
export type FailureKind = 'closed' | 'silent' | 'changed' | 'aborted';

/** What has come of a file that was not fetched whole, and where it is. */
export type Kept = { readonly path: string; readonly there: number; readonly whole: number };

/** The code of a server that cannot answer now. */
const UNAVAILABLE = 199;

/** A file server refused something, or broke the protocol, or the connection to it broke. The message says what happened, to what. */
export class FilesError extends Error {
  /** The code of the reply that refused it; undefined when it was no reply that failed. */
  readonly status: number | undefined;
  readonly kind: FailureKind | undefined;

  constructor(
    message: string,
    { status, kind, cause }: { status?: number; kind?: FailureKind; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.status = status;
    this.kind = kind;
  }

  /** Whether another attempt may succeed. */
  get transient(): boolean {
    return this.kind === 'closed' || this.kind === 'silent' || this.status === UNAVAILABLE;
  }
}

/** A server closed the connection at a request that it does not know. Another request may do, over another connection. */
export class NotUnderstoodError extends FilesError {}

/** A download failed, and what has come of it is kept: it can be continued. `cause` is what failed. */
export class UnfinishedError extends Error {
  readonly kept: Kept;

  constructor(cause: Error, kept: Kept) {
    super(cause.message, { cause });
    this.kept = kept;
  }
}
