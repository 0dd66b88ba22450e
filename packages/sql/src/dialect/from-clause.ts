import { catalogRelation } from './catalog-names.ts';
import { writtenName } from './column-references.ts';
import { functionOrType, quoteName, reserved } from './keywords.ts';
import { findNamed, fromDeclared, type Relation, type ScopeColumn } from './scope.ts';
import { isSetFunction, type SetSource, setAsQuery, setSource } from './set-functions.ts';
import type { ResultColumns, Translator } from './translator.ts';

/** FROM (or USING of DELETE) and its items; the next token is that word. */
export function fromClause(translator: Translator): void {
  if (translator.isWord('from') || translator.isWord('using')) translator.copy('FROM');
  items(translator);
}

function items(translator: Translator): void {
  for (;;) {
    joined(translator);
    if (!translator.is(',')) return;
    translator.copy();
  }
}

const joins = new Set(['join', 'inner', 'left', 'right', 'full', 'cross', 'natural']);

function joined(translator: Translator): void {
  item(translator);
  const relations = translator.scope?.relations ?? [];
  while (joins.has(translator.word() ?? '')) {
    const side = translator.word();
    while (!translator.isWord('join')) {
      if (!joins.has(translator.word() ?? '') && !translator.isWord('outer')) throw translator.unexpected();
      translator.copy();
    }
    translator.copy();
    const before = relations.length;
    item(translator);
    if (side === 'left' || side === 'full') mayBeNull(relations, before, relations.length);
    if (side === 'right' || side === 'full') mayBeNull(relations, 0, before);
    if (translator.isWord('on')) {
      translator.copy();
      translator.expression();
    } else if (translator.isWord('using')) {
      translator.copy();
      if (!translator.is('(')) throw translator.unexpected();
      translator.copy();
      for (;;) {
        translator.name();
        translator.at--;
        translator.copy(writtenName(translator.peek() as NonNullable<ReturnType<typeof translator.peek>>));
        if (!translator.is(',')) break;
        translator.copy();
      }
      if (!translator.is(')')) throw translator.unexpected();
      translator.copy();
      if (translator.isWord('as')) throw translator.unsupported('JOIN ... USING (...) AS');
    }
  }
}

/** Beside an outer join there may be nothing but NULLs. */
function mayBeNull(relations: Relation[], from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const relation = relations[at] as Relation;
    if (relation.columns === undefined) continue;
    const columns = new Map<string, ScopeColumn>();
    for (const [name, column] of relation.columns) columns.set(name, { ...column, notNull: false });
    relations[at] = { ...relation, columns };
  }
}

function item(translator: Translator): void {
  translator.deeper(() => {
    const lateral = translator.isWord('lateral') ? translator.next() : undefined;
    if (translator.isWord('only')) translator.next();
    if (translator.is('(')) {
      if (lateral !== undefined) throw translator.unsupported('LATERAL (query)', lateral);
      return startsQuery(translator) ? subquery(translator) : inParentheses(translator);
    }
    if (translator.isWord('rows') && translator.isWord('from', 1)) throw translator.unsupported('ROWS FROM');
    let ahead = 1;
    while (translator.is('.', ahead)) ahead += 2;
    return translator.is('(', ahead) ? call(translator) : table(translator);
  });
}

/** Whether a parenthesis, however many there are, opens a query and not a join. */
function startsQuery(translator: Translator): boolean {
  let ahead = 0;
  while (translator.is('(', ahead)) ahead++;
  return ['select', 'with', 'values', 'table'].includes(translator.word(ahead) ?? '');
}

function inParentheses(translator: Translator): void {
  translator.copy();
  joined(translator);
  if (!translator.is(')')) throw translator.unexpected();
  translator.copy();
}

type Alias = { readonly name: string; readonly columns: readonly string[] | undefined };

/** `[AS] name [(columns)]`; types of columns, as a function that returns records wants them, are refused. */
function aliasClause(translator: Translator): Alias | undefined {
  const as = translator.accept('as');
  const token = translator.peek();
  if (!as) {
    if (token?.kind !== 'identifier' && token?.kind !== 'word') return undefined;
    if (token.kind === 'word' && (reserved.has(token.value) || functionOrType.has(token.value)))
      return undefined;
    if (token.kind === 'word' && token.value === 'set') return undefined;
  }
  const name = translator.name();
  if (!translator.is('(')) return { name, columns: undefined };
  translator.next();
  const columns: string[] = [];
  do {
    columns.push(translator.name());
    if (!translator.is(',') && !translator.is(')'))
      throw translator.unsupported('list of column definitions in FROM');
  } while (translator.acceptSymbol(','));
  translator.expectSymbol(')');
  return { name, columns };
}

function add(translator: Translator, relation: Relation): void {
  translator.scope?.relations.push(relation);
}

