import { FilesError } from './errors.ts';
import type { FilesConnection } from './files-connection.ts';
import { isTransient } from './retry.ts';

/** What one connection fetches at a time, in bytes; it is kept in memory until its turn comes. */
const PIECE_BYTES = 4_194_304;

/** A part of a file, from `start` to before `end`. */
export type Range = { readonly start: number; readonly end: number };

/** How a file is fetched over several connections. */
export type ParallelSource = {
  /** The connection that there is. It fetches as well: the server may accept no other. */
  readonly first: FilesConnection;
  /** How many there are to be. */
  readonly connections: number;
  /** Makes another. */
  connect(): Promise<FilesConnection>;
  /** Waits until the server has accepted a connection, and checks that it has the same file. */
  admit(connection: FilesConnection): Promise<void>;
  slice(connection: FilesConnection, range: Range): AsyncIterable<Buffer>;
  /** Takes the bytes, in order. */
  sink(bytes: Buffer): Promise<void>;
};

/**
 * Fetches a part of a file over several connections, piece by piece, and passes the bytes on in order. A connection that the server
 * refuses, keeps waiting or breaks gets no piece, and what it has begun is fetched by another; one is enough.
 * @throws what a connection failed with, when that cannot pass, or none is left
 */
export async function fetchInParallel(whole: Range, source: ParallelSource): Promise<void> {
  const pieces = new Pieces(whole, source.connections, source.sink);
  /** Those of the others that fetch nothing yet: they are not waited for when all has come. */
  const admitting = new Set<FilesConnection>();
  const fetching = new Set<FilesConnection>();

  const work = async (connection: FilesConnection) => {
    for (let range = await pieces.take(); range !== undefined; range = await pieces.take()) {
      try {
        const bytes: Buffer[] = [];
        for await (const part of source.slice(connection, range)) bytes.push(part);
        pieces.fetched(range, bytes);
      } catch (error) {
        pieces.putBack(range);
        throw error;
      }
    }
  };
  const join = async () => {
    const connection = await source.connect();
    try {
      if (pieces.over) return;
      admitting.add(connection);
      await source.admit(connection);
      admitting.delete(connection);
      fetching.add(connection);
      await work(connection);
      await connection.quit();
    } catch (error) {
      // A connection that is refused, in whatever way, is not needed.
      const changed = error instanceof FilesError && error.kind === 'changed';
      if (changed || (fetching.has(connection) && !isTransient(error))) pieces.fail(error);
    } finally {
      connection[Symbol.dispose]();
    }
  };
  const others = Array.from({ length: source.connections - 1 }, () => join().catch(() => {}));
  work(source.first).catch(async (error: unknown) => {
    // As long as another connection fetches, or may still be accepted, nothing is lost with the first one.
    if (isTransient(error)) await Promise.all(others);
    pieces.fail(error);
  });
  try {
    await pieces.done;
  } catch (error) {
    for (const connection of fetching) connection[Symbol.dispose]();
    throw error;
  } finally {
    for (const connection of admitting) connection[Symbol.dispose]();
  }
}

/** The pieces of a file: which is to be fetched next, and those that have come before their turn. */
class Pieces {
  readonly #sink: (bytes: Buffer) => Promise<void>;
  readonly #end: number;
  /** How far ahead of the delivered bytes pieces are fetched, in bytes. */
  readonly #window: number;
  readonly #returned: Range[] = [];
  readonly #fetched = new Map<number, { range: Range; bytes: Buffer[] }>();
  readonly #outcome = Promise.withResolvers<void>();
  #next: number;
  #delivered: number;
  #delivering = false;
  #waiting: (() => void)[] = [];
  over = false;

  constructor({ start, end }: Range, connections: number, sink: (bytes: Buffer) => Promise<void>) {
    this.#sink = sink;
    this.#end = end;
    this.#window = (connections + 1) * PIECE_BYTES;
    this.#next = start;
    this.#delivered = start;
    this.#outcome.promise.catch(() => {});
    if (start === end) this.#finish();
  }

  /** Resolves when all pieces are delivered; rejects when that has failed. */
  get done(): Promise<void> {
    return this.#outcome.promise;
  }

  /** The next piece, as soon as there is room for it; undefined when there is nothing to fetch any more. */
  async take(): Promise<Range | undefined> {
    while (!this.over) {
      const returned = this.#returned.pop();
      if (returned !== undefined) return returned;
      if (this.#next < this.#end && this.#next < this.#delivered + this.#window) {
        const start = this.#next;
        this.#next = Math.min(start + PIECE_BYTES, this.#end);
        return { start, end: this.#next };
      }
      // Another may yet give its piece back.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return undefined;
  }

  putBack(range: Range): void {
    this.#returned.push(range);
    this.#wake();
  }

  fetched(range: Range, bytes: Buffer[]): void {
    this.#fetched.set(range.start, { range, bytes });
    if (!this.#delivering) this.#deliver().catch((error: unknown) => this.fail(error));
  }

  fail(error: unknown): void {
    if (this.over) return;
    this.over = true;
    this.#outcome.reject(error);
    this.#wake();
  }

  async #deliver(): Promise<void> {
    this.#delivering = true;
    for (let piece = this.#fetched.get(this.#delivered); piece; piece = this.#fetched.get(this.#delivered)) {
      this.#fetched.delete(this.#delivered);
      for (const bytes of piece.bytes) {
        if (this.over) return;
        await this.#sink(bytes);
      }
      this.#delivered = piece.range.end;
      this.#wake();
    }
    this.#delivering = false;
    if (this.#delivered === this.#end) this.#finish();
  }

  #finish(): void {
    this.over = true;
    this.#outcome.resolve();
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
