import type { Token } from '../parse/tokens.ts';
import { SqlError } from '../sql-error.ts';
import { castTo, coerceLiteral, typedLiteral } from './casts.ts';
import { columnReference } from './column-references.ts';
import { callWithoutParentheses, functionCall } from './function-calls.ts';
import { quoteText, reserved } from './keywords.ts';
import { type Expression, Level, type Translator } from './translator.ts';
import { commonType, isTypeName, readTypeName } from './type-names.ts';

/** A literal, a parameter, a name, a call, or something in parentheses or brackets. */
export function primary(translator: Translator): Expression {
  const token = translator.peek();
  const mark = translator.mark;
  switch (token?.kind) {
    case 'number':
      return numberLiteral(translator, token);
    case 'string':
      translator.copy(textLiteral(token));
      return leaf(translator, mark, 'unknown', { literal: token });
    case 'parameter':
      return parameter(translator, token);
    case 'bits':
      throw translator.unsupported('bit string literal');
    case 'punctuation':
      if (token.value === '(') return inParentheses(translator);
      throw translator.unexpected();
    case 'word':
      return word(translator, token);
    case 'identifier':
      return named(translator);
    default:
      throw translator.unexpected();
  }
}

function leaf(
  translator: Translator,
  mark: number,
  type: string | undefined,
  more: Partial<Expression> = {},
): Expression {
  const first = translator.firstFrom(mark);
  return { first, level: Level.PRIMARY, type, name: undefined, columns: false, ...more };
}

/** SQLite's literals have no escapes, and end at a NUL. */
function textLiteral({ value }: Token): string {
  if (value.includes('\0')) throw new SqlError('22021', 'invalid byte sequence for encoding "UTF8": 0x00');
  return quoteText(value);
}

function numberLiteral(translator: Translator, token: Token): Expression {
  const mark = translator.mark;
  translator.copy();
  const nonzero = /[1-9]/.test(token.value.replace(/e.*$/i, ''));
  return leaf(translator, mark, numberType(token.value), { literal: token, nonzero });
}

function numberType(digits: string): string {
  if (!/^\d+$/.test(digits)) return 'numeric';
  if (digits.length < 10) return 'int4';
  const value = BigInt(digits);
  return value < 2n ** 31n ? 'int4' : value < 2n ** 63n ? 'int8' : 'numeric';
}

function parameter(translator: Translator, token: Token): Expression {
  const number = Number(token.value);
  if (number < 1 || number > 32766) {
    throw new SqlError('42P02', `there is no parameter $${token.value}`, {
      position: translator.position(token),
    });
  }
  const mark = translator.mark;
  translator.copy(`?${number}`);
  translator.hint(number, { typeName: undefined, column: undefined });
  return leaf(translator, mark, translator.parameters[number - 1]?.typeName, { parameter: number });
}

function inParentheses(translator: Translator): Expression {
  const mark = translator.mark;
  translator.copy();
  if (['select', 'with', 'values', 'table'].includes(translator.word() ?? '')) {
    const columns = translator.query();
    close(translator);
    const only = columns[0];
    return leaf(translator, mark, only?.type, { name: only?.name ?? undefined, columns: true });
  }
  const inner = translator.expression();
  if (!translator.is(',')) {
    if (['union', 'except', 'intersect'].includes(translator.word() ?? '')) {
      throw translator.unsupported('set operation on a query in parentheses');
    }
    close(translator);
    const { type, name, columns, nonzero } = inner;
    const weak = inner.weakName ? { weakName: true } : {};
    const literal = inner.literal?.kind === 'number' ? { literal: inner.literal } : {};
    return leaf(translator, mark, type, {
      name,
      columns,
      ...weak,
      ...literal,
      ...(nonzero ? { nonzero } : {}),
    });
  }
  while (translator.is(',')) {
    translator.copy();
    translator.expression();
  }
  close(translator);
  return leaf(translator, mark, 'record', { name: 'row', columns: true });
}

function close(translator: Translator): void {
  if (!translator.is(')')) throw translator.unexpected();
  translator.copy();
}

function word(translator: Translator, token: Token): Expression {
  const mark = translator.mark;
  switch (token.value) {
    case 'null':
      translator.copy();
      return leaf(translator, mark, 'unknown');
    case 'true':
    case 'false':
      translator.copy();
      return leaf(translator, mark, 'bool');
    case 'case':
      return caseOf(translator);
    case 'cast':
      return cast(translator);
    case 'exists':
      if (!translator.is('(', 1)) break;
      translator.copy();
      translator.copy();
      translator.query();
      close(translator);
      return leaf(translator, mark, 'bool', { name: 'exists', columns: true });
    case 'array':
      return arrayOf(translator);
    case 'row':
      if (!translator.is('(', 1)) break;
      translator.next();
      return inParentheses(translator);
  }
  const constant = constantOfType(translator);
  if (constant !== undefined) return constant;
  const bare = callWithoutParentheses(translator);
  if (bare !== undefined) return bare;
  if (reserved.has(token.value)) throw translator.unexpected();
  return named(translator);
}

