import type { DefinedColumn, DefinedConstraint, Span, TableDefinition } from './table-definition.ts';

/** The definition with one more constraint of the whole table, behind all others. */
export function withConstraint({ sql, list }: TableDefinition, text: string): string {
  return put(sql, { from: list.to - 1, to: list.to - 1 }, `, ${text}`);
}

/** The definition without a constraint, wherever it stands. */
export function withoutConstraint({ sql, list }: TableDefinition, constraint: DefinedConstraint): string {
  const { from, to, of } = constraint;
  if (of !== undefined) return put(sql, { from: behindText(sql, from), to }, '');
  // One of the whole table goes with the comma in front of it: a column always stands before.
  const before = behindText(sql, from);
  return put(sql, { from: sql[before - 1] === ',' && before > list.from ? before - 1 : before, to }, '');
}

/** The definition with another default of a column; without any for `undefined`. */
export function withDefault(
  definition: TableDefinition,
  column: DefinedColumn,
  text: string | undefined,
): string {
  const { sql, constraints } = definition;
  const written = text === undefined ? '' : ` DEFAULT ${text}`;
  const old = constraints.find(({ kind, of }) => kind === 'default' && of === column.name);
  if (old === undefined) return put(sql, { from: column.type.to, to: column.type.to }, written);
  return put(sql, { from: behindText(sql, old.from), to: old.to }, written);
}

/** The definition with a column written anew. */
export function withColumn({ sql }: TableDefinition, column: DefinedColumn, text: string): string {
  return put(sql, column, text);
}

/** The definition with another type of a column. */
export function withType({ sql }: TableDefinition, { type }: DefinedColumn, declared: string): string {
  return put(sql, { from: behindText(sql, type.from), to: type.to }, ` ${declared}`);
}

function put(sql: string, { from, to }: Span, text: string): string {
  return sql.slice(0, from) + text + sql.slice(to);
}

/** Where the white space in front of a place begins. */
function behindText(sql: string, at: number): number {
  let from = at;
  while (from > 0 && /\s/.test(sql[from - 1] as string)) from--;
  return from;
}
