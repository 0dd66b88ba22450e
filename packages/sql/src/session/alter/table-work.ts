import { keyMarks } from '../../catalog/helper-views.ts';
import { namedConstraints } from '../../catalog/table-constraints.ts';
import { type DefinedColumn, readDefinition, type TableDefinition } from '../../catalog/table-definition.ts';
import { quoteName } from '../../dialect/keywords.ts';
import type { Value } from '../../engine/types.ts';
import { SqlError } from '../../sql-error.ts';
import type { SessionContext } from '../session-context.ts';
import { awaited, type Work } from '../work.ts';

/** What all changes of tables need: to read and give definitions, to run statements, to find names and keys. */
export class TableWork {
  readonly #context: SessionContext;
  readonly #temporary = new Set<string>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  notice(message: string): void {
    this.#context.notice('NOTICE', '00000', message);
  }

  /** Begins the transaction and takes the right to write: what is read from now on stays. */
  *lock(): Work {
    this.#context.block.beginImplicit();
    yield* awaited(this.#context.session.lock());
  }

  /** Runs a statement. @returns its rows */
  *run(sql: string, ...parameters: readonly Value[]): Work<(readonly Value[])[]> {
    const rows = yield* awaited(this.#context.session.execute(sql, parameters));
    const found: (readonly Value[])[] = [];
    for (let last = false; !last; ) {
      const batch = yield* awaited(rows.next());
      last = batch.last;
      found.push(...batch.values);
    }
    return found;
  }

  /** Compiles a statement without running it. */
  *describe(sql: string): Work {
    yield* awaited(this.#context.session.describe(sql));
  }

  /** The first column of the rows, as text. */
  *texts(sql: string, ...parameters: readonly Value[]): Work<string[]> {
    return (yield* this.run(sql, ...parameters)).map(([text]) => String(text));
  }

  /** @throws SqlError 42P01, 42809, 0A000 */
  *definition(table: string): Work<TableDefinition> {
    // A temporary table hides one of the database.
    const [found] = yield* this.run(
      `SELECT type, sql, 1 FROM temp.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type = 'table'
       UNION ALL
       SELECT type, sql, 0 FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')`,
      table,
    );
    if (found === undefined) throw new SqlError('42P01', `relation "${table}" does not exist`);
    const [type, sql, temporary] = found;
    if (temporary === 1n) this.#temporary.add(table);
    if (type === 'view') throw new SqlError('42809', `"${table}" is not a table`);
    let definition: TableDefinition | undefined;
    try {
      definition = readDefinition(String(sql));
    } catch {
      // Another program may have created it with syntax that is not known here.
    }
    if (definition !== undefined) return definition;
    throw new SqlError('0A000', `the definition of table "${table}" cannot be changed here`);
  }

  /** @throws SqlError 0A000 for a temporary table */
  *redefine(table: string, definition: string): Work {
    if (this.#temporary.has(table))
      throw new SqlError('0A000', `this change of the temporary table "${table}" is not supported`);
    const list = readDefinition(definition)?.list.from ?? 0;
    yield* awaited(this.#context.session.redefine({ table, definition, list }));
  }

  /** Gives a column of every row a value, without triggers. */
  *update(table: string, column: string, value: string): Work {
    const triggers = yield* this.run(
      "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE",
      table,
    );
    for (const [name] of triggers) yield* this.run(`DROP TRIGGER ${quoteName(String(name))}`);
    yield* this.run(`UPDATE ${quoteName(table)} SET ${quoteName(column)} = ${value}`);
    for (const [, sql] of triggers) yield* this.run(String(sql));
  }

  /** The columns of the primary key, also of one that was added later. */
  *primaryKey(table: string): Work<readonly string[] | undefined> {
    const own = yield* this.texts('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk', table);
    if (own.length > 0) return own;
    const [index] = yield* this.texts(
      `SELECT name FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = ?1 COLLATE NOCASE
       AND (sql LIKE '%${keyMarks.primaryKey}%' OR name = ?1 || '_pkey')`,
      table,
    );
    return index === undefined ? undefined : yield* this.columnsOfIndex(index);
  }

  *columnsOfIndex(name: string): Work<string[]> {
    return yield* this.texts('SELECT name FROM pragma_index_info(?) ORDER BY seqno', name);
  }

  /** The names of the indexes that are keys which were added later. */
  *keyIndexes(table: string): Work<string[]> {
    return yield* this.texts(
      `SELECT name FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE
       AND (sql LIKE '%${keyMarks.primaryKey}%' OR sql LIKE '%${keyMarks.unique}%'
            OR name LIKE '%!_key' ESCAPE '!' OR name LIKE '%!_pkey' ESCAPE '!')`,
      table,
    );
  }

  /**
   * The name for a new constraint: as given, or the first that is free of `usual`, `usual1` and so on.
   * @throws SqlError 42710 when a name that was given is taken
   */
  *constraintName(definition: TableDefinition, given: string | undefined, usual: string): Work<string> {
    const { table } = definition;
    const taken = new Set(namedConstraints(definition).map(({ constraint }) => constraint.name));
    for (const index of yield* this.keyIndexes(table)) taken.add(index);
    if (given === undefined) return firstFree(usual, taken);
    if (!taken.has(given)) return given;
    throw new SqlError('42710', `constraint "${given}" for relation "${table}" already exists`);
  }

  /** The name for the index of a new key, which no relation may have. @throws SqlError 42P07 */
  *keyName(given: string | undefined, usual: string): Work<string> {
    const taken = new Set(yield* this.texts('SELECT name FROM main.sqlite_schema'));
    if (given === undefined) return firstFree(usual, taken);
    if (!taken.has(given)) return given;
    throw new SqlError('42P07', `relation "${given}" already exists`);
  }
}

function firstFree(usual: string, taken: ReadonlySet<string>): string {
  let free = usual;
  for (let count = 1; taken.has(free); count++) free = `${usual}${count}`;
  return free;
}

export function columnOf({ columns }: TableDefinition, name: string): DefinedColumn | undefined {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}

/** @throws SqlError 42703 */
export function existingColumn(definition: TableDefinition, name: string): DefinedColumn {
  const column = columnOf(definition, name);
  if (column !== undefined) return column;
  throw new SqlError('42703', `column "${name}" of relation "${definition.table}" does not exist`);
}

/** Whether a column is SQLite's number of the row: the one column of the primary key, called INTEGER. */
export function isRowNumber(definition: TableDefinition, name: string): boolean {
  const column = columnOf(definition, name);
  const key = definition.constraints.find(({ kind }) => kind === 'primary key');
  if (column === undefined || key?.columns.length !== 1) return false;
  const type = definition.sql.slice(column.type.from, column.type.to);
  return key.columns[0]?.toLowerCase() === name.toLowerCase() && type.toUpperCase() === 'INTEGER';
}

/** `a, b`, for SQLite. */
export function listed(names: readonly string[]): string {
  return names.map(quoteName).join(', ');
}
