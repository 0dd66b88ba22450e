import { withoutConstraint } from '../../catalog/definition-edits.ts';
import { type NamedConstraint, namedConstraints } from '../../catalog/table-constraints.ts';
import type { TableDefinition } from '../../catalog/table-definition.ts';
import { quoteName } from '../../dialect/keywords.ts';
import type { TableChangeOf } from '../../dialect/translation.ts';
import { SqlError } from '../../sql-error.ts';
import type { Work } from '../work.ts';
import { isRowNumber, type TableWork } from './table-work.ts';

/** DROP CONSTRAINT. @throws SqlError 42P01, 42704, 2BP01, 0A000 */
export function* dropConstraint(
  work: TableWork,
  { table, name, ifExists }: TableChangeOf<'drop constraint'>,
): Work {
  const definition = yield* work.definition(table);
  const found = namedConstraints(definition).find(({ constraint }) => constraint.name === name);
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
  { constraint, written }: NamedConstraint,
): Work {
  const { table } = definition;
  if (constraint.kind === 'p' || constraint.kind === 'u')
    yield* needUnused(work, table, constraint.name, constraint.columns);
  const [column] = constraint.columns;
  if (constraint.kind === 'p' && column !== undefined && isRowNumber(definition, column)) {
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
