import { own } from '../own-value.ts';
import type { Token } from '../parse/tokens.ts';
import { catalogValue } from './catalog-names.ts';
import { native, resultType } from './function-names.ts';
import { quoteName } from './keywords.ts';
import type { Scope } from './scope.ts';
import { isSetFunction, setSource } from './set-functions.ts';
import { specialSyntax } from './special-functions.ts';
import { type Expression, Level, type Translator } from './translator.ts';

const withoutParentheses: Record<string, readonly [sql: string, type: string]> = {
  current_date: ['current_date_of_transaction()', 'date'],
  current_time: ['current_time_of_transaction()', 'timetz'],
  current_timestamp: ['now()', 'timestamptz'],
  localtime: ['current_time_of_transaction()', 'time'],
  localtimestamp: ['local_now()', 'timestamp'],
  current_user: ['session_user_name()', 'name'],
  session_user: ['session_user_name()', 'name'],
  user: ['session_user_name()', 'name'],
  current_role: ['session_user_name()', 'name'],
  current_catalog: ['current_database()', 'name'],
  current_schema: ['current_schema()', 'name'],
};

/** `current_date` and its like, which are calls without parentheses. */
export function callWithoutParentheses(translator: Translator): Expression | undefined {
  const name = translator.word() ?? '';
  const [sql, type] = own(withoutParentheses, name) ?? [];
  if (sql === undefined) return undefined;
  const mark = translator.mark;
  translator.copy(sql);
  if (translator.is('(')) translator.skipParentheses();
  const first = translator.firstFrom(mark);
  return { first, level: Level.PRIMARY, type, name, columns: false };
}

/** A call, with its schema in front or not, DISTINCT, ORDER BY, FILTER, OVER and so on. */
export function functionCall(translator: Translator): Expression {
  const mark = translator.mark;
  const start = translator.peek() as Token;
  translator.put('', ' ');
  while (translator.is('.', 1)) translator.at += 2;
  const name = translator.name();
  const special = specialSyntax(translator, name);
  if (special !== undefined) return { ...special, first: translator.firstFrom(mark) };
  if (translator.inSelectList && isSetFunction(name)) return setInList(translator, name, mark);
  const spelled = native(name);
  translator.put(`${spelled === name ? quoteName(name) : spelled}(`);
  const first = translator.last;
  translator.expectSymbol('(');
  const call = readArguments(translator);
  translator.put(')');
  const types = call.map(({ type }) => type);
  const made = adjusted(translator, name, call, first, start);
  const signature = `${name}(${types.map(shownType).join(', ')})`;
  translator.refer('function', spelled.toLowerCase(), signature, start);
  const { columns, windowed } = clauses(translator);
  return {
    first,
    level: Level.PRIMARY,
    type: made ?? resultType(name, types),
    name,
    columns: columns || windowed || name === 'count' || call.some((argument) => argument.columns),
  };
}

/** The arguments up to the closing parenthesis. */
function readArguments(translator: Translator): Expression[] {
  const list: Expression[] = [];
  if (translator.acceptSymbol(')')) return list;
  const outer = translator.inSelectList;
  translator.inSelectList = false;
  if (translator.isWord('distinct') || translator.isWord('all')) translator.copy();
  if (translator.is('*')) translator.copy();
  else {
    for (;;) {
      if (translator.isWord('variadic')) throw translator.unsupported('VARIADIC');
      if (translator.is('=>', 1) || translator.is(':=', 1)) throw translator.unsupported('named argument');
      list.push(translator.expression());
      if (!translator.is(',')) break;
      translator.copy();
    }
  }
  if (translator.isWord('order')) orderBy(translator);
  translator.inSelectList = outer;
  translator.expectSymbol(')');
  return list;
}

/** ORDER BY in a call or a window: NULLs are last going up, and first going down. */
export function orderBy(translator: Translator): void {
  translator.copyWords('order', 'by');
  for (;;) {
    orderTerm(translator);
    if (!translator.is(',')) return;
    translator.copy();
  }
}

