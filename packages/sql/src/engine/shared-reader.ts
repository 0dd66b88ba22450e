import type { StatementSync } from 'node:sqlite';
import { bindable, type Connection, type Prepared } from './connection.ts';
import type { DatabaseFile } from './database-file.ts';
import { type Cost, costOf, sameWalk } from './plan.ts';
import type { RelationInfo, SessionInfo, Value } from './types.ts';

/** How many rows of one answer are read here; more of them come from an executor. */
const MAX_INLINE_ROWS = 256;
/** How many compiled statements are kept; the one that was used longest ago goes first. */
const MAX_CACHED_STATEMENTS = 1_000;
/** How often an answer may turn out too long before it is not tried here any more. */
const MAX_OVERFLOWS = 2;

/** A statement that was compiled here. */
export type CachedStatement = Prepared & {
  readonly cost: Cost;
  /** The same with a limit of one row more than is read here, where that can be had: rows that come at once are cheaper. */
  readonly limited: StatementSync | undefined;
  overflows: number;
};

/**
 * The connection of the event loop itself. It compiles every statement, to know what it would do and cost, and runs those
 * that are cheap. All that it reads in one turn of the event loop is read in one transaction: beginning one for each
 * look-up would cost several times the look-up.
 */
export class SharedReader {
  readonly #connection: Connection;
  readonly #cheapFunctions: ReadonlySet<string>;
  readonly #file: DatabaseFile;
  readonly #known = new Map<string, CachedStatement>();
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #tableInfo: StatementSync;
  readonly #uniqueIndexes: StatementSync;
  readonly #relations = new Map<string, RelationInfo | undefined>();
  #schemaVersion: Value | undefined;
  #schemaCount = 0;
  #reading = false;
  #closed = false;