/** A table, a view, a query of WITH, or a relation of the catalog. */
function table(translator: Translator): void {
  const start = translator.peek();
  if (start?.kind === 'word' && reserved.has(start.value)) throw translator.unexpected();
  const parts = [translator.name()];
  while (translator.is('.')) {
    translator.at++;
    parts.push(translator.name());
  }
  const token = translator.peek(-1) as NonNullable<typeof start>;
  const end = translator.at;
  const name = parts.at(-1) as string;
  const schema = parts.at(-2);
  const named = schema === undefined ? findNamed(translator.scope, name) : null;
  const catalog = named === null ? catalogRelation(schema, name) : undefined;
  let written = writtenName(token);
  let columns: ReadonlyMap<string, ScopeColumn> | undefined;
  if (catalog !== undefined) {
    written = catalog.written;
    columns = catalog.columns;
  } else if (named !== null) columns = named;
  else {
    const known = translator.schema?.columns(name);
    columns = known && fromDeclared(known);
    if (schema === 'pg_temp') written = `temp.${written}`;
    else if (schema !== undefined && schema !== 'public') written = `"${schema}".${written}`;
  }
  translator.at = end - 1;
  translator.copy(written);
  translator.refer('relation', written.replace(/^temp\.|"/g, ''), parts.join('.'), start);
  translator.acceptSymbol('*');
  const alias = aliasClause(translator);
  if (translator.isWord('tablesample')) throw translator.unsupported('TABLESAMPLE');
  if (alias?.columns !== undefined) {
    const list = allNames(columns, alias.columns).map(quoteName).join(', ');
    const first = translator.last;
    translator.wrap(first, `(WITH _t(${list}) AS (SELECT * FROM `, ') SELECT * FROM _t)');
    columns = renamed(columns, alias.columns);
  }
  if (alias !== undefined) translator.put(`AS ${quoteName(alias.name)}`, ' ');
  else if (catalog !== undefined && catalog.written !== `temp.${name}`)
    translator.put(`AS ${quoteName(name)}`, ' ');
  add(translator, { alias: alias?.name ?? name, columns });
}

/** Those that are given, and what the last columns are called of which nothing is said. */
function allNames(
  columns: ReadonlyMap<string, ScopeColumn> | undefined,
  given: readonly string[],
): readonly string[] {
  return [...given, ...[...(columns?.keys() ?? [])].slice(given.length)];
}

function renamed(
  columns: ReadonlyMap<string, ScopeColumn> | undefined,
  given: readonly string[],
): ReadonlyMap<string, ScopeColumn> {
  const before = [...(columns?.values() ?? [])];
  const unknown = { type: undefined, notNull: false };
  return new Map(allNames(columns, given).map((name, index) => [name, before[index] ?? unknown]));
}

function subquery(translator: Translator): void {
  const mark = translator.mark;
  translator.copy();
  const before = translator.scope?.relations.length ?? 0;
  const columns = translator.query();
  translator.scope?.relations.splice(before);
  if (!translator.is(')')) throw translator.unexpected();
  translator.copy();
  const alias = aliasClause(translator);
  if (alias?.columns !== undefined) {
    const first = translator.firstFrom(mark);
    const list = allNames(typed(columns, undefined), alias.columns).map(quoteName).join(', ');
    translator.wrap(first, `(WITH _t(${list}) AS `, ' SELECT * FROM _t)');
  }
  if (alias !== undefined) translator.put(`AS ${quoteName(alias.name)}`, ' ');
  add(translator, { alias: alias?.name ?? '', columns: typed(columns, alias?.columns) });
}

function typed(columns: ResultColumns, names: readonly string[] | undefined): Relation['columns'] {
  const known = new Map<string, ScopeColumn>();
  for (const [index, column] of columns.entries()) {
    if (column === undefined && names === undefined) return undefined;
    const type = column?.type === 'unknown' ? 'text' : column?.type;
    known.set(names?.[index] ?? column?.name ?? '', {
      type,
      notNull: false,
      declared: column?.declared === true,
    });
  }
  return known;
}

/** A function in FROM: a set, or one value as a set of one row. */
function call(translator: Translator): void {
  const start = translator.peek();
  while (translator.is('.', 1)) translator.at += 2;
  const name = translator.word() ?? translator.peek()?.value ?? '';
  if (!isSetFunction(name)) {
    scalarCall(translator, name);
    return;
  }
  translator.next();
  const mark = translator.mark;
  const source = setSource(translator, name);
  translator.cut(mark);
  const ordinality = translator.accept('with', 'ordinality');
  const alias = aliasClause(translator);
  const own = alias?.name ?? name;
  const names = source.columns.map((column, index) => {
    return alias?.columns?.[index] ?? (source.scalar ? own : column.name);
  });
  const counted = ordinality ? (alias?.columns?.[names.length] ?? 'ordinality') : undefined;
  if (source.correlated) correlated(translator, source, own, names, counted);
  else {
    translator.put(`${setAsQuery(source, names, counted)} AS ${quoteName(own)}`, ' ');
    const columns = new Map<string, ScopeColumn>();
    for (const [index, { type }] of source.columns.entries()) {
      columns.set(names[index] as string, { type, notNull: false });
    }
    if (counted !== undefined) columns.set(counted, { type: 'int8', notNull: true });
    add(translator, { alias: own, columns });
  }
  translator.refer('function', name, `${name}()`, start);
}

/** It depends on what stands beside it, which a query in FROM could not: its columns are written in SQLite's names. */
function correlated(
  translator: Translator,
  source: SetSource,
  alias: string,
  names: readonly string[],
  counted: string | undefined,
): void {
  const quoted = quoteName(alias);
  const written = new Map<string, string>();
  const columns = new Map<string, ScopeColumn>();
  for (const [index, column] of source.columns.entries()) {
    written.set(names[index] as string, column.written(quoted));
    columns.set(names[index] as string, { type: column.type, notNull: false });
  }
  if (counted !== undefined) {
    written.set(counted, source.ordinality(quoted));
    columns.set(counted, { type: 'int8', notNull: true });
  }
  translator.put(`${source.sql} AS ${quoted}`, ' ');
  add(translator, { alias, columns, written });
}

function scalarCall(translator: Translator, name: string): void {
  translator.put('(SELECT', ' ');
  const expression = translator.expression(15);
  const alias = aliasClause(translator);
  const own = alias?.name ?? name;
  const column = alias?.columns?.[0] ?? own;
  translator.put(` AS ${quoteName(column)}) AS ${quoteName(own)}`);
  add(translator, { alias: own, columns: new Map([[column, { type: expression.type, notNull: false }]]) });
}