/** One term: an expression, a direction, and where its NULLs are. */
export function orderTerm(translator: Translator): void {
  const term = translator.expression();
  if (term.literal?.kind === 'string') {
    throw translator.unsupported('ORDER BY with a constant that is no number');
  }
  let descending = false;
  if (translator.isWord('asc')) translator.copy();
  else if (translator.isWord('desc')) {
    translator.copy();
    descending = true;
  } else if (translator.isWord('using')) throw translator.unsupported('ORDER BY ... USING');
  if (translator.isWord('nulls')) {
    translator.copy();
    translator.copy();
  } else if (!translator.neverNull(term)) translator.put(descending ? ' NULLS FIRST' : ' NULLS LAST');
}

function clauses(translator: Translator): { columns: boolean; windowed: boolean } {
  let columns = false;
  if (translator.isWord('within')) throw translator.unsupported('WITHIN GROUP');
  if (translator.isWord('filter') && translator.is('(', 1)) {
    translator.copy();
    translator.copy();
    translator.copyWords('where');
    columns = translator.expression().columns;
    if (!translator.is(')')) throw translator.unexpected();
    translator.copy();
  }
  if (!translator.isWord('over')) return { columns, windowed: false };
  translator.copy();
  if (translator.is('(')) windowDefinition(translator);
  else {
    const token = translator.peek();
    translator.name();
    translator.at--;
    translator.copy(quoteName(token?.value ?? ''));
  }
  return { columns, windowed: true };
}

/** `(PARTITION BY … ORDER BY … ROWS …)`. */
export function windowDefinition(translator: Translator): void {
  translator.copy();
  const starts = ['partition', 'order', 'rows', 'range', 'groups'];
  if (!translator.is(')') && !starts.includes(translator.word() ?? '')) translator.copy();
  if (translator.isWord('partition')) {
    translator.copyWords('partition', 'by');
    for (;;) {
      translator.expression();
      if (!translator.is(',')) break;
      translator.copy();
    }
  }
  if (translator.isWord('order')) orderBy(translator);
  while (!translator.is(')')) {
    const token = translator.peek();
    if (token === undefined) throw translator.unexpected();
    if (token.kind === 'word') translator.copy();
    else translator.expression();
  }
  translator.copy();
}

/** Calls that need more than another name; returns their type if that is known here. */
function adjusted(
  translator: Translator,
  name: string,
  call: readonly Expression[],
  first: number,
  start: Token,
): string | undefined {
  const [one] = call;
  switch (name) {
    case 'coalesce':
      // SQLite wants two at least.
      if (call.length === 1) translator.replace(first, '(');
      return undefined;
    case 'bool_and':
    case 'every':
    case 'bool_or':
      return 'bool';
    case 'nextval':
    case 'currval':
    case 'setval':
    case 'lastval':
      throw translator.unsupported(`${name}()`, start, 'Ask for the new key with INSERT … RETURNING.');
    case 'pg_sleep':
      throw translator.unsupported('pg_sleep()', start);
    case 'sum':
      if (one?.type === 'int2' || one?.type === 'int4') return 'int8';
      return one?.type === 'int8' ? 'numeric' : one?.type;
    case 'avg':
      return one?.type?.startsWith('float') ? 'float8' : one?.type === undefined ? undefined : 'numeric';
    case 'mod':
      if (call.every(({ type }) => type?.startsWith('int'))) translator.replace(first, 'integer_mod(');
      return call.every(({ type }) => type === one?.type) ? one?.type : undefined;
    case 'trunc':
      if (call.length > 1) translator.replace(first, 'truncated(');
      return undefined;
    case 'date':
      translator.replace(first, 'to_datetime(');
      translator.wrap(first, '', '', translator.last);
      translator.replace(translator.last, `, 'date')`);
      return 'date';
    case 'substr':
      return substr(translator, call, first);
    case 'left':
      if (one !== undefined && call[1]?.nonzero && call[1].literal?.kind === 'number') {
        translator.replace(first, 'substr(');
        translator.wrap(call[1].first, '1, ', '', call[1].first);
      }
      return 'text';
    case 'to_regclass':
      return lookUp(translator, first);
    case 'pg_get_constraintdef':
    case 'pg_get_indexdef':
    case 'pg_get_viewdef':
    case 'pg_get_triggerdef':
      return definitionOf(translator, name, call, first);
    default:
      return undefined;
  }
}

