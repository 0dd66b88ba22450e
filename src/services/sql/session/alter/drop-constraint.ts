import { withoutConstraint } from '../../catalog/definition-edits.ts';
import { type NamedConstraint, namedConstraints } from '../../catalog/table-constraints.ts';
import type { TableDefinition } from '../../catalog/table-definition.ts';
import { quoteName } from '../../dialect/keywords.ts';
import type { TableChangeOf } from '../../dialect/translation.ts';
import { SqlError } from '../../wire/sql-error.ts';
import type { Work } from '../work.ts';
import { isRowNumber, type TableWork } from './table-work.ts';

/** DROP CONSTRAINT. @throws SqlError 42P01, 42704, 2BP01, 0A000 */
export function* dropConstraint(
  work: TableWork,
  { table, name, ifExists }: TableChangeOf<'drop constraint'>,
): Work {
  const definition = yield* work.definition(table);
  const found = namedConstraints(definition).find(({ told }) => told.name === name);
  if (found !== undefined) {
    yield* dropDefined(work, definition, found);
    return;
  }
  if ((yield* work.keyIndexes(table)).includes(name)) {
    yield* needUnused(work, table, name, yield* work.columnsOfIndex(name));
    yield* work.run(`DROP INDEX ${quoteName(name)}`);
    return;
  }
  const message = `constraint "${name}" of relation "${table}" does not exist`;
  if (!ifExists) throw new SqlError('42704', message);
  work.notice(`${message}, skipping`);
}

function* dropDefined(
  work: TableWork,
  definition: TableDefinition,
  { told, written }: NamedConstraint,
): Work {
  const { table } = definition;
  if (told.kind === 'p' || told.kind === 'u') yield* needUnused(work, table, told.name, told.columns);
  const [column] = told.columns;
  if (told.kind === 'p' && column !== undefined && isRowNumber(definition, column)) {
    throw new SqlError(
      '0A000',
      `the primary key of "${table}", by which SQLite numbers its rows, cannot be dropped`,
    );
  }
  yield* work.redefine(table, withoutConstraint(definition, written));
}

/** @throws SqlError 2BP01 when a foreign key is of these columns */
function* needUnused(work: TableWork, table: string, name: string, columns: readonly string[]): Work {
  const keys = yield* work.run(
    `SELECT m.name, json_group_array(coalesce(f."to", '') ORDER BY f.seq)
     FROM main.sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f
     WHERE m.type = 'table' AND f."table" = ? COLLATE NOCASE GROUP BY m.name, f.id`,
    table,
  );
  const sought = columns.join().toLowerCase();
  const user = keys.find(([, to]) => {
    const names = (JSON.parse(String(to)) as string[]).join().toLowerCase();
    return names === sought || /^,*$/.test(names);
  });
  if (user === undefined) return;
  const message = `cannot drop constraint ${name} on table ${table} because other objects depend on it`;
  throw new SqlError('2BP01', message, { detail: `a foreign key of table ${user[0]} depends on it` });
}

/**
 * Frees tables that are about to be dropped of the foreign keys that refer to them: SQLite would empty them first, and so do
 * to the rows of others what these keys say.
 * @throws SqlError 2BP01 when others refer to them and CASCADE was not said
 */
export function* freeTables(work: TableWork, { tables, cascade }: TableChangeOf<'free tables'>): Work {
  const named = (list: readonly string[]) => new Set(list.map((name) => name.toLowerCase()));
  const dropped = named(tables);
  const find = `SELECT m.name, f."table" FROM main.sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f
    WHERE m.type = 'table' AND f."table" <> m.name COLLATE NOCASE AND f."table" COLLATE NOCASE IN (SELECT value FROM json_each(?))`;
  const referring = yield* work.run(find, JSON.stringify(tables));
  if (referring.length === 0) return;
  for (const [child, parent] of referring) {
    if (cascade || dropped.has(String(child).toLowerCase())) continue;
    throw new SqlError('2BP01', `cannot drop table ${parent} because other objects depend on it`, {
      detail: `a foreign key of table ${child} depends on table ${parent}`,
      hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
    });
  }
  yield* work.lock();
  const gone: string[] = [];
  for (const child of new Set(referring.map(([name]) => String(name)))) {
    const definition = yield* work.definition(child);
    let { sql } = definition;
    // From the last to the first, so that the places of those before stay right.
    for (const { told, written } of namedConstraints(definition).reverse()) {
      if (told.kind !== 'f' || !dropped.has(told.table?.toLowerCase() ?? '')) continue;
      sql = withoutConstraint({ ...definition, sql }, written);
      if (!dropped.has(child.toLowerCase())) gone.push(`constraint ${told.name} on table ${child}`);
    }
    yield* work.redefine(child, sql);
  }
  if (gone.length > 0)
    work.notice(`drop cascades to ${gone.length === 1 ? gone[0] : `${gone.length} other objects`}`);
}
