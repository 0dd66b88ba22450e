import { commandTag } from '../dialect/commands.ts';
import type { Rows, Value } from '../engine/types.ts';
import type { FormatCode, PgType } from '../types/pg-type.ts';
import { changeTables } from './alter/table-changes.ts';
import type { Compiled } from './compiler.ts';
import { Result } from './result.ts';
import { typesWith } from './result-shape.ts';
import type { SessionContext } from './session-context.ts';
import { awaited, type Work } from './work.ts';

/** A statement of which SQLite's part has begun. */
export type Opened =
  | { readonly kind: 'rows'; readonly result: Result; readonly tag: (rows: number) => string }
  | { readonly kind: 'done'; readonly tag: string }
  | { readonly kind: 'copy'; readonly compiled: Compiled };

export type OpenOptions = {
  readonly formats: readonly FormatCode[];
  /** The types that the client has from a Describe. */
  readonly describedTypes: readonly PgType[] | undefined;
  /** How many rows are wanted at first; 0 for all. */
  readonly limit: number;
};

/** Begins a statement that SQLite runs. @throws SqlError, EngineError */
export function* openData(
  context: SessionContext,
  compiled: Compiled,
  parameters: readonly Value[],
  { formats, describedTypes, limit }: OpenOptions,
): Work<Opened> {
  const { command, translation } = compiled;
  const sql = translation?.sql ?? [];
  const last = sql.at(-1);
  tellNotices(context, compiled);
  if (translation?.steps !== undefined) {
    yield* changeTables(context, translation.steps);
    return { kind: 'done', tag: commandTag(command, 0) };
  }
  if (last === undefined) return { kind: 'done', tag: commandTag(command, 0) };
  if (sql.length > 1) {
    context.block.beginImplicit();
    for (const each of sql.slice(0, -1))
      yield* finish(yield* awaited(context.session.execute(each, parameters)));
  }
  if (translation?.lockRows === true && context.block.explicit) yield* awaited(context.session.lock());
  const types = describedTypes ?? (yield* typesBefore(context, compiled, last));
  const rows = yield* awaited(
    context.session.execute(last, parameters, { encoding: { form: 'data-rows', formats, types }, limit }),
  );
  if (rows.columns.length === 0 || command.kind === 'definition') {
    yield* finish(rows);
    return { kind: 'done', tag: commandTag(command, rows.changes) };
  }
  const columnTypes = rows.types ?? describedTypes ?? typesWith(compiled.typesOf(rows.columns), rows.first);
  const result = new Result(rows, rows.columns, columnTypes, compiled.writers);
  return { kind: 'rows', result, tag: (count) => commandTag(command, count) };
}

function* finish(rows: Rows): Work {
  for (;;) {
    const { last } = yield* awaited(rows.next());
    if (last) return;
  }
}

/** The types that are known before it runs; those of columns behind a `*` are counted from the end. */
function* typesBefore(
  { session }: SessionContext,
  compiled: Compiled,
  sql: string,
): Work<readonly (PgType | undefined)[]> {
  if (!compiled.countsFromEnd) return compiled.hintedTypes;
  const { columns } = yield* awaited(session.describe(sql));
  return compiled.typesOf(columns);
}

function tellNotices({ engine, notice }: SessionContext, { translation }: Compiled): void {
  for (const { unlessRelation, message } of translation?.notices ?? []) {
    if (engine.relation(unlessRelation) === undefined) notice('NOTICE', '00000', message);
  }
}
