import { castTo, coerceLiteral } from './casts.ts';
import { writtenName } from './column-references.ts';
import { fromClause } from './from-clause.ts';
import { quoteName, reserved } from './keywords.ts';
import { query } from './queries.ts';
import { fromDeclared, newScope, type ScopeColumn } from './scope.ts';
import { selectList } from './select-list.ts';
import type { Expression, ResultColumns, Translator } from './translator.ts';
import { withClause } from './with-clause.ts';

/** INSERT, UPDATE or DELETE, with WITH in front and RETURNING behind; what RETURNING gives. */
export function change(translator: Translator): ResultColumns {
  translator.scope = newScope(undefined);
  if (translator.isWord('with')) withClause(translator);
  if (translator.isWord('insert') || translator.isWord('replace')) return insert(translator);
  if (translator.isWord('update')) return update(translator);
  if (translator.isWord('delete')) return remove(translator);
  throw translator.unexpected();
}

type Target = {
  readonly name: string;
  readonly columns: ReadonlyMap<string, ScopeColumn> | undefined;
};

/** The table that is changed, `[schema.]name [[AS] alias]`, which becomes part of the scope. */
function target(translator: Translator): Target {
  if (translator.isWord('only')) translator.next();
  const start = translator.peek();
  let shown = translator.name();
  let name = shown;
  while (translator.acceptSymbol('.')) {
    name = translator.name();
    shown += `.${name}`;
  }
  translator.at--;
  const token = translator.peek() as NonNullable<typeof start>;
  translator.copy(shown.startsWith('pg_temp.') ? `temp.${writtenName(token)}` : writtenName(token));
  translator.refer('relation', name, shown, start);
  translator.acceptSymbol('*');
  const known = translator.schema?.columns(name);
  const columns = known && fromDeclared(known);
  let alias = name;
  const next = translator.peek();
  const isAlias = translator.isWord('as')
    ? translator.next() !== undefined
    : next?.kind === 'identifier' ||
      (next?.kind === 'word' && !reserved.has(next.value) && !isClause(next.value));
  if (isAlias) {
    alias = translator.name();
    translator.put(`AS ${quoteName(alias)}`, ' ');
  }
  translator.scope?.relations.push({ alias, columns });
  return { name, columns };
}

function isClause(word: string): boolean {
  return ['set', 'values', 'overriding', 'default'].includes(word);
}

function insert(translator: Translator): ResultColumns {
  translator.copy();
  while (!translator.isWord('into')) translator.copy();
  translator.copy();
  const { columns } = target(translator);
  const listed = translator.is('(') && !opensQuery(translator) ? columnList(translator) : undefined;
  if (translator.accept('overriding')) {
    translator.next();
    translator.expect('value');
  }
  const targets = listed ?? (columns === undefined ? undefined : [...columns.keys()]);
  if (translator.isWord('default')) {
    if (listed !== undefined) translator.put(columnsText(listed));
    translator.copyWords('default', 'values');
  } else if (translator.isWord('values')) insertedValues(translator, targets, listed !== undefined, columns);
  else {
    if (listed !== undefined) translator.put(columnsText(listed));
    const mark = translator.mark;
    query(translator);
    // Without a WHERE of its own SQLite would take ON CONFLICT for the ON of a join.
    if (translator.isWord('on'))
      translator.wrap(translator.firstFrom(mark), 'SELECT * FROM (', ') WHERE true');
  }
  if (translator.isWord('on')) onConflict(translator, columns);
  return returning(translator);
}

function opensQuery(translator: Translator): boolean {
  return ['select', 'with', 'values'].includes(translator.word(1) ?? '') || translator.is('(', 1);
}

function columnList(translator: Translator): string[] {
  const names: string[] = [];
  translator.expectSymbol('(');
  do {
    const token = translator.peek();
    names.push(translator.name());
    translator.refer('column', names.at(-1) as string, names.at(-1) as string, token);
    if (translator.is('[') || translator.is('.'))
      throw translator.unsupported('assignment to a part of a column');
  } while (translator.acceptSymbol(','));
  translator.expectSymbol(')');
  return names;
}

function columnsText(names: readonly string[]): string {
  return ` (${names.map(quoteName).join(', ')})`;
}

/** Rows of VALUES. SQLite has no word DEFAULT: where all rows have it the column is left out, where some have it the default is written. */
function insertedValues(
  translator: Translator,
  targets: readonly string[] | undefined,
  listed: boolean,
  columns: ReadonlyMap<string, ScopeColumn> | undefined,
): void {
  const rows: (string | undefined)[][] = [];
  const mark = translator.mark;
  const token = translator.next();
  do {
    const row: (string | undefined)[] = [];
    translator.expectSymbol('(');
    do {
      if (translator.accept('default')) {
        row.push(undefined);
        continue;
      }
      assigned(translator, translator.expression(), targets?.[row.length], columns);
      row.push(translator.cut(mark).trim());
    } while (translator.acceptSymbol(','));
    translator.expectSymbol(')');
    rows.push(row);
  } while (translator.acceptSymbol(','));
  const width = rows[0]?.length ?? 0;
  const leftOut = new Set<number>();
  for (let index = 0; index < width; index++) {
    const empty = rows.filter((row) => row[index] === undefined && index < row.length);
    if (empty.length === 0) continue;
    if (targets === undefined)
      throw translator.unsupported('DEFAULT in VALUES without a list of columns', token);
    if (empty.length === rows.length) leftOut.add(index);
    else {
      const { defaultText } = columns?.get((targets[index] ?? '').toLowerCase()) ?? {};
      if (defaultText === undefined)
        throw translator.unsupported('DEFAULT in some rows of VALUES and not in others', token);
      for (const row of empty) row[index] = `(${defaultText})`;
    }
  }
  // PostgreSQL lets the last columns have their defaults.
  const short = !listed && targets !== undefined && width < targets.length;
  const named = short ? targets.slice(0, width) : targets;
  const kept = named?.filter((_, index) => !leftOut.has(index));
  if (kept?.length === 0 && leftOut.size > 0) {
    if (rows.length > 1) throw translator.unsupported('several rows of DEFAULT only', token);
    translator.put(' DEFAULT VALUES');
    return;
  }
  if (kept !== undefined && (listed || short || leftOut.size > 0)) translator.put(columnsText(kept));
  const text = rows.map((row) => `(${row.filter((_, index) => !leftOut.has(index)).join(', ')})`);
  translator.put(` VALUES ${text.join(', ')}`);
}

