/** A value as SQLite stores it: INTEGER is a bigint (exact beyond 2^53), REAL a number, TEXT a string, BLOB bytes. */
export type Value = null | bigint | number | string | Uint8Array;

/** A column of a result, and where it is from. */
export type Column = {
  readonly name: string;
  /** As it was declared in CREATE TABLE, such as `VARCHAR(20)`; null for an expression. */
  readonly declaredType: string | null;
  /** The table and the column it is read from; null for an expression. */
  readonly table: string | null;
  readonly column: string | null;
};

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
   * DataRow messages of the PostgreSQL protocol, whole, many in one piece of bytes.
   * `formats` are the codes of a Bind message: none, one for all, or one a column; 0 text, 1 binary.
   * `types` are the type OIDs that a Describe has told the client; 0 or missing: from the column or the first row.
   */
  | { readonly form: 'data-rows'; readonly formats: readonly number[]; readonly types: readonly number[] };

/** Some rows of a result, in order. */
export type Batch = {
  /** How many rows these are; 0 when there was none left. */
  readonly count: number;
  /** With the encoding `values`; otherwise empty. */
  readonly values: readonly (readonly Value[])[];
  /** With the encoding `data-rows`; otherwise empty. */
  readonly bytes: Uint8Array;
  /** Whether these are the last rows. */
  readonly last: boolean;
};

/** A statement that runs: its rows are pulled, batch by batch, and are made only as they are pulled. */
export interface Rows {
  readonly columns: readonly Column[];
  /** With the encoding `data-rows`, the type OID of each column; otherwise empty. */
  readonly types: readonly number[];
  /** How many rows the statement inserted, updated or deleted; known with the last batch. */
  readonly changes: bigint;
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
 * One client of the engine. Statements are SQLite's, one at a time, each a single statement with parameters `?1`, `?2`…;
 * transactions are begun and ended with the methods, never with statements.
 */
export interface SqlSession {
  /** Whether a transaction is open. A failed statement leaves it open; what it changed itself is undone. */
  readonly inTransaction: boolean;
  /** The longest a statement may take, in milliseconds, waiting for the writer included; `Infinity` for no limit. */
  statementTimeout: number;
  /** Compiles a statement without running it. */
  describe(sql: string): Description | Promise<Description>;
  /** Runs a statement. What is cheap by its plan is answered at once; everything else by an executor process. */
  execute(sql: string, parameters?: readonly Value[], encoding?: Encoding): Rows | Promise<Rows>;
  begin(mode?: TransactionMode): void;
  commit(): void | Promise<void>;
  rollback(): void | Promise<void>;
  savepoint(name: string): void | Promise<void>;
  release(name: string): void | Promise<void>;
  rollbackTo(name: string): void | Promise<void>;
  /** Stops the statement that runs, if any: it fails with the code `cancelled`. Safe at any time. */
  cancel(): void;
  /** The client has left: stops what runs, rolls back, drops its temporary tables. */
  close(): void;
}
