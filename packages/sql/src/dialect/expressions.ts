import { coerceLiteral } from './casts.ts';
import { binary, prefixOperator } from './operators.ts';
import { postfix, primary } from './primaries.ts';
import { quantified } from './quantified.ts';
import { type Expression, Level, type Translator } from './translator.ts';

/** How tightly PostgreSQL binds (chapter 4.1.6 of its documentation), loosest first. */
const Binding = {
  OR: 1,
  AND: 2,
  NOT: 3,
  IS: 4,
  COMPARISON: 5,
  LIKE: 6,
  OTHER: 7,
  SUM: 8,
  PRODUCT: 9,
  POWER: 10,
  ZONE: 11,
  COLLATE: 12,
  SIGN: 13,
} as const;

/** Reads and writes an expression up to the first operator that does not bind tighter than `above`. */
export function expression(translator: Translator, above = 0): Expression {
  return translator.deeper(() => {
    let left = operand(translator);
    for (;;) {
      const next = continued(translator, left, above);
      if (next === undefined) return left;
      left = next;
    }
  });
}

function operand(translator: Translator): Expression {
  if (translator.isWord('not')) {
    const mark = translator.mark;
    translator.copy();
    const right = translator.expression(Binding.NOT - 1);
    parenthesize(translator, right, Level.NOT);
    return result(translator.firstFrom(mark), Level.NOT, 'bool', right.columns);
  }
  const token = translator.peek();
  if (token?.kind === 'operator' || translator.isWord('operator')) {
    return prefixOperator(translator, () => translator.expression(Binding.SIGN));
  }
  return postfix(translator, primary(translator));
}

function result(first: number, level: number, type: string | undefined, columns: boolean): Expression {
  return { first, level, type, name: undefined, columns };
}

/** Puts an expression in parentheses where SQLite would read it otherwise. */
function parenthesize(translator: Translator, expression: Expression, level: number): void {
  if (expression.level < level) translator.wrap(expression.first, '(', ')');
}

function continued(translator: Translator, left: Expression, above: number): Expression | undefined {
  const token = translator.peek();
  if (token === undefined) return undefined;
  if (token.kind === 'operator') {
    const binding = operatorBinding(token.value);
    if (binding <= above) return undefined;
    return operation(translator, left, token.value, binding);
  }
  if (token.kind !== 'word') return undefined;
  switch (token.value) {
    case 'or':
      return above < Binding.OR ? logical(translator, left, Level.OR, Binding.OR) : undefined;
    case 'and':
      return above < Binding.AND ? logical(translator, left, Level.AND, Binding.AND) : undefined;
    case 'is':
    case 'isnull':
    case 'notnull':
      return above < Binding.IS ? is(translator, left) : undefined;
    case 'not':
    case 'in':
    case 'between':
    case 'like':
    case 'ilike':
    case 'similar':
    case 'glob':
    case 'regexp':
    case 'match':
      return above < Binding.LIKE ? matching(translator, left) : undefined;
    case 'operator':
      return above < Binding.OTHER ? namedOperator(translator, left) : undefined;
    case 'at':
      return above < Binding.ZONE && translator.isWord('time', 1) ? atTimeZone(translator, left) : undefined;
    case 'collate':
      return above < Binding.COLLATE ? collate(translator, left) : undefined;
    case 'overlaps':
      throw translator.unsupported('OVERLAPS');
    default:
      return undefined;
  }
}

function operatorBinding(operator: string): number {
  switch (operator) {
    case '=':
    case '<':
    case '>':
    case '<=':
    case '>=':
    case '<>':
      return Binding.COMPARISON;
    case '+':
    case '-':
      return Binding.SUM;
    case '*':
    case '/':
    case '%':
      return Binding.PRODUCT;
    case '^':
      return Binding.POWER;
    default:
      return Binding.OTHER;
  }
}

function operation(translator: Translator, left: Expression, operator: string, above: number): Expression {
  const token = translator.peek();
  const leftEnd = translator.last;
  translator.copy();
  const piece = translator.last;
  if (['any', 'some', 'all'].includes(translator.word() ?? '') && translator.is('(', 1)) {
    return quantified(translator, left, operator, token);
  }
  const right = translator.expression(above);
  return binary(translator, { left, leftEnd, operator, piece, right, token });
}

/** `OPERATOR(pg_catalog.~)`. */
function namedOperator(translator: Translator, left: Expression): Expression {
  const leftEnd = translator.last;
  const token = translator.next();
  translator.expectSymbol('(');
  while (translator.peek()?.kind !== 'operator') {
    translator.name();
    translator.expectSymbol('.');
  }
  const operator = translator.next().value;
  translator.expectSymbol(')');
  translator.put(operator, ' ');
  const piece = translator.last;
  if (['any', 'some', 'all'].includes(translator.word() ?? '') && translator.is('(', 1)) {
    return quantified(translator, left, operator, token);
  }
  const right = translator.expression(Binding.OTHER);
  return binary(translator, { left, leftEnd, operator, piece, right, token });
}

function logical(translator: Translator, left: Expression, level: number, above: number): Expression {
  parenthesize(translator, left, level);
  translator.copy();
  const right = translator.expression(above);
  if (right.level <= level) translator.wrap(right.first, '(', ')');
  return result(left.first, level, 'bool', left.columns || right.columns);
}

