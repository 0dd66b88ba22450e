import { withoutConstraint } from '../../catalog/definition-edits.ts';
import { namedConstraints } from '../../catalog/table-constraints.ts';
import { quoteName } from '../../dialect/keywords.ts';
import type { TableChangeOf } from '../../dialect/translation.ts';
import { EngineError } from '../../engine/engine-error.ts';
import { tokenize } from '../../parse/tokens.ts';
import { SqlError } from '../../sql-error.ts';
import type { Work } from '../work.ts';
import type { TableWork } from './table-work.ts';

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
    throw inUse('table', String(parent), `a foreign key of table ${child}`);
  }
  yield* work.lock();
  const gone: string[] = [];
  for (const child of new Set(referring.map(([name]) => String(name)))) {
    const definition = yield* work.definition(child);
    let { sql } = definition;
    // From the last to the first, so that the places of those before stay right.
    for (const { constraint, written } of namedConstraints(definition).reverse()) {
      if (constraint.kind !== 'f' || !dropped.has(constraint.table?.toLowerCase() ?? '')) continue;
      sql = withoutConstraint({ ...definition, sql }, written);
      if (!dropped.has(child.toLowerCase())) gone.push(`constraint ${constraint.name} on table ${child}`);
    }
    yield* work.redefine(child, sql);
  }
  if (gone.length > 0)
    work.notice(`drop cascades to ${gone.length === 1 ? gone[0] : `${gone.length} other objects`}`);
}

/**
 * Looks for views that cannot be read any more now that something was dropped: SQLite lets them stay, and then renames nothing
 * in the whole database.
 * @throws SqlError 2BP01 when there is one and CASCADE was not said
 */
export function* dropViews(work: TableWork, { what, names, cascade }: TableChangeOf<'drop views of'>): Work {
  const gone = new Set(names.map((name) => name.toLowerCase()));
  for (let view = yield* orphan(work, gone); view !== undefined; view = yield* orphan(work, gone)) {
    const { name, reads } = view;
    if (!cascade) throw inUse(what, reads, `view ${name}`);
    yield* work.run(`DROP VIEW ${quoteName(name)}`);
    work.notice(`drop cascades to view ${name}`);
    gone.add(name.toLowerCase());
  }
}

/** A view that reads what is gone. */
function* orphan(
  work: TableWork,
  gone: ReadonlySet<string>,
): Work<{ readonly name: string; readonly reads: string } | undefined> {
  for (const [name, sql] of yield* work.run("SELECT name, sql FROM main.sqlite_schema WHERE type = 'view'")) {
    if (!mentions(String(sql), gone)) continue;
    try {
      yield* work.describe(`SELECT * FROM ${quoteName(String(name))}`);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const reads = /^no such table: (?:main\.)?(.*)$/.exec(error.message)?.[1] ?? '';
      if (gone.has(reads.toLowerCase())) return { name: String(name), reads };
    }
  }
  return undefined;
}

function mentions(sql: string, names: ReadonlySet<string>): boolean {
  try {
    return tokenize(sql).some(({ value }) => names.has(value.toLowerCase()));
  } catch {
    // Another program may have created it with syntax that is not known here.
    return true;
  }
}

function inUse(what: 'table' | 'view', name: string, user: string): SqlError {
  return new SqlError('2BP01', `cannot drop ${what} ${name} because other objects depend on it`, {
    detail: `${user} depends on ${what} ${name}`,
    hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });
}