/** What is put into a column becomes of its type, as far as that is known. */
function assigned(
  translator: Translator,
  value: Expression,
  name: string | undefined,
  columns: ReadonlyMap<string, ScopeColumn> | undefined,
): void {
  if (name === undefined) return;
  const type = (columns?.get(name) ?? columns?.get(name.toLowerCase()))?.type;
  const table = translator.scope?.relations[0]?.alias;
  coerceLiteral(translator, value, { type, column: { table, column: name } });
  if (type === undefined || value.type === undefined || value.type === type || value.literal !== undefined)
    return;
  if (needsCast(value.type, type)) castTo(translator, value, { name: type, modifiers: [] });
}

const moments = new Set(['date', 'time', 'timestamp', 'timestamptz']);

function needsCast(from: string, to: string): boolean {
  if (moments.has(from)) return moments.has(to);
  return (from === 'numeric' || from.startsWith('float')) && to.startsWith('int');
}

function onConflict(translator: Translator, columns: ReadonlyMap<string, ScopeColumn> | undefined): void {
  translator.copyWords('on', 'conflict');
  if (translator.accept('on', 'constraint')) translator.name();
  else if (translator.is('(')) {
    translator.copy();
    for (;;) {
      translator.expression();
      if (!translator.is(',')) break;
      translator.copy();
    }
    if (!translator.is(')')) throw translator.unexpected();
    translator.copy();
    if (translator.isWord('where')) {
      translator.copy();
      translator.expression();
    }
  }
  translator.copyWords('do');
  if (translator.isWord('nothing')) {
    translator.copy();
    return;
  }
  translator.copyWords('update', 'set');
  translator.scope?.relations.push({ alias: 'excluded', columns });
  assignments(translator, columns);
  if (translator.isWord('where')) {
    translator.copy();
    translator.expression();
  }
  translator.scope?.relations.pop();
}

/** `a = 1, (b, c) = (2, 3), (d, e) = (SELECT …)`. */
function assignments(translator: Translator, columns: ReadonlyMap<string, ScopeColumn> | undefined): void {
  for (;;) {
    if (translator.is('(')) {
      const names = columnList(translator);
      translator.put(columnsText(names));
      if (!translator.is('=')) throw translator.unexpected();
      translator.copy();
      if (translator.isWord('row')) translator.next();
      translator.expression();
    } else {
      const token = translator.peek();
      let name = translator.name();
      while (translator.acceptSymbol('.')) name = translator.name();
      translator.at--;
      translator.refer('column', name, name, token);
      translator.copy(writtenName(translator.peek() as NonNullable<typeof token>));
      if (translator.is('[')) throw translator.unsupported('assignment to a part of a column');
      if (!translator.is('=')) throw translator.unexpected();
      translator.copy();
      if (translator.isWord('default')) throw translator.unsupported('SET column = DEFAULT');
      assigned(translator, translator.expression(), name, columns);
    }
    if (!translator.is(',')) return;
    translator.copy();
  }
}

function update(translator: Translator): ResultColumns {
  translator.copy();
  const { columns } = target(translator);
  translator.copyWords('set');
  translator.mayComeLater = true;
  assignments(translator, columns);
  translator.mayComeLater = false;
  if (translator.isWord('from')) fromClause(translator);
  where(translator);
  return returning(translator);
}

function where(translator: Translator): void {
  if (!translator.isWord('where')) return;
  translator.copy();
  if (translator.isWord('current')) throw translator.unsupported('WHERE CURRENT OF');
  translator.expression();
}

/** SQLite's DELETE has no USING: the rows are found by a query, and deleted by their numbers. */
function remove(translator: Translator): ResultColumns {
  const mark = translator.mark;
  translator.copy();
  translator.copyWords('from');
  const from = translator.mark;
  const { name } = target(translator);
  if (!translator.isWord('using')) {
    where(translator);
    return returning(translator);
  }
  const alias = translator.scope?.relations[0]?.alias ?? name;
  const deleted = translator.cut(from).trim();
  translator.cut(mark);
  const items = translator.mark;
  fromClause(translator);
  const others = translator
    .cut(items)
    .trim()
    .replace(/^from\s*/i, '');
  translator.put(
    `DELETE FROM ${quoteName(name)} WHERE rowid IN (SELECT ${quoteName(alias)}.rowid FROM ${deleted}, ${others}`,
  );
  where(translator);
  translator.put(')');
  return returning(translator);
}

function returning(translator: Translator): ResultColumns {
  if (!translator.isWord('returning')) return [];
  translator.copy();
  translator.inReturning = true;
  return selectList(translator, translator.tokens.length);
}
