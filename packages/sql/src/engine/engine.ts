import { existsSync } from 'node:fs';
import { Connection, type ConnectionSetup } from './connection.ts';
import { DatabaseFile } from './database-file.ts';
import { EngineError } from './engine-error.ts';
import { ExecutorPool } from './executor-pool.ts';
import { Session, type Shared } from './session.ts';
import { SharedReader } from './shared-reader.ts';
import type { RelationInfo, SessionInfo, SqlSession } from './types.ts';
import { WriteQueue } from './write-queue.ts';

export type EngineOptions = {
  /** The path of the database. */
  readonly file: string;
  /** Whether statements may change it. Default false. */
  readonly readWrite?: boolean;
  /** Whether the file is made if it is not there; only with `readWrite`. Default false. */
  readonly create?: boolean;
  /** The longest a statement may take, in milliseconds. Default 30,000. */
  readonly statementTimeoutMs?: number | undefined;
  /** The most rows of one answer. Default: no limit. */
  readonly maxRows?: number | undefined;
  /** The most bytes of one answer, about. Default: no limit. */
  readonly maxResultBytes?: number | undefined;
  /** How many executor processes there are at most. Default 8. */
  readonly executors?: number;
  /**
   * A module that gives every connection more functions and views: its default export is an {@link ConnectionSetup}, and its export
   * `cheapFunctions`, a set of names in lower case, says which of them may be called in the event loop.
   */
  readonly setup?: URL;
};

type SetupModule = { readonly default: ConnectionSetup; readonly cheapFunctions: ReadonlySet<string> };

/** How long an executor waits for a writer of another process; its statement's time limit may end it before that. */
const BUSY_TIMEOUT_MS = 600_000;

/** One SQLite database, for many sessions at once: many read while one writes. */
export class Engine {
  readonly file: string;
  readonly readOnly: boolean;
  readonly #file: DatabaseFile;
  readonly #shared: Shared;
  readonly #statementTimeoutMs: number;

  /**
   * Opens a database, and makes it one that can be read while it is written (WAL), if it may be written.
   * @throws EngineError when there is no such file, it is not a database, or it cannot be opened
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const module: SetupModule | undefined =
      options.setup === undefined ? undefined : await import(options.setup.href);
    return new Engine(options, module);
  }

  private constructor(options: EngineOptions, module: SetupModule | undefined) {
    const { file, readWrite = false, create = false, statementTimeoutMs = 30_000, executors = 8 } = options;
    const { maxRows = Number.MAX_SAFE_INTEGER, maxResultBytes = Number.MAX_SAFE_INTEGER } = options;
    this.file = file;
    this.readOnly = !readWrite;
    this.#statementTimeoutMs = statementTimeoutMs;
    if (!existsSync(file) && !(readWrite && create)) {
      throw new EngineError('sqlite', `there is no database ${file}`, SQLITE_CANTOPEN);
    }
    const common = { file, readOnly: this.readOnly };
    const checkpointer = readWrite ? DatabaseFile.checkpointer(file) : undefined;
    try {
      const connection = new Connection({
        ...common,
        onlyReads: true,
        busyTimeoutMs: 0,
        setup: module?.default,
      });
      this.#file = new DatabaseFile(file, checkpointer);
      const reader = new SharedReader(connection, module?.cheapFunctions ?? new Set(), this.#file);
      const pool = new ExecutorPool(
        {
          ...common,
          identity: this.#file.identity,
          busyTimeoutMs: BUSY_TIMEOUT_MS,
          setup: options.setup?.href,
          maxRows,
          maxResultBytes,
        },
        executors,
        this.#file,
      );
      this.#file.endWriters = (cause) => pool.killAll(cause);
      this.#file.closeReading = () => reader.close();
      const queue = new WriteQueue();
      this.#shared = { readOnly: this.readOnly, maxRows, file: this.#file, reader, pool, queue };
    } catch (error) {
      checkpointer?.close();
      throw error;
    }
  }

  /** Where to report to the operator what happens to the file. */
  set report(report: (message: string) => void) {
    this.#file.report = report;
  }

  /** @param sessionInfo what SQL functions may ask about the session */
  session(sessionInfo: SessionInfo = {}): SqlSession {
    return new Session(this.#shared, this.#statementTimeoutMs, sessionInfo);
  }

  /** Another number whenever the schema is another: what was made for the one before is stale. */
  get schema(): number {
    return this.#shared.reader.schema;
  }

  /** A table or view; undefined if there is no such relation. */
  relation(name: string): RelationInfo | undefined {
    return this.#shared.reader.relation(name);
  }

  /** The name of the index which makes columns of a table unique, if there is one. */
  uniqueIndex(table: string, columns: readonly string[]): string | undefined {
    return this.#shared.reader.uniqueIndex(table, columns);
  }

  /**
   * Ends everything; sessions that are still open fail. What was written is then in the file itself, unless the file was removed or
   * replaced: then nothing is written into what is there now.
   */
  async close(): Promise<void> {
    await this.#shared.pool.close();
    this.#file.close();
  }
}

const SQLITE_CANTOPEN = 14;