function is(translator: Translator, left: Expression): Expression {
  parenthesize(translator, left, Level.EQUALITY + 1);
  const test = result(left.first, Level.EQUALITY, 'bool', left.columns);
  if (translator.isWord('isnull')) {
    translator.copy('IS NULL');
    return test;
  }
  if (translator.isWord('notnull')) {
    translator.copy('IS NOT NULL');
    return test;
  }
  translator.copy();
  if (translator.isWord('not')) translator.copy();
  if (translator.isWord('unknown')) translator.copy('NULL');
  else if (translator.isWord('distinct')) {
    translator.copy();
    translator.copyWords('from');
    const right = translator.expression(Binding.IS);
    parenthesize(translator, right, Level.EQUALITY + 1);
    return { ...test, columns: left.columns || right.columns };
  } else if (['null', 'true', 'false'].includes(translator.word() ?? '')) translator.copy();
  else if (translator.isWord('document') || translator.isWord('normalized') || translator.isWord('json')) {
    throw translator.unsupported(`IS ${translator.word()?.toUpperCase()}`);
  } else throw translator.unexpected();
  return test;
}

/** [NOT] IN, BETWEEN, LIKE, ILIKE, SIMILAR TO; and GLOB, REGEXP, MATCH, which are SQLite's. */
function matching(translator: Translator, left: Expression): Expression | undefined {
  const negated = translator.isWord('not');
  const word = translator.word(negated ? 1 : 0);
  const known = ['in', 'between', 'like', 'ilike', 'similar', 'glob', 'regexp', 'match'];
  if (word === undefined || !known.includes(word)) return undefined;
  parenthesize(translator, left, Level.EQUALITY + 1);
  if (negated) translator.copy();
  if (word === 'in') return isIn(translator, left);
  if (word === 'between') return between(translator, left);
  return like(translator, left, word);
}

function isIn(translator: Translator, left: Expression): Expression {
  translator.copy();
  const test = result(left.first, Level.EQUALITY, 'bool', true);
  if (!translator.is('(')) throw translator.unexpected();
  translator.copy();
  if (startsQuery(translator)) translator.query();
  else {
    for (;;) {
      coerceLiteral(translator, translator.expression(), left);
      if (!translator.is(',')) break;
      translator.copy();
    }
  }
  if (!translator.is(')')) throw translator.unexpected();
  translator.copy();
  return test;
}

export function startsQuery(translator: Translator): boolean {
  return ['select', 'with', 'values', 'table'].includes(translator.word() ?? '');
}

function between(translator: Translator, left: Expression): Expression {
  translator.copy();
  if (translator.isWord('symmetric')) throw translator.unsupported('BETWEEN SYMMETRIC');
  if (translator.accept('asymmetric')) translator.put('', ' ');
  const low = translator.expression(Binding.LIKE);
  coerceLiteral(translator, low, left);
  parenthesize(translator, low, Level.EQUALITY + 1);
  translator.copyWords('and');
  const high = translator.expression(Binding.LIKE);
  coerceLiteral(translator, high, left);
  parenthesize(translator, high, Level.EQUALITY + 1);
  return result(left.first, Level.EQUALITY, 'bool', left.columns || low.columns || high.columns);
}

/**
 * LIKE is case-sensitive once the connection has `PRAGMA case_sensitive_like`; ILIKE becomes MATCH, and SIMILAR TO
 * becomes REGEXP, which are registered functions. A backslash escapes unless something else is said.
 */
function like(translator: Translator, left: Expression, word: string): Expression {
  const operator = { ilike: 'MATCH', similar: 'REGEXP' }[word];
  if (operator === undefined) translator.copy();
  else translator.copy(operator);
  if (word === 'similar') {
    translator.expect('to');
    translator.put('similar_pattern(', ' ');
  }
  if (['any', 'all', 'some'].includes(translator.word() ?? '')) {
    return quantified(translator, left, word, translator.peek());
  }
  const pattern = translator.expression(Binding.LIKE);
  if (word === 'similar') translator.put(')');
  else parenthesize(translator, pattern, Level.EQUALITY + 1);
  if (translator.isWord('escape')) {
    if (word === 'similar') throw translator.unsupported('SIMILAR TO ... ESCAPE');
    escapeClause(translator);
  } else if (word === 'like' && (pattern.literal === undefined || pattern.literal.value.includes('\\'))) {
    translator.put(" ESCAPE '\\'");
  }
  return result(left.first, Level.EQUALITY, 'bool', left.columns || pattern.columns);
}

function escapeClause(translator: Translator): void {
  const empty = translator.peek(1)?.kind === 'string' && translator.peek(1)?.value === '';
  if (empty) {
    translator.at += 2;
    return;
  }
  translator.copy();
  translator.expression(Binding.LIKE);
}

function atTimeZone(translator: Translator, left: Expression): Expression {
  translator.at += 2;
  translator.expect('zone');
  translator.put(',');
  const zone = translator.expression(Binding.ZONE);
  const type = left.type === 'timestamptz' ? 'timestamp' : 'timestamptz';
  translator.wrap(left.first, 'at_time_zone(', `, '${type}')`);
  return { ...result(left.first, Level.PRIMARY, type, left.columns || zone.columns), name: 'timezone' };
}

/** The collations of this database are all that of "C": the order of bytes. */
function collate(translator: Translator, left: Expression): Expression {
  const token = translator.peek(1);
  translator.next();
  let name = translator.name();
  while (translator.acceptSymbol('.')) name = translator.name();
  if (['default', 'C', 'c', 'POSIX', 'posix', 'ucs_basic'].includes(name)) return left;
  if (['nocase', 'rtrim', 'binary'].includes(name.toLowerCase())) {
    parenthesize(translator, left, Level.COLLATE);
    translator.put(`COLLATE ${name.toUpperCase()}`, ' ');
    return { ...left, level: Level.COLLATE };
  }
  throw translator.unsupported(`COLLATE "${name}"`, token);
}
