import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Connection, type Equip } from './connection.ts';
import { EngineError } from './engine-error.ts';
import { ExecutorPool } from './executor-pool.ts';
import { Session, type Shared } from './session.ts';
import { SharedReader } from './shared-reader.ts';
import type { RelationInfo, SessionFacts, SqlSession } from './types.ts';
import { WriteQueue } from './write-queue.ts';

export type EngineOptions = {
  /** The path of the database. */
  readonly file: string;
  /** Whether statements may change it. Default false. */
  readonly readWrite?: boolean;
  /** Whether the file is made if it is not there; only with `readWrite`. Default false. */
  readonly create?: boolean;
  /** The longest a statement may take, in milliseconds. Default 30,000. */
  readonly statementTimeout?: number;
  /** The most rows of one answer. Default: no limit. */
  readonly maxRows?: number;
  /** The most bytes of one answer, about. Default: no limit. */
  readonly maxResultBytes?: number;
  /** How many executor processes there are at most. Default 8. */
  readonly executors?: number;
  /**
   * A module that gives every connection more functions and views: its default export is an {@link Equip}, and its export
   * `cheapFunctions`, a set of names in lower case, says which of them may be called in the event loop.
   */
  readonly equip?: URL;
};

type EquipModule = { readonly default: Equip; readonly cheapFunctions: ReadonlySet<string> };

/** How long an executor waits for a writer of another process; its statement's time limit may end it before that. */
const BUSY_TIMEOUT = 600_000;

/** One SQLite database, for many sessions at once: many read while one writes. */
export class Engine {
  readonly file: string;
  readonly readOnly: boolean;
  readonly #shared: Shared;
  readonly #statementTimeout: number;

  /**
   * Opens a database, and makes it one that can be read while it is written (WAL), if it may be written.
   * @throws EngineError when there is no such file, it is not a database, or it cannot be opened
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const module: EquipModule | undefined =
      options.equip === undefined ? undefined : await import(options.equip.href);
    return new Engine(options, module);
  }

  private constructor(options: EngineOptions, module: EquipModule | undefined) {
    const { file, readWrite = false, create = false, statementTimeout = 30_000, executors = 8 } = options;
    const { maxRows = Number.MAX_SAFE_INTEGER, maxResultBytes = Number.MAX_SAFE_INTEGER } = options;
    this.file = file;
    this.readOnly = !readWrite;
    this.#statementTimeout = statementTimeout;
    if (!existsSync(file) && !(readWrite && create)) {
      throw new EngineError('sqlite', `there is no database ${file}`, SQLITE_CANTOPEN);
    }
    if (readWrite) makeReadableWhileWritten(file);
    const common = { file, readOnly: this.readOnly };
    const connection = new Connection({ ...common, busyTimeout: 0, equip: module?.default });
    this.#shared = {
      readOnly: this.readOnly,
      maxRows,
      reader: new SharedReader(connection, module?.cheapFunctions ?? new Set()),
      pool: new ExecutorPool(
        { ...common, busyTimeout: BUSY_TIMEOUT, equip: options.equip?.href, maxRows, maxResultBytes },
        executors,
      ),
      queue: new WriteQueue(),
    };
  }

  /** @param facts what SQL functions may ask about the session */
  session(facts: SessionFacts = {}): SqlSession {
    return new Session(this.#shared, this.#statementTimeout, facts);
  }

  /** Another number whenever the schema is another: what was made for the one before is stale. */
  get schema(): number {
    return this.#shared.reader.schema;
  }

  /** A table or view; undefined if there is no such relation. */
  relation(name: string): RelationInfo | undefined {
    return this.#shared.reader.relation(name);
  }

  /** The name that somebody gave to the index which makes columns of a table unique, if somebody did. */
  uniqueIndex(table: string, columns: readonly string[]): string | undefined {
    return this.#shared.reader.uniqueIndex(table, columns);
  }

  /** Ends everything; sessions that are still open fail. What was written is then in the file itself. */
  async close(): Promise<void> {
    await this.#shared.pool.close();
    this.#shared.reader.close();
  }
}

const SQLITE_CANTOPEN = 14;

function makeReadableWhileWritten(file: string): void {
  try {
    const database = new DatabaseSync(file, { timeout: 5_000 });
    try {
      database.exec('PRAGMA journal_mode = WAL');
    } finally {
      database.close();
    }
  } catch (error) {
    const { message, errcode = 0 } = error as { message: string; errcode?: number };
    throw new EngineError('sqlite', message, errcode, { cause: error });
  }
}
