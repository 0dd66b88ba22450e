import type { FormatCode, PgType, Value } from '../types/pg-type.ts';
import type { Redefinition } from './redefine.ts';

export type { Value };

/** A column of a result, and where it is from. */
export type Column = {
  readonly name: string;
  /** As it was declared in CREATE TABLE, such as `VARCHAR(20)`; null for an expression. */
  readonly declaredType: string | null;
  /** The table and the column it is read from; null for an expression. */
  readonly table: string | null;
  readonly column: string | null;
};

/** A column of a relation, as it was declared; its place counts from 1. */
export type ColumnInfo = {
  readonly declaredType: string;
  readonly notNull: boolean;
  /** As it is written; null for none. */
  readonly defaultText: string | null;
  readonly place: number;
};

/** A table or view: the row of `sqlite_schema` that it is in, and its columns in order, by their names in lower case. */
export type RelationInfo = { readonly row: number; readonly columns: ReadonlyMap<string, ColumnInfo> };

/** What is known of a statement before it runs. */
export type Description = {
  /** Empty for a statement that returns no rows. */
  readonly columns: readonly Column[];
  /** Whether it changes neither the database nor the session's temporary tables. */
  readonly readOnly: boolean;
};

/** Of which form rows are wanted. */
export type Encoding =
  /** Values, as {@link Value} arrays. */
  | { readonly form: 'values' }
  /**
   * DataRow messages of the PostgreSQL protocol, whole, many in one piece of bytes, so that rows are encoded where they
   * are read. `formats` as in Bind. `types` are those of the Describe that the client has got; undefined: from the column or the
   * first row. An answer that is there at once comes as values all the same.
   */
  | {
      readonly form: 'data-rows';
      readonly formats: readonly FormatCode[];
      readonly types: readonly (PgType | undefined)[];
    };

export type ExecuteOptions = {
  /** Default `values`. */
  readonly encoding?: Encoding;
  /** At most this many rows in the first batch; 0, the default: as many as come in one piece. */
  readonly limit?: number;
  /** That it changes the database although it does not look so: VACUUM. Default false. */
  readonly writes?: boolean;
};

/** Some rows of a result, in order. */
export type Batch = {
  /** How many rows these are; 0 when there was none left. */
  readonly count: number;
  /** The rows as values, unless `bytes` has them. */
  readonly values: readonly (readonly Value[])[];
  /** The rows as DataRow messages. */
  readonly bytes: Uint8Array | undefined;
  /** Whether these are the last rows. */
  readonly last: boolean;
};

/** A statement that runs: its rows are pulled, batch by batch, and are made only as they are pulled. */
export interface Rows {
  readonly columns: readonly Column[];
  /** The types of the columns, when the rows come as DataRow messages; otherwise undefined. */
  readonly types: readonly PgType[] | undefined;
  /** The first row, when the rows come as values and there is one; only before it is taken. */
  readonly first: readonly Value[] | undefined;
  /** How many rows the statement inserted, updated or deleted; known with the last batch. */
  readonly changes: number;
  /**
   * The next rows, at most `limit` of them (0: as many as come in one piece). After the last batch: an empty one.
   * @throws EngineError, by throwing or by rejecting
   */
  next(limit?: number): Batch | Promise<Batch>;
  /** Ends it before its last row. Harmless afterwards. */
  close(): void;
}

/** How a transaction is to run. */
export type TransactionMode = {
  /** Writing in it is refused. Default false. */
  readonly readOnly?: boolean;
  /**
   * `statement` (the default; READ COMMITTED): until the first write every statement reads what is committed then.
   * `transaction` (REPEATABLE READ, SERIALIZABLE): all read one snapshot, and a write after another's commit fails.
   */
  readonly snapshot?: 'statement' | 'transaction';
};

/**
 * What SQL functions may ask about the session that runs them, such as its user; plain data. The engine carries it to
 * where the statement runs and knows nothing of what it means.
 */
export type SessionInfo = Readonly<Record<string, string | number | boolean | null>>;

/**
 * One client of the engine. Statements are SQLite's, one at a time, each a single statement with parameters `?1`, `?2`…;
 * transactions are begun and ended with the methods, never with statements.
 */
export interface SqlSession {
  /** Whether statements run where the session's own changes or temporary tables are: everything is then asynchronous. */
  readonly pinned: boolean;
  /** Whether a transaction is open. A failed statement leaves it open; what it changed itself is undone. */
  readonly inTransaction: boolean;
  /** The longest a statement may take, in milliseconds, waiting for the writer included; `Infinity` for no limit. */
  statementTimeoutMs: number;
  /** Replaced as a whole when something changes. */
  sessionInfo: SessionInfo;
  /** Compiles a statement without running it. */
  describe(sql: string): Description | Promise<Description>;
  /** Runs a statement. What is cheap by its plan is answered at once; everything else by an executor process. */
  execute(sql: string, parameters?: readonly Value[], options?: ExecuteOptions): Rows | Promise<Rows>;
  /**
   * Runs a statement that returns nothing once for each list of parameters.
   * @returns how many rows it changed
   */
  executeMany(sql: string, parameters: readonly (readonly Value[])[]): Promise<number>;
  /**
   * Gives a table another definition; its rows stay, and whether they keep to it is not looked at. Within a transaction only.
   * @throws EngineError; SqlError 0A000 for a change that would need a copy of a table to which others refer
   */
  redefine(change: Redefinition): Promise<void>;
  /** Waits for the right to write, and keeps it to the end of the transaction; nothing without a transaction. */
  lock(): Promise<void>;
  begin(mode?: TransactionMode): void;
  /** Changes how the transaction runs from now on; what is not given stays. */
  changeMode(mode: TransactionMode): void;
  /** Drops the session's temporary tables. */
  dropTemporary(): void | Promise<void>;
  commit(): void | Promise<void>;
  rollback(): void | Promise<void>;
  savepoint(name: string): void | Promise<void>;
  release(name: string): void | Promise<void>;
  rollbackTo(name: string): void | Promise<void>;
  /**
   * Stops the statement that runs, if any: it fails with the code `cancelled`. Safe at any time.
   * @param writing whether one writes that waits for its client, such as COPY: its transaction is lost. Default false
   */
  cancel(writing?: boolean): void;
  /** The client has left: stops what runs, rolls back, drops its temporary tables. */
  close(): void;
}
