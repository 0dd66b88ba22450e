import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { SqlError } from '../sql-error.ts';
import { Authorizer, type Effects } from './authorizer.ts';
import { EngineError } from './engine-error.ts';
import { type Redefinition, redefine } from './redefine.ts';
import type { Column, SessionInfo, Value } from './types.ts';

/** Whose statement runs, for the functions of a connection. */
export type SessionInfoHolder = { current: SessionInfo };

/** Gives a connection more functions, and temporary views that all sessions may read. */
export type ConnectionSetup = (database: DatabaseSync, sessionInfo: SessionInfoHolder) => void;

export type ConnectionOptions = {
  readonly file: string;
  /** Whether statements that would write are refused. */
  readonly readOnly: boolean;
  /** Whether the file is opened to be read only, also when such statements are compiled. Default: as `readOnly`. */
  readonly onlyReads?: boolean;
  /** How long SQLite waits for a writer of another process, in milliseconds. */
  readonly busyTimeoutMs: number;
  readonly setup: ConnectionSetup | undefined;
};

/** A compiled statement. */
export type Prepared = {
  readonly sql: string;
  readonly statement: StatementSync;
  readonly columns: readonly Column[];
  readonly effects: Effects;
};

/** The extended result codes that are asked for; https://www.sqlite.org/rescode.html */
const SQLITE_AUTH = 23;
const SQLITE_BUSY_SNAPSHOT = 517;
const SQLITE_READONLY = 8;

const CACHE_PAGES = 4_000;

/** One connection to the database, with what every connection of the server has in common. */
export class Connection {
  readonly sessionInfo: SessionInfoHolder = { current: {} };
  readonly #database: DatabaseSync;
  readonly #authorizer: Authorizer;
  readonly #version: StatementSync;

  /** @throws EngineError when the file cannot be opened or is not a database */
  constructor({ file, readOnly, onlyReads = readOnly, busyTimeoutMs, setup }: ConnectionOptions) {
    try {
      this.#database = new DatabaseSync(file, {
        readOnly: onlyReads,
        timeout: busyTimeoutMs,
        readBigInts: true,
        returnArrays: true,
        allowBareNamedParameters: false,
        enableForeignKeyConstraints: true,
        defensive: true,
      });
      this.#database.exec(`PRAGMA cache_size = ${CACHE_PAGES}`);
      // Opening reads nothing; whether it is a database is seen here.
      this.#database.prepare('SELECT count(*) FROM sqlite_schema').get();
      setup?.(this.#database, this.sessionInfo);
    } catch (error) {
      throw failureOf(error);
    }
    const rows: unknown[] = this.#database.prepare('SELECT name FROM sqlite_temp_schema').all();
    const common = new Set(rows.map((row) => String((row as Value[])[0])));
    this.#authorizer = new Authorizer(readOnly, common);
    this.#version = this.#database.prepare('PRAGMA schema_version');
    this.#database.setAuthorizer(this.#authorizer.decide);
  }

  /** Whether a transaction is open, also one that began by itself. */
  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** Another number whenever the schema is another, as this connection sees it: what was compiled for the one before is stale. */
  get schemaVersion(): Value {
    return (this.#version.get() as unknown as Value[])[0] as Value;
  }

  /** @throws EngineError */
  prepare(sql: string): Prepared {
    try {
      const { result: statement, effects } = this.#authorizer.watch(() => this.#database.prepare(sql));
      const columns = statement.columns().map(({ name, type, table, column }) => ({
        name,
        declaredType: type,
        table,
        column,
      }));
      return { sql, statement, columns, effects };
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** The program that SQLite compiled a statement to; undefined when it cannot be had, as of a statement that is an EXPLAIN itself. */
  explain(sql: string): Value[][] | undefined {
    try {
      return this.#authorizer.trusting(() =>
        this.#database.prepare(`EXPLAIN ${sql}`).all(),
      ) as unknown as Value[][];
    } catch {
      return undefined;
    }
  }

  /** Runs what the engine itself wants, such as `BEGIN`. */
  control(sql: string): void {
    try {
      this.#authorizer.trusting(() => this.#database.exec(sql));
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Gives a table another definition. @throws EngineError, SqlError */
  redefine(change: Redefinition): void {
    try {
      this.#authorizer.trusting(() => redefine(this.#database, change));
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** A statement of the engine itself, to be run many times. */
  prepareTrusted(sql: string): StatementSync {
    return this.#authorizer.trusting(() => this.#database.prepare(sql));
  }

  /** What the engine says instead of what `node:sqlite` threw. */
  failure(error: unknown): EngineError | SqlError {
    const refusal = this.#authorizer.takeRefusal();
    // A registered function has thrown it already.
    if (error instanceof SqlError) return error;
    const failure = failureOf(error);
    if (refusal === undefined) return failure;
    // What is refused to a function has the code of any error.
    const refused = failure.sqliteCode === SQLITE_AUTH || failure.message.startsWith('not authorized');
    return refused ? refusal : failure;
  }

  close(): void {
    this.#database.close();
  }
}

/** Values as `node:sqlite` takes them. */
export function bindable(parameters: readonly Value[]): SQLInputValue[] {
  return parameters as SQLInputValue[];
}

function failureOf(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { message, errcode = 0 } = error as { message: string; errcode?: number };
  if (errcode === SQLITE_BUSY_SNAPSHOT) {
    return new EngineError('serialization', 'could not serialize access due to concurrent update', errcode);
  }
  if ((errcode & 0xff) === SQLITE_READONLY) {
    return new EngineError('read-only', 'the database is read-only', errcode, { cause: error });
  }
  return new EngineError('sqlite', message, errcode, { cause: error });
}
