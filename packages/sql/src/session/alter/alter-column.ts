import { withColumn, withDefault, withoutConstraint, withType } from '../../catalog/definition-edits.ts';
import type { DefinedConstraint } from '../../catalog/table-definition.ts';
import { quoteName } from '../../dialect/keywords.ts';
import type { TableChangeOf } from '../../dialect/translation.ts';
import { tokenize } from '../../parse/tokens.ts';
import { SqlError } from '../../sql-error.ts';
import { typeOfDeclared } from '../../types/declared-type.ts';
import { oids } from '../../types/pg-type.ts';
import type { Work } from '../work.ts';
import { addKey } from './add-constraint.ts';
import { columnOf, existingColumn, isRowNumber, type TableWork } from './table-work.ts';

/** SET DEFAULT, DROP DEFAULT. @throws SqlError 42P01, 42703 */
export function* setDefault(
  work: TableWork,
  { table, column: name, text }: TableChangeOf<'set default'>,
): Work {
  const definition = yield* work.definition(table);
  const column = existingColumn(definition, name);
  const old = definition.constraints.find(({ kind, of }) => kind === 'default' && of === column.name);
  if (old?.text === text) return;
  // A row from before the column was added has no value of its own: what it shows is the default.
  if (!isRowNumber(definition, name)) yield* work.update(table, name, quoteName(name));
  yield* work.redefine(table, withDefault(definition, column, text));
}

const whole: ReadonlySet<number> = new Set([oids.int2, oids.int4, oids.int8]);
const texts: ReadonlySet<number> = new Set([oids.text, oids.varchar]);

/** TYPE. @throws SqlError 42P01, 42703; what a value says that is none of the type */
export function* setType(work: TableWork, change: TableChangeOf<'set type'>): Work {
  const { table, column: name, declared, value, using } = change;
  const definition = yield* work.definition(table);
  const column = existingColumn(definition, name);
  const before = typeOfDeclared(definition.sql.slice(column.type.from, column.type.to))?.oid ?? oids.text;
  const after = typeOfDeclared(declared)?.oid ?? oids.text;
  // It is called INTEGER, whatever its size: any other name would be another kind of key.
  if (isRowNumber(definition, name) && whole.has(after)) return;
  yield* work.redefine(table, withType(definition, column, declared));
  const same = before === after || (texts.has(before) && texts.has(after));
  if (using || !same) yield* work.update(table, name, value);
}

/**
 * ADD COLUMN of which SQLite says that it cannot add it: one that is unique, or NOT NULL without a default, or has a default
 * that is no constant. It is added bare first; that its rows keep to what it is declared with is seen as they are given their
 * values.
 * @throws SqlError 42P01, 42701, 23502, 23503, 23514
 */
export function* addColumn(work: TableWork, change: TableChangeOf<'add column'>): Work {
  const { table, column: name, text, declared, value, unique, primary, ifNotExists } = change;
  const before = yield* work.definition(table);
  if (columnOf(before, name) !== undefined) {
    const message = `column "${name}" of relation "${table}" already exists`;
    if (!ifNotExists) throw new SqlError('42701', message);
    work.notice(`${message}, skipping`);
    return;
  }
  yield* work.run(`ALTER TABLE ${quoteName(table)} ADD COLUMN ${quoteName(name)} ${declared}`);
  const bare = yield* work.definition(table);
  yield* work.redefine(table, withColumn(bare, existingColumn(bare, name), text));
  if (!primary) yield* work.update(table, name, value);
  if (unique !== undefined)
    yield* addKey(work, { kind: 'add key', table, columns: [name], name: unique.name, primary: false });
}

/** DROP COLUMN: keys, conditions and indexes that have it go with it. @throws SqlError 42P01, 42703 */
export function* dropColumn(work: TableWork, change: TableChangeOf<'drop column'>): Work {
  const { table, column: name, ifExists } = change;
  const definition = yield* work.definition(table);
  if (ifExists && columnOf(definition, name) === undefined) {
    work.notice(`column "${name}" of relation "${table}" does not exist, skipping`);
    return;
  }
  existingColumn(definition, name);
  let { sql } = definition;
  // From the last to the first, so that the places of those before stay right.
  for (const constraint of [...definition.constraints].reverse()) {
    if (involves(constraint, name)) sql = withoutConstraint({ ...definition, sql }, constraint);
  }
  if (sql !== definition.sql) yield* work.redefine(table, sql);
  const indexes = yield* work.texts(
    `SELECT DISTINCT l.name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i
     WHERE l.origin = 'c' AND i.name = ? COLLATE NOCASE`,
    table,
    name,
  );
  for (const index of indexes) yield* work.run(`DROP INDEX ${quoteName(index)}`);
  yield* work.run(`ALTER TABLE ${quoteName(table)} DROP COLUMN ${quoteName(name)}`);
}

/** Whether a constraint would stand in the way of the column's leaving: a key that has it, or a condition that names it. */
function involves({ kind, columns, text }: DefinedConstraint, name: string): boolean {
  const sought = name.toLowerCase();
  if (kind === 'check') return tokenize(text).some(({ value }) => value.toLowerCase() === sought);
  const isKey = kind === 'unique' || kind === 'foreign key';
  return isKey && columns.some((column) => column.toLowerCase() === sought);
}
