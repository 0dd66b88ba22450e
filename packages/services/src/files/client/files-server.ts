import { formatTarget, type Target } from '@zocalo/command';
import { connectTo } from '@zocalo/command/connect';
import { FilesError, NotUnderstoodError } from './errors.ts';
import { FilesConnection, type ServerFeatures } from './files-connection.ts';
import { ReplyReader } from './reply-reader.ts';
import type { SliceBody } from './slice-bodies.ts';

/** How to connect to a file server, and what it is like. */
export type FilesOptions = {
  /** How long connecting, and then any silence of the server while it is to answer, may last, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /**
   * How the server writes slices. Undefined (the default): raw ones are asked for, and if the server does not know these, it is taken to
   * write base64.
   */
  readonly body?: SliceBody | undefined;
  /** Aborts what is under way. */
  readonly signal?: AbortSignal | undefined;
};

/** A file server, and what has been learnt of it. */
export class FilesServer {
  readonly #target: Target;
  readonly #options: FilesOptions;
  readonly #features: ServerFeatures;

  constructor(target: Target, options: FilesOptions = {}) {
    this.#target = target;
    this.#options = options;
    this.#features = { full: undefined, body: options.body };
  }

  /** Whether it tells versions and digests; undefined as long as it has not been asked for metadata. */
  get full(): boolean | undefined {
    return this.#features.full;
  }

  /** @throws ConnectError when no server listens there */
  async connect(): Promise<FilesConnection> {
    const { timeoutMs = 30_000, signal } = this.#options;
    const connecting = connectTo(this.#target, timeoutMs).then((socket) => {
      // An error while no reply is awaited is reported by the next request.
      socket.on('error', () => {});
      return socket;
    });
    const aborted = Promise.withResolvers<never>();
    const abort = () => {
      const error = new FilesError('it was broken off', { kind: 'aborted' });
      aborted.reject(error);
      connecting.then(
        (socket) => socket.destroy(error),
        () => {},
      );
    };
    const forget = () => signal?.removeEventListener('abort', abort);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort);
    const socket = await Promise.race([connecting, aborted.promise]).catch((error: unknown) => {
      forget();
      throw error;
    });
    socket.once('close', forget);
    const reader = new ReplyReader(socket, timeoutMs, formatTarget(this.#target));
    return new FilesConnection(socket, reader, this.#features);
  }

  /** Runs a task over a connection of its own; quits after it, or closes the connection when it fails. */
  async withConnection<Result>(task: (connection: FilesConnection) => Promise<Result>): Promise<Result> {
    const connection = await this.connect();
    try {
      const result = await task(connection);
      await connection.quit();
      return result;
    } catch (error) {
      connection[Symbol.dispose]();
      if (!(error instanceof NotUnderstoodError)) throw error;
    }
    try {
      return await this.withConnection(task);
    } catch (error) {
      // The server closes the connection at any request, so nothing is known of it.
      this.#features.full = undefined;
      throw error;
    }
  }
}