  /** @param connection that cannot write, so that closing it leaves the file as it is */
  constructor(connection: Connection, cheapFunctions: ReadonlySet<string>, file: DatabaseFile) {
    this.#connection = connection;
    this.#cheapFunctions = cheapFunctions;
    this.#file = file;
    this.#begin = connection.prepareTrusted('BEGIN');
    this.#commit = connection.prepareTrusted('COMMIT');
    // What is nowhere in the schema of the file is a view of the catalog, which has its numbers elsewhere.
    this.#tableInfo = connection.prepareTrusted(
      `SELECT (SELECT rowid FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')),
              name, type, "notnull", dflt_value, cid
       FROM pragma_table_xinfo(?1) WHERE hidden <> 1`,
    );
    this.#uniqueIndexes = connection.prepareTrusted(
      `SELECT l.name, i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i
       WHERE l."unique" AND l.origin = 'c' ORDER BY l.seq, i.seqno`,
    );
  }

  /** Another number whenever the schema is another. */
  get schema(): number {
    // Statements that read nothing, such as ROLLBACK, are compiled also when the file cannot be read any more.
    if (!this.#closed) this.#enter();
    return this.#schemaCount;
  }

  /** A table or view; undefined if there is no such relation. */
  relation(called: string): RelationInfo | undefined {
    this.#enter();
    const name = called.toLowerCase();
    if (this.#relations.has(name)) return this.#relations.get(name);
    const rows = this.#tableInfo.all(name) as unknown as [
      bigint,
      string,
      string,
      bigint,
      string | null,
      bigint,
    ][];
    const columns = new Map(
      rows.map(([, column, declaredType, notNull, defaultText, index]) => [
        column.toLowerCase(),
        { declaredType, notNull: notNull !== 0n, defaultText, place: Number(index) + 1 },
      ]),
    );
    const row = Number(rows[0]?.[0] ?? 0);
    const known = columns.size === 0 ? undefined : { row, columns };
    if (this.#relations.size < MAX_CACHED_STATEMENTS) this.#relations.set(name, known);
    return known;
  }

  /** The name of the index which makes columns of a table unique. */
  uniqueIndex(table: string, columns: readonly string[]): string | undefined {
    this.#enter();
    const rows = this.#uniqueIndexes.all(table) as unknown as [index: string, column: string][];
    const indexes = Map.groupBy(rows, ([index]) => index);
    const sought = columns.join().toLowerCase();
    for (const [index, of] of indexes) {
      if (
        of
          .map(([, column]) => column)
          .join()
          .toLowerCase() === sought
      )
        return index;
    }
    return undefined;
  }

  /**
   * Compiles a statement, or remembers it.
   * @throws EngineError
   */
  compile(sql: string, sessionInfo: SessionInfo): CachedStatement {
    this.#enter();
    const known = this.#known.get(sql);
    if (known !== undefined) return known;
    this.#connection.sessionInfo.current = sessionInfo;
    const prepared = this.#connection.prepare(sql);
    const { effects } = prepared;
    const reads = !effects.writes && !effects.writesTemporary && prepared.columns.length > 0;
    const program = reads ? this.#connection.explain(sql) : undefined;
    const cost = program === undefined ? 'heavy' : costOf(program, effects.functions, this.#cheapFunctions);
    const limited = program !== undefined && cost === 'stepwise' ? this.#limited(sql, program) : undefined;
    const made = { ...prepared, cost, limited, overflows: 0 };
    if (this.#known.size >= MAX_CACHED_STATEMENTS) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(sql, made);
    return made;
  }

  /**
   * The whole answer of a statement, if it is cheap; undefined when it is not, or has more than `most` rows.
   * @throws EngineError
   */
  read(
    known: CachedStatement,
    parameters: readonly Value[],
    sessionInfo: SessionInfo,
    most: number,
  ): readonly (readonly Value[])[] | undefined {
    if (known.cost === 'heavy' || known.overflows > MAX_OVERFLOWS) return undefined;
    this.#enter();
    this.#connection.sessionInfo.current = sessionInfo;
    try {
      if (known.cost === 'point') return known.statement.all(...bindable(parameters)) as unknown as Value[][];
      return this.#step(known, parameters, Math.min(most, MAX_INLINE_ROWS));
    } catch (error) {
      throw this.#connection.failure(error);
    }
  }

  /** What is read from now on is what is committed now. */
  refresh(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#commit.run();
  }

  close(): void {
    if (this.#closed) return;
    this.refresh();
    this.#closed = true;
    this.#connection.close();
  }

  #limited(sql: string, program: readonly (readonly Value[])[]): StatementSync | undefined {
    const text = `SELECT * FROM (${sql}\n) LIMIT ${MAX_INLINE_ROWS + 1}`;
    try {
      const other = this.#connection.explain(text);
      const same = other !== undefined && sameWalk(program, other);
      return same ? this.#connection.prepareTrusted(text) : undefined;
    } catch {
      // Not every statement can be part of another.
      return undefined;
    }
  }

  #step(known: CachedStatement, parameters: readonly Value[], most: number): Value[][] | undefined {
    if (known.limited !== undefined) {
      const rows = known.limited.all(...bindable(parameters)) as unknown as Value[][];
      if (rows.length <= most) return rows;
      known.overflows++;
      return undefined;
    }
    const rows: Value[][] = [];
    for (const row of known.statement.iterate(...bindable(parameters))) {
      if (rows.length === most) {
        known.overflows++;
        return undefined;
      }
      rows.push(row as unknown as Value[]);
    }
    return rows;
  }

  /** Begins the transaction of this turn; a change of the schema makes everything known stale. */
  #enter(): void {
    if (this.#reading) return;
    this.#file.checkReading();
    this.#begin.run();
    this.#reading = true;
    setImmediate(this.#leave);
    const version = this.#connection.schemaVersion;
    if (version === this.#schemaVersion) return;
    this.#schemaVersion = version;
    this.#schemaCount++;
    this.#known.clear();
    this.#relations.clear();
  }

  readonly #leave = (): void => {
    if (!this.#closed) this.refresh();
  };
}
