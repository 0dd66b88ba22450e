import { coerceLiteral } from './casts.ts';
import { fromClause } from './from-clause.ts';
import { orderTerm, windowDefinition } from './function-calls.ts';
import { quoteName } from './keywords.ts';
import { newScope, type ScopeColumn } from './scope.ts';
import { selectList } from './select-list.ts';
import type { Token } from './tokens.ts';
import type { ResultColumns, Translator } from './translator.ts';
import { commonType } from './types-of-several.ts';

/** A whole query: WITH, SELECT and set operations, ORDER BY, LIMIT, FOR UPDATE. */
export function query(translator: Translator): ResultColumns {
  return translator.deeper(() => {
    const outer = translator.scope;
    const inList = translator.inSelectList;
    translator.inSelectList = false;
    translator.scope = newScope(outer);
    try {
      if (translator.isWord('with')) withClause(translator);
      return setOperations(translator);
    } finally {
      translator.scope = outer;
      translator.inSelectList = inList;
    }
  });
}

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
    const columns = query(translator);
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

/** UNION and EXCEPT from left to right; INTERSECT binds tighter, which SQLite has to be told. */
function setOperations(translator: Translator): ResultColumns {
  const { recursive } = translator;
  translator.recursive = undefined;
  let result = intersections(translator).columns;
  // What comes after UNION in a recursive query sees the columns of what stands before it.
  recursive?.named.set(recursive.name, columnsOf(result, recursive.names));
  while (translator.isWord('union') || translator.isWord('except')) {
    const except = translator.isWord('except');
    translator.copy();
    all(translator, except);
    const right = translator.mark;
    const { columns, compound } = intersections(translator);
    if (compound) translator.wrap(translator.firstFrom(right), 'SELECT * FROM (', ')');
    result = unified(result, columns);
  }
  tail(translator);
  return result;
}

type Part = { readonly columns: ResultColumns; readonly compound: boolean };

function intersections(translator: Translator): Part {
  let result = member(translator);
  let compound = false;
  while (translator.isWord('intersect')) {
    translator.copy();
    all(translator, true);
    result = unified(result, member(translator));
    compound = true;
  }
  return { columns: result, compound };
}

function all(translator: Translator, refused: boolean): void {
  if (translator.accept('distinct')) return;
  if (!translator.isWord('all')) return;
  if (refused)
    throw translator.unsupported(`${translator.peek(-1)?.value.toUpperCase()} ALL`, translator.peek(-1));
  translator.copy();
}

/** The names are those of the first query, the types those of all. */
function unified(left: ResultColumns, right: ResultColumns): ResultColumns {
  if (left.length !== right.length) return left;
  return left.map((column, index) => {
    const other = right[index];
    if (column === undefined || other === undefined) return column;
    return { name: column.name, type: commonType([column.type, other.type]) };
  });
}

/** SELECT, VALUES, TABLE, or a query in parentheses, which SQLite does not take as a member. */
function member(translator: Translator): ResultColumns {
  if (translator.is('(')) {
    translator.copy('SELECT * FROM (');
    const columns = query(translator);
    if (!translator.is(')')) throw translator.unexpected();
    translator.copy();
    return columns;
  }
  if (translator.isWord('values')) return values(translator);
  if (translator.isWord('table')) {
    translator.copy('SELECT * FROM');
    fromClause(translator);
    return [undefined];
  }
  if (!translator.isWord('select')) throw translator.unexpected();
  return select(translator);
}

/** `VALUES (…), (…)`: the columns are called column1, column2 and so on. */
export function values(translator: Translator, targets: readonly (string | undefined)[] = []): ResultColumns {
  const mark = translator.mark;
  translator.copy();
  const types: (string | undefined)[][] = [];
  for (;;) {
    if (!translator.is('(')) throw translator.unexpected();
    translator.copy();
    for (let index = 0; ; index++) {
      const value = translator.expression();
      const column = types[index] ?? [];
      column.push(value.type);
      types[index] = column;
      if (!translator.is(',')) break;
      translator.copy();
    }
    if (!translator.is(')')) throw translator.unexpected();
    translator.copy();
    if (!translator.is(',')) break;
    translator.copy();
  }
  const ordered = ['order', 'limit', 'offset', 'fetch'].includes(translator.word() ?? '');
  if (ordered && targets.length === 0) translator.wrap(translator.firstFrom(mark), 'SELECT * FROM (', ')');
  return types.map((of, index) => ({ name: `column${index + 1}`, type: commonType(of) }));
}

function select(translator: Translator): ResultColumns {
  translator.copy();
  if (translator.isWord('all')) translator.copy('');
  else if (translator.isWord('distinct')) {
    if (translator.isWord('on', 1)) throw translator.unsupported('SELECT DISTINCT ON');
    translator.copy();
  }
  const outer = translator.scope;
  const scope = newScope(outer);
  translator.scope = scope;
  // What FROM has decides how the list is written, so it is read first.
  const list = translator.at;
  const from = clauseAfter(translator, list);
  let written = '';
  if (translator.tokens[from]?.value === 'from') {
    translator.at = from;
    const mark = translator.mark;
    fromClause(translator);
    written = translator.cut(mark);
  }
  const behind = translator.at;
  translator.at = list;
  const columns = selectList(translator, from);
  if (translator.at !== from) throw translator.unexpected();
  if (written !== '') {
    translator.put(written);
    translator.at = behind;
  }
  // Several sets go on in step; what the first has no more of is left out.
  for (const [index, { sql, alias }] of scope.sets.entries()) {
    const item = `${sql} AS ${alias}`;
    if (index > 0) translator.put(` LEFT JOIN ${item} ON ${alias}.key = ${scope.sets[0]?.alias}.key`);
    else translator.put(`${written === '' ? ' FROM ' : ', '}${item}`);
  }
  rest(translator);
  // ORDER BY of this query may use what FROM has.
  outer?.relations.push(...scope.relations);
  translator.scope = outer;
  return columns;
}

