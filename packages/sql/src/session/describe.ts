import type { Column, Value } from '../engine/types.ts';
import { oids, type PgType, pgType } from '../types/pg-type.ts';
import type { Compiled } from './compiler.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import { textColumns } from './result.ts';
import { typesWith } from './result-shape.ts';
import type { SessionContext } from './session-context.ts';
import { awaited, type Work } from './work.ts';

export type Shape = { readonly columns: readonly Column[]; readonly types: readonly PgType[] };

/** The columns that a statement will return, before it runs; undefined for none. These types hold from now on. */
export function* describeStatement(
  context: SessionContext,
  statement: PreparedStatement,
): Work<Shape | undefined> {
  const { compiled } = statement;
  if (compiled === undefined) return undefined;
  const shape = yield* shapeOf(context, compiled, statement.describedTypes);
  if (shape !== undefined) statement.describedTypes = shape.types;
  return shape;
}

function* shapeOf(
  context: SessionContext,
  compiled: Compiled,
  describedTypes: readonly PgType[] | undefined,
): Work<Shape | undefined> {
  const { command, translation } = compiled;
  switch (command.kind) {
    case 'show':
      return texts(
        command.name === 'all'
          ? ['name', 'setting', 'description']
          : [context.settings.properName(command.name)],
      );
    case 'explain':
      return texts(['QUERY PLAN']);
    case 'fetch':
      return context.cursors.get(command.cursor);
    case 'execute': {
      const statement = context.prepared.peek(command.name);
      return statement === undefined ? undefined : yield* describeStatement(context, statement);
    }
    default: {
      const sql = translation?.sql.at(-1);
      if (sql === undefined || command.kind === 'definition') return undefined;
      const { columns, readOnly } = yield* awaited(context.session.describe(sql));
      if (columns.length === 0) return undefined;
      if (describedTypes !== undefined) return { columns, types: describedTypes };
      const known = compiled.typesOf(columns);
      const open = known.includes(undefined);
      const first =
        open && readOnly && compiled.parameters.length === 0 ? yield* firstRow(context, sql) : undefined;
      return { columns, types: typesWith(known, first) };
    }
  }
}

/** An expression of which nothing else is known has the type of its first value. */
function* firstRow({ session }: SessionContext, sql: string): Work<readonly Value[] | undefined> {
  const rows = yield* awaited(session.execute(sql, [], { limit: 1 }));
  const { first } = rows;
  rows.close();
  return first;
}

function texts(names: readonly string[]): Shape {
  return { columns: textColumns(names), types: names.map(() => pgType(oids.text)) };
}