/** SQLite counts from the end when the start is negative; PostgreSQL counts on to the left. */
function substr(translator: Translator, [, from]: readonly Expression[], first: number): string {
  if (!(from?.literal?.kind === 'number' && from.nonzero)) translator.replace(first, 'text_from(');
  return 'text';
}

/** What the catalog keeps as text: a function could not look for it. */
function definitionOf(
  translator: Translator,
  name: string,
  call: readonly Expression[],
  first: number,
): string {
  const [of, column] = call;
  if (of === undefined) throw translator.unexpected();
  if (call[2] !== undefined) translator.cut(call[2].first);
  const place = column === undefined ? '0' : translator.cut(column.first).replace(/[,)]\s*$/, '');
  const oid = translator.cut(of.first).replace(/[,)]\s*$/, '');
  translator.cut(first);
  translator.put(definitions[name]?.(oid, place) ?? 'NULL');
  return 'text';
}

const definitions: Record<string, (oid: string, place: string) => string> = {
  pg_get_constraintdef: (oid) => catalogValue('pg_constraint', 'conbin', 'oid', oid),
  pg_get_viewdef: (oid) => catalogValue('pg_rewrite', 'ev_action', 'ev_class', oid),
  pg_get_triggerdef: (oid) => catalogValue('pg_trigger', 'tgqual', 'oid', oid),
  pg_get_indexdef: (oid, place) =>
    catalogValue(
      'catalog_index',
      `CASE ${place} WHEN 0 THEN catalog_index(is_unique, name, tbl_name, written, condition, sql) ` +
        `ELSE written ->> (${place} - 1) END`,
      'oid',
      oid,
    ),
};

function lookUp(translator: Translator, first: number): string {
  const written = translator.cut(first);
  const name = written.slice(written.indexOf('(') + 1, -1);
  translator.put(catalogValue('pg_class', 'oid', 'relname', `plain_name(${name})`));
  return 'regclass';
}

function shownType(type: string | undefined): string {
  const words: Record<string, string> = {
    int2: 'smallint',
    int4: 'integer',
    int8: 'bigint',
    float4: 'real',
    float8: 'double precision',
    bool: 'boolean',
    varchar: 'character varying',
    bpchar: 'character',
    timestamp: 'timestamp without time zone',
    timestamptz: 'timestamp with time zone',
  };
  return words[type ?? 'unknown'] ?? type ?? 'unknown';
}

/** The same set twice in one list is one item. */
function setAlias(translator: Translator, { sets }: Scope, sql: string): string {
  const known = sets.find((set) => set.sql === sql);
  if (known !== undefined) return known.alias;
  const alias = translator.freshName();
  sets.push({ sql, alias });
  return alias;
}

/** A set in the list of a SELECT becomes one more item of FROM. */
function setInList(translator: Translator, name: string, mark: number): Expression {
  if (translator.scope === undefined) throw translator.unsupported(`set-returning function ${name}()`);
  translator.inSelectList = false;
  const from = translator.mark;
  const source = setSource(translator, name);
  translator.cut(from);
  translator.inSelectList = true;
  const alias = setAlias(translator, translator.scope, source.sql);
  const only = source.columns.length === 1 && source.columns[0];
  if (only) translator.put(only.written(alias));
  else {
    const fields = source.columns.map((column) => `'${column.name}', ${column.written(alias)}`);
    translator.put(`json_object(${fields.join(', ')})`);
  }
  const first = translator.firstFrom(mark);
  return { first, level: Level.PRIMARY, type: only ? only.type : 'record', name, columns: true };
}
