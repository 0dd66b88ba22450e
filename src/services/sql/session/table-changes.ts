import { withConstraint, withDefault, withoutConstraint, withType } from '../catalog/definition-edits.ts';
import { type NamedConstraint, namedConstraints } from '../catalog/table-constraints.ts';
import { type DefinedColumn, readDefinition, type TableDefinition } from '../catalog/table-definition.ts';
import { keyMarks } from '../dialect/key-marks.ts';
import { quoteName } from '../dialect/keywords.ts';
import type { Step, TableChange } from '../dialect/translation.ts';
import type { Value } from '../engine/types.ts';
import { typeOfDeclared } from '../wire/declared-type.ts';
import { SqlError } from '../wire/sql-error.ts';
import { oids } from '../wire/types.ts';
import { plainText } from '../wire/value-text.ts';
import type { SessionContext } from './session-context.ts';
import { settled, type Work } from './work.ts';

/** The changes of one kind. */
type Of<Kind extends TableChange['kind']> = Extract<TableChange, { readonly kind: Kind }>;

/**
 * Carries out ALTER TABLE where SQLite has no statement for it: the definition of the table is read, changed token by token,
 * and given to the table; then its rows are looked at. All in the transaction of the statement.
 * @throws SqlError, EngineError
 */
export function* changeTable(context: SessionContext, steps: readonly Step[]): Work {
  context.block.beginImplicit();
  yield* settled(context.session.lock());
  const changer = new TableChanger(context);
  for (const step of steps) yield* typeof step === 'string' ? changer.run(step) : changer.change(step);
}

class TableChanger {
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  *change(change: TableChange): Work {
    switch (change.kind) {
      case 'add foreign key':
        return yield* this.#addForeignKey(change);
      case 'drop constraint':
        return yield* this.#dropConstraint(change);
      case 'set default':
        return yield* this.#setDefault(change);
      case 'set type':
        return yield* this.#setType(change);
      case 'need no primary key':
        if ((yield* this.#primaryKey(change.table)) !== undefined)
          throw new SqlError('42P16', `multiple primary keys for table "${change.table}" are not allowed`);
    }
  }

  /** Runs a statement. @returns its rows */
  *run(sql: string, parameters: readonly Value[] = []): Work<(readonly Value[])[]> {
    const rows = yield* settled(this.#context.session.execute(sql, parameters));
    const found: (readonly Value[])[] = [];
    for (let last = false; !last; ) {
      const batch = yield* settled(rows.next());
      last = batch.last;
      found.push(...batch.values);
    }
    return found;
  }

  *#texts(sql: string, ...parameters: readonly Value[]): Work<string[]> {
    return (yield* this.run(sql, parameters)).map(([text]) => String(text));
  }

  *#definition(table: string): Work<TableDefinition> {
    const [found] = yield* this.run(
      "SELECT type, sql FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')",
      [table],
    );
    if (found === undefined) throw noRelation(table);
    const [type, sql] = found;
    if (type === 'view') throw new SqlError('42809', `"${table}" is not a table`);
    let definition: TableDefinition | undefined;
    try {
      definition = readDefinition(String(sql));
    } catch {
      // Another program may have created it in words that we do not know.
    }
    if (definition !== undefined) return definition;
    throw new SqlError('0A000', `the definition of table "${table}" cannot be changed here`);
  }

  *#redefine(table: string, definition: string): Work {
    const list = readDefinition(definition)?.list.from ?? 0;
    yield* settled(this.#context.session.redefine({ table, definition, list }));
  }

  *#addForeignKey(change: Of<'add foreign key'>): Work {
    const { table, columns, referenced, rules, valid } = change;
    const definition = yield* this.#definition(table);
    const target = yield* this.#definition(referenced.table);
    let { columns: keys } = referenced;
    if (keys.length === 0) {
      const key = yield* this.#primaryKey(referenced.table);
      if (key === undefined)
        throw new SqlError('42704', `there is no primary key for referenced table "${referenced.table}"`);
      keys = key;
    }
    for (const [of, names] of [
      [definition, columns],
      [target, keys],
    ] as const) {
      const missing = names.find((name) => columnOf(of, name) === undefined);
      if (missing !== undefined)
        throw new SqlError(
          '42703',
          `column "${missing}" referenced in foreign key constraint does not exist`,
        );
    }
    if (keys.length !== columns.length)
      throw new SqlError('42830', 'number of referencing and referenced columns for foreign key disagree');
    const name = yield* this.#freeName(definition, change.name, `${table}_${columns.join('_')}_fkey`);
    const text =
      `CONSTRAINT ${quoteName(name)} FOREIGN KEY (${listed(columns)}) ` +
      `REFERENCES ${quoteName(referenced.table)} (${listed(keys)})${rules}`;
    yield* this.#redefine(table, withConstraint(definition, text));
    if (valid) yield* this.#checkForeignKey(change, name);
  }