const ends = new Set([
  'from',
  'where',
  'group',
  'having',
  'window',
  'union',
  'intersect',
  'except',
  'order',
  'limit',
  'offset',
  'fetch',
  'for',
  'into',
  'on',
  'returning',
]);

/** Where the list of a SELECT ends: the index of the word behind it. */
function clauseAfter(translator: Translator, from: number): number {
  const { tokens } = translator;
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind === 'punctuation') {
      if (token.value === '(' || token.value === '[') depth++;
      else if (token.value === ')' || token.value === ']') {
        if (depth === 0) return at;
        depth--;
      }
    } else if (depth === 0 && token?.kind === 'word' && (ends.has(token.value) || isTail(tokens, at))) {
      // `IS DISTINCT FROM` is part of an expression; a word behind AS or a dot is a name.
      const before = tokens[at - 1];
      const isName =
        before?.value === '.' ||
        (before?.kind === 'word' && (before.value === 'as' || before.value === 'within'));
      const distinct =
        token.value === 'from' && before?.value === 'distinct' && before.kind === 'word' && at - 1 > from;
      if (!isName && !distinct) return at;
    }
  }
  return tokens.length;
}

/** `WITH [NO] DATA` and `WITH CHECK OPTION`, unlike `timestamp with time zone`. */
function isTail(tokens: readonly Token[], at: number): boolean {
  return tokens[at]?.value === 'with' && ['no', 'data', 'check'].includes(tokens[at + 1]?.value ?? '');
}

/** WHERE, GROUP BY, HAVING, WINDOW. */
function rest(translator: Translator): void {
  if (translator.isWord('into'))
    throw translator.unsupported('SELECT INTO', undefined, 'Use CREATE TABLE … AS.');
  if (translator.isWord('where')) {
    translator.copy();
    coerceLiteral(translator, translator.expression(), { type: 'bool' });
  }
  if (translator.isWord('group')) {
    translator.copyWords('group', 'by');
    if (translator.isWord('all') || translator.isWord('distinct')) translator.next();
    for (;;) {
      if (['rollup', 'cube', 'grouping'].includes(translator.word() ?? '') && !translator.is(',', 1)) {
        throw translator.unsupported(
          translator.isWord('grouping') ? 'GROUPING SETS' : `GROUP BY ${translator.word()?.toUpperCase()}`,
        );
      }
      translator.expression();
      if (!translator.is(',')) break;
      translator.copy();
    }
  }
  if (translator.isWord('having')) {
    translator.copy();
    translator.expression();
  }
  if (translator.isWord('window')) {
    do {
      translator.copy();
      const name = translator.name();
      translator.at--;
      translator.copy(quoteName(name));
      translator.copyWords('as');
      windowDefinition(translator);
    } while (translator.is(','));
  }
}

/** ORDER BY, LIMIT, OFFSET, FETCH FIRST, FOR UPDATE. */
function tail(translator: Translator): void {
  if (translator.isWord('order')) {
    translator.copyWords('order', 'by');
    for (;;) {
      orderTerm(translator);
      if (!translator.is(',')) break;
      translator.copy();
    }
  }
  let limit: string | undefined;
  let offset: string | undefined;
  for (;;) {
    if (translator.isWord('limit')) {
      translator.next();
      if (translator.isWord('all') || translator.isWord('null')) translator.next();
      else limit = count(translator);
    } else if (translator.isWord('offset')) {
      translator.next();
      offset = count(translator);
      if (!translator.accept('row')) translator.accept('rows');
    } else if (translator.isWord('fetch')) limit = fetchFirst(translator);
    else if (translator.isWord('for')) locking(translator);
    else break;
  }
  if (limit === undefined && offset === undefined) return;
  translator.put(`LIMIT ${limit ?? '-1'}${offset === undefined ? '' : ` OFFSET ${offset}`}`, ' ');
}

function count(translator: Translator): string {
  const mark = translator.mark;
  const expression = translator.expression();
  coerceLiteral(translator, expression, { type: 'int8' });
  if (expression.parameter !== undefined) {
    translator.hint(expression.parameter, { typeName: 'int8', column: undefined });
  }
  return translator.cut(mark).trim();
}

/** `FETCH FIRST 5 ROWS ONLY`. */
function fetchFirst(translator: Translator): string {
  translator.next();
  if (!translator.accept('first')) translator.expect('next');
  const rows = translator.isWord('row') || translator.isWord('rows') ? '1' : count(translator);
  if (!translator.accept('row')) translator.expect('rows');
  if (translator.isWord('with')) throw translator.unsupported('FETCH FIRST ... WITH TIES');
  translator.expect('only');
  return rows;
}

/** There is one lock here, that of the writer: whoever asks for rows gets it. */
function locking(translator: Translator): void {
  translator.next();
  const token = translator.peek();
  if (translator.accept('no')) translator.expect('key');
  else translator.accept('key');
  if (!translator.accept('update') && !translator.accept('share')) throw translator.unexpected();
  if (token !== undefined) translator.lockRows = true;
  if (translator.accept('of')) {
    do translator.name();
    while (translator.acceptSymbol(','));
  }
  if (!translator.accept('nowait')) translator.accept('skip', 'locked');
}