/** `date '2020-01-01'`, `timestamp with time zone '…'`, `pg_catalog.int4 '1'`. */
function constantOfType(translator: Translator): Expression | undefined {
  if (!isTypeName(translator.word() ?? '') && !translator.isWord('pg_catalog')) return undefined;
  const from = translator.at;
  const mark = translator.mark;
  try {
    const type = readTypeName(translator);
    const token = translator.peek();
    if (token?.kind === 'string' && translator.at > from) {
      translator.copy(textLiteral(token));
      const literal = leaf(translator, mark, 'unknown', { literal: token });
      if (type.name === 'interval') readTypeTail(translator);
      return { ...typedLiteral(translator, literal, type), name: type.name, weakName: true };
    }
  } catch (error) {
    if (!(error instanceof SqlError) || error.sqlstate !== '42601') throw error;
  }
  translator.at = from;
  return undefined;
}

/** `interval '1' day`: the unit stands behind. */
function readTypeTail(translator: Translator): void {
  const unit = translator.word();
  if (unit === undefined || !['year', 'month', 'day', 'hour', 'minute', 'second'].includes(unit)) return;
  throw translator.unsupported(
    `INTERVAL ... ${unit.toUpperCase()}`,
    translator.peek(),
    `Write interval '1 ${unit}'.`,
  );
}

function named(translator: Translator): Expression {
  let ahead = 1;
  while (translator.is('.', ahead) && !translator.is('*', ahead + 1)) ahead += 2;
  return translator.is('(', ahead) ? functionCall(translator) : columnReference(translator);
}

function caseOf(translator: Translator): Expression {
  const mark = translator.mark;
  translator.copy();
  let columns = false;
  let subject: Expression | undefined;
  if (!translator.isWord('when')) {
    subject = translator.expression();
    columns = subject.columns;
  }
  const types: (string | undefined)[] = [];
  while (translator.isWord('when')) {
    translator.copy();
    const compared = translator.expression();
    if (subject !== undefined) coerceLiteral(translator, compared, subject);
    columns ||= compared.columns;
    translator.copyWords('then');
    const value = translator.expression();
    types.push(value.type);
    columns ||= value.columns;
  }
  if (types.length === 0) throw translator.unexpected();
  let name = 'case';
  let weak = true;
  if (translator.isWord('else')) {
    translator.copy();
    const value = translator.expression();
    types.push(value.type);
    columns ||= value.columns;
    if (value.name !== undefined && !value.weakName) {
      name = value.name;
      weak = false;
    }
  }
  translator.copyWords('end');
  return leaf(translator, mark, commonType(types), { name, columns, ...(weak ? { weakName: true } : {}) });
}

/** CAST(x AS type). */
function cast(translator: Translator): Expression {
  translator.next();
  translator.expectSymbol('(');
  translator.put('', ' ');
  const inner = translator.expression();
  translator.expect('as');
  const type = readTypeName(translator);
  translator.expectSymbol(')');
  return castTo(translator, inner, type);
}

/** ARRAY[…] and ARRAY(query): arrays are texts in PostgreSQL's form, `{1,2}`. */
function arrayOf(translator: Translator): Expression {
  const mark = translator.mark;
  if (translator.is('(', 1)) {
    translator.at += 2;
    translator.put('(WITH _a(v) AS (', ' ');
    const columns = translator.query();
    translator.expectSymbol(')');
    translator.put(") SELECT coalesce(array_agg(v), '{}') FROM _a)");
    const type = columns[0]?.type;
    const array = type === undefined || type === 'unknown' ? '_text' : `_${type}`;
    return leaf(translator, mark, array, { name: 'array', columns: true });
  }
  translator.next();
  if (!translator.is('[')) throw translator.unexpected();
  translator.next();
  translator.put('array_of(', ' ');
  const types: (string | undefined)[] = [];
  let columns = false;
  while (!translator.acceptSymbol(']')) {
    const element = translator.expression();
    types.push(element.type);
    columns ||= element.columns;
    if (translator.is(',')) translator.copy();
    else if (!translator.is(']')) throw translator.unexpected();
  }
  translator.put(')');
  const type = commonType(types) ?? 'text';
  return leaf(translator, mark, `_${type}`, { name: 'array', columns });
}

/** What may stand behind an operand: `::type`, `[subscript]`, `.field`. */
export function postfix(translator: Translator, operand: Expression): Expression {
  let left = operand;
  for (;;) {
    if (translator.is('::')) {
      translator.next();
      left = castTo(translator, left, readTypeName(translator));
    } else if (translator.is('[')) left = subscript(translator, left);
    else if (translator.is('.') && left.column === undefined) left = field(translator, left);
    else return left;
  }
}

function subscript(translator: Translator, array: Expression): Expression {
  const token = translator.next();
  translator.put(',');
  const index = translator.is(':') ? undefined : translator.expression();
  if (index === undefined || translator.is(':')) throw translator.unsupported('array slice', token);
  if (!translator.is(']')) throw translator.unexpected();
  translator.next();
  translator.wrap(array.first, 'array_element(', ')');
  const type = array.type?.startsWith('_') ? array.type.slice(1) : vectors[array.type ?? ''];
  const { first, name } = array;
  return { first, level: Level.PRIMARY, type, name, columns: array.columns || index.columns };
}

const vectors: Record<string, string> = { int2vector: 'int2', oidvector: 'oid' };

/** `(f(x)).n`: values of several fields are JSON objects. */
function field(translator: Translator, record: Expression): Expression {
  translator.next();
  if (translator.is('*')) throw translator.unsupported('expansion of a composite value');
  const name = translator.name();
  translator.put(` ->> ${quoteText(name)}`);
  translator.wrap(record.first, '(', ')');
  return { first: record.first, level: Level.PRIMARY, type: undefined, name, columns: record.columns };
}
