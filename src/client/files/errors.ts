/** A file server refused something, or broke the protocol, or the connection to it broke. The message says what happened, to what. */
export class FilesError extends Error {
  /** The code of the reply that refused it; undefined when it was no reply that failed. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