  /** The last key of a definition has the number 0. */
  *#checkForeignKey({ table, columns, referenced }: Of<'add foreign key'>, name: string): Work {
    const [broken] = yield* this.run(
      'SELECT "rowid" FROM pragma_foreign_key_check(?) WHERE fkid = 0 LIMIT 1',
      [table],
    );
    if (broken === undefined) return;
    const [row = null] = broken;
    // Tables WITHOUT ROWID do not tell which row it is.
    const select = `SELECT ${listed(columns)} FROM ${quoteName(table)} WHERE rowid = ?`;
    const [values] = row === null ? [] : yield* this.run(select, [row]);
    const shown = values?.map((value) => (value === null ? 'null' : plainText(value))).join(', ');
    const detail =
      shown === undefined
        ? {}
        : { detail: `Key (${columns.join(', ')})=(${shown}) is not present in table "${referenced.table}".` };
    throw new SqlError(
      '23503',
      `insert or update on table "${table}" violates foreign key constraint "${name}"`,
      {
        ...detail,
        schema: 'public',
        table,
        constraint: name,
      },
    );
  }

  *#dropConstraint({ table, name, ifExists }: Of<'drop constraint'>): Work {
    const definition = yield* this.#definition(table);
    const found = namedConstraints(definition).find(({ told }) => told.name === name);
    if (found !== undefined) {
      yield* this.#dropDefined(definition, found);
      return;
    }
    if ((yield* this.#keyIndexes(table)).includes(name)) {
      yield* this.#needUnused(table, name, yield* this.#columnsOfIndex(name));
      yield* this.run(`DROP INDEX ${quoteName(name)}`);
      return;
    }
    const message = `constraint "${name}" of relation "${table}" does not exist`;
    if (!ifExists) throw new SqlError('42704', message);
    this.#context.notice('NOTICE', '00000', `${message}, skipping`);
  }

  *#dropDefined(definition: TableDefinition, { told, written }: NamedConstraint): Work {
    const { table } = definition;
    const isKey = told.kind === 'p' || told.kind === 'u';
    if (isKey) yield* this.#needUnused(table, told.name, told.columns);
    const [column] = told.columns;
    if (told.kind === 'p' && column !== undefined && isRowNumber(definition, column)) {
      throw new SqlError(
        '0A000',
        `the primary key of "${table}", by which SQLite numbers its rows, cannot be dropped`,
      );
    }
    yield* this.#redefine(table, withoutConstraint(definition, written));
  }

  /** @throws SqlError 2BP01 when a foreign key is of these columns */
  *#needUnused(table: string, name: string, columns: readonly string[]): Work {
    const users = yield* this.run(
      `SELECT m.name, json_group_array(coalesce(f."to", '') ORDER BY f.seq)
       FROM main.sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f
       WHERE m.type = 'table' AND f."table" = ? COLLATE NOCASE GROUP BY m.name, f.id`,
      [table],
    );
    const sought = columns.map((column) => column.toLowerCase()).join();
    const user = users.find(([, to]) => {
      const names = (JSON.parse(String(to)) as string[]).join().toLowerCase();
      return names === sought || names.replaceAll(',', '') === '';
    });
    if (user === undefined) return;
    const message = `cannot drop constraint ${name} on table ${table} because other objects depend on it`;
    throw new SqlError('2BP01', message, { detail: `a foreign key of table ${user[0]} depends on it` });
  }

  *#setDefault({ table, column: name, text }: Of<'set default'>): Work {
    const definition = yield* this.#definition(table);
    const column = existing(definition, name);
    const had = definition.constraints.some(({ kind, of }) => kind === 'default' && of === column.name);
    if (!had && text === undefined) return;
    // A row from before the column was added has no value of its own: what it shows is the default.
    if (!isRowNumber(definition, name)) yield* this.#update(table, name, quoteName(name));
    yield* this.#redefine(table, withDefault(definition, column, text));
  }

  *#setType({ table, column: name, declared, value, using }: Of<'set type'>): Work {
    const definition = yield* this.#definition(table);
    const column = existing(definition, name);
    const before = typeOfDeclared(definition.sql.slice(column.type.from, column.type.to))?.oid ?? oids.text;
    const after = typeOfDeclared(declared)?.oid ?? oids.text;
    // It is called INTEGER, whatever its size: any other name would be another kind of key.
    if (isRowNumber(definition, name) && whole.has(after)) return;
    yield* this.#redefine(table, withType(definition, column, declared));
    const same = before === after || (texts.has(before) && texts.has(after));
    if (using || !same) yield* this.#update(table, name, value);
  }

  /** Changes every row, without triggers. */
  *#update(table: string, column: string, value: string): Work {
    const triggers = yield* this.run(
      "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE",
      [table],
    );
    for (const [name] of triggers) yield* this.run(`DROP TRIGGER ${quoteName(String(name))}`);
    yield* this.run(`UPDATE ${quoteName(table)} SET ${quoteName(column)} = ${value}`);
    for (const [, sql] of triggers) yield* this.run(String(sql));
  }

  /** The columns of the primary key, also of one that was added later. */
  *#primaryKey(table: string): Work<readonly string[] | undefined> {
    const own = yield* this.#texts('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk', table);
    if (own.length > 0) return own;
    const [index] = yield* this.#texts(
      `SELECT name FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = ?1 COLLATE NOCASE
       AND (sql LIKE '%${keyMarks.primaryKey}%' OR name = ?1 || '_pkey')`,
      table,
    );
    return index === undefined ? undefined : yield* this.#columnsOfIndex(index);
  }

  #columnsOfIndex(name: string): Work<string[]> {
    return this.#texts('SELECT name FROM pragma_index_info(?) ORDER BY seqno', name);
  }

  /** The names of the indexes that are keys which were added later. */
  #keyIndexes(table: string): Work<string[]> {
    return this.#texts(
      `SELECT name FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE
       AND (sql LIKE '%${keyMarks.primaryKey}%' OR sql LIKE '%${keyMarks.unique}%' OR name LIKE '%!_key' ESCAPE '!' OR name LIKE '%!_pkey' ESCAPE '!')`,
      table,
    );
  }

  /** @throws SqlError 42710 when a name that was given is taken */
  *#freeName(definition: TableDefinition, given: string | undefined, usual: string): Work<string> {
    const { table } = definition;
    const taken = new Set(namedConstraints(definition).map(({ told }) => told.name));
    for (const index of yield* this.#keyIndexes(table)) taken.add(index);
    if (given !== undefined) {
      if (taken.has(given))
        throw new SqlError('42710', `constraint "${given}" for relation "${table}" already exists`);
      return given;
    }
    let free = usual;
    for (let count = 1; taken.has(free); count++) free = `${usual}${count}`;
    return free;
  }
}

const whole: ReadonlySet<number> = new Set([oids.int2, oids.int4, oids.int8]);
const texts: ReadonlySet<number> = new Set([oids.text, oids.varchar]);

function listed(names: readonly string[]): string {
  return names.map(quoteName).join(', ');
}

function noRelation(table: string): SqlError {
  return new SqlError('42P01', `relation "${table}" does not exist`);
}

function columnOf({ columns }: TableDefinition, name: string): DefinedColumn | undefined {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}

function existing(definition: TableDefinition, name: string): DefinedColumn {
  const column = columnOf(definition, name);
  if (column !== undefined) return column;
  throw new SqlError('42703', `column "${name}" of relation "${definition.table}" does not exist`);
}

/** Whether a column is SQLite's number of the row: the one column of the primary key, called INTEGER. */
function isRowNumber(definition: TableDefinition, name: string): boolean {
  const column = columnOf(definition, name);
  const key = definition.constraints.find(({ kind }) => kind === 'primary key');
  if (column === undefined || key?.columns.length !== 1) return false;
  const type = definition.sql.slice(column.type.from, column.type.to);
  return key.columns[0]?.toLowerCase() === name.toLowerCase() && type.toUpperCase() === 'INTEGER';
}
