import { withConstraint } from '../../catalog/definition-edits.ts';
import { keyMarks } from '../../catalog/helper-views.ts';
import { quoteName } from '../../dialect/keywords.ts';
import type { TableChangeOf } from '../../dialect/translation.ts';
import { SqlError } from '../../sql-error.ts';
import { plainText } from '../../types/value-text.ts';
import type { Work } from '../work.ts';
import { columnOf, existingColumn, listed, type TableWork } from './table-work.ts';

/** ADD FOREIGN KEY. @throws SqlError 42P01, 42703, 42704, 42710, 42830, 23503 */
export function* addForeignKey(work: TableWork, change: TableChangeOf<'add foreign key'>): Work {
  const { table, columns, referenced, rules, valid } = change;
  const definition = yield* work.definition(table);
  const target = yield* work.definition(referenced.table);
  const keys = referenced.columns.length > 0 ? referenced.columns : yield* work.primaryKey(referenced.table);
  if (keys === undefined)
    throw new SqlError('42704', `there is no primary key for referenced table "${referenced.table}"`);
  const missing =
    columns.find((name) => columnOf(definition, name) === undefined) ??
    keys.find((name) => columnOf(target, name) === undefined);
  if (missing !== undefined)
    throw new SqlError('42703', `column "${missing}" referenced in foreign key constraint does not exist`);
  if (keys.length !== columns.length)
    throw new SqlError('42830', 'number of referencing and referenced columns for foreign key disagree');
  const name = yield* work.constraintName(definition, change.name, `${table}_${columns.join('_')}_fkey`);
  const text =
    `CONSTRAINT ${quoteName(name)} FOREIGN KEY (${listed(columns)}) ` +
    `REFERENCES ${quoteName(referenced.table)} (${listed(keys)})${rules}`;
  yield* work.redefine(table, withConstraint(definition, text));
  if (valid) yield* checkForeignKey(work, change, name);
}

function* checkForeignKey(
  work: TableWork,
  { table, columns, referenced }: TableChangeOf<'add foreign key'>,
  constraint: string,
): Work {
  // The last key of a definition has the number 0.
  const [broken] = yield* work.run(
    'SELECT "rowid" FROM pragma_foreign_key_check(?) WHERE fkid = 0 LIMIT 1',
    table,
  );
  if (broken === undefined) return;
  const [row = null] = broken;
  // Tables WITHOUT ROWID have no number of the row.
  const select = `SELECT ${listed(columns)} FROM ${quoteName(table)} WHERE rowid = ?`;
  const [values] = row === null ? [] : yield* work.run(select, row);
  const shown = values?.map((value) => (value === null ? 'null' : plainText(value))).join(', ');
  const detail = `Key (${columns.join(', ')})=(${shown}) is not present in table "${referenced.table}".`;
  const message = `insert or update on table "${table}" violates foreign key constraint "${constraint}"`;
  const where = { schema: 'public', table, constraint };
  throw new SqlError('23503', message, shown === undefined ? where : { ...where, detail });
}

/** ADD CHECK; a row where the condition is NULL keeps to it. @throws SqlError 42P01, 42710, 23514 */
export function* addCheck(work: TableWork, change: TableChangeOf<'add check'>): Work {
  const { table, condition, valid } = change;
  const definition = yield* work.definition(table);
  const name = yield* work.constraintName(definition, change.name, change.usualName);
  yield* work.redefine(
    table,
    withConstraint(definition, `CONSTRAINT ${quoteName(name)} CHECK (${condition})`),
  );
  if (!valid) return;
  const broken = yield* work.run(`SELECT 1 FROM ${quoteName(table)} WHERE NOT (${condition}) LIMIT 1`);
  if (broken.length === 0) return;
  throw new SqlError('23514', `check constraint "${name}" of relation "${table}" is violated by some row`, {
    schema: 'public',
    table,
    constraint: name,
  });
}

/** ADD PRIMARY KEY, ADD UNIQUE: an index of that name. @throws SqlError 42P01, 42703, 42P07, 42P16; what SQLite says */
export function* addKey(work: TableWork, { table, columns, name, primary }: TableChangeOf<'add key'>): Work {
  const definition = yield* work.definition(table);
  for (const column of columns) {
    if (columnOf(definition, column) === undefined)
      throw new SqlError('42703', `column "${column}" named in key does not exist`);
  }
  if (primary) {
    if ((yield* work.primaryKey(table)) !== undefined)
      throw new SqlError('42P16', `multiple primary keys for table "${table}" are not allowed`);
    for (const column of columns) yield* setNotNull(work, table, column);
  }
  const usual = primary ? `${table}_pkey` : `${table}_${columns.join('_')}_key`;
  const index = yield* work.keyName(name, usual);
  const mark = primary ? keyMarks.primaryKey : keyMarks.unique;
  yield* work.run(
    `CREATE UNIQUE INDEX ${quoteName(index)} ON ${mark} ${quoteName(table)} (${listed(columns)})`,
  );
}

/** SET NOT NULL. @throws SqlError 42P01, 42703, 23502 */
export function* setNotNull(work: TableWork, table: string, name: string): Work {
  existingColumn(yield* work.definition(table), name);
  const column = quoteName(name);
  const empty = yield* work.run(`SELECT 1 FROM ${quoteName(table)} WHERE ${column} IS NULL LIMIT 1`);
  if (empty.length > 0)
    throw new SqlError('23502', `column "${name}" of relation "${table}" contains null values`, {
      schema: 'public',
      table,
      column: name,
    });
  yield* work.run(`ALTER TABLE ${quoteName(table)} ALTER COLUMN ${column} SET NOT NULL`);
}
