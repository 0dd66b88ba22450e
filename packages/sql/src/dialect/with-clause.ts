import { quoteName } from './keywords.ts';
import type { ScopeColumn } from './scope.ts';
import type { ResultColumns, Translator } from './translator.ts';

/** `WITH [RECURSIVE] name (columns) AS [NOT MATERIALIZED] (query), …`; the names stay known in the scope. */
export function withClause(translator: Translator): void {
  translator.copy();
  const recursive = translator.isWord('recursive');
  if (recursive) {
    translator.copy();
  }
  for (;;) {
    const token = translator.peek();
    const name = translator.name();
    translator.at--;
    translator.copy(quoteName(name));
    const names = translator.is('(') ? columnNames(translator) : undefined;
    const known = names?.map((column) => [column, unknownColumn] as const);
    if (recursive && translator.scope !== undefined) {
      translator.scope.named.set(name, known === undefined ? undefined : new Map(known));
      translator.recursive = { named: translator.scope.named, name, names };
    }
    translator.copyWords('as');
    if (translator.isWord('not')) translator.copy();
    if (translator.isWord('materialized')) translator.copy();
    if (!translator.is('(')) throw translator.unexpected();
    translator.copy();
    if (['insert', 'update', 'delete'].includes(translator.word() ?? '')) {
      throw translator.unsupported('WITH ... AS (INSERT, UPDATE or DELETE)', token);
    }
    const columns = translator.query();
    if (!translator.is(')')) throw translator.unexpected();
    translator.copy();
    if (translator.isWord('search') || translator.isWord('cycle')) {
      throw translator.unsupported(`${translator.word()?.toUpperCase()} of WITH RECURSIVE`);
    }
    translator.scope?.named.set(name, columnsOf(columns, names));
    if (!translator.is(',')) return;
    translator.copy();
  }
}

const unknownColumn: ScopeColumn = { type: undefined, notNull: false };

function columnNames(translator: Translator): string[] {
  const names: string[] = [];
  translator.copy();
  for (;;) {
    names.push(translator.name());
    translator.at--;
    translator.copy(quoteName(names.at(-1) as string));
    if (!translator.is(',')) break;
    translator.copy();
  }
  if (!translator.is(')')) throw translator.unexpected();
  translator.copy();
  return names;
}

/** What a query in FROM or WITH offers; undefined when a `*` hides it. */
export function columnsOf(
  columns: ResultColumns,
  names: readonly string[] | undefined,
): ReadonlyMap<string, ScopeColumn> | undefined {
  const known = new Map<string, ScopeColumn>();
  for (const [index, column] of columns.entries()) {
    if (column === undefined)
      return names === undefined ? undefined : new Map(names.map((name) => [name, unknownColumn]));
    const type = column.type === 'unknown' ? 'text' : column.type;
    known.set(names?.[index] ?? column.name, { type, notNull: false, declared: column.declared === true });
  }
  return known;
}
