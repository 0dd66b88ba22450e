import type { Token } from '../parse/tokens.ts';
import { coerceLiteral } from './casts.ts';
import { quoteText } from './keywords.ts';
import { type Expression, Level, type Translator } from './translator.ts';

export type Binary = {
  readonly left: Expression;
  /** The last piece of the left side. */
  readonly leftEnd: number;
  readonly operator: string;
  /** The piece that has the operator. */
  readonly piece: number;
  readonly right: Expression;
  readonly token: Token | undefined;
};

const levels: Record<string, number> = {
  '=': Level.EQUALITY,
  '<>': Level.EQUALITY,
  '==': Level.EQUALITY,
  '<': Level.RELATION,
  '>': Level.RELATION,
  '<=': Level.RELATION,
  '>=': Level.RELATION,
  '&': Level.BITS,
  '|': Level.BITS,
  '<<': Level.BITS,
  '>>': Level.BITS,
  '+': Level.SUM,
  '-': Level.SUM,
  '*': Level.PRODUCT,
  '/': Level.PRODUCT,
  '%': Level.PRODUCT,
  '||': Level.CONCATENATION,
  '->': Level.CONCATENATION,
  '->>': Level.CONCATENATION,
};

const datetimes = new Set(['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval']);
const numbers = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'];

/** Rewrites an operation of which both sides have been written. */
export function binary(translator: Translator, operation: Binary): Expression {
  const { left, leftEnd, operator, right } = operation;
  const comparison = ['=', '<>', '==', '<', '>', '<=', '>='].includes(operator);
  if (comparison) {
    coerceLiteral(translator, right, left);
    coerceLiteral(translator, left, right, leftEnd);
    if (left.type === 'date' && right.type?.startsWith('timestamp')) {
      translator.wrap(left.first, 'to_datetime(', `, '${right.type}')`, leftEnd);
    } else if (right.type === 'date' && left.type?.startsWith('timestamp')) {
      translator.wrap(right.first, 'to_datetime(', `, '${left.type}')`);
    }
    return native(translator, operation, levels[operator] as number, 'bool');
  }
  switch (operator) {
    case '~':
    case '!~':
    case '~*':
    case '!~*':
      return regularExpression(translator, operation);
    case '~~':
    case '!~~':
    case '~~*':
    case '!~~*':
      translator.replace(operation.piece, likeOperators[operator] as string);
      return native(translator, operation, Level.EQUALITY, 'bool', !operator.endsWith('*'));
    case '^':
      return call(translator, operation, 'power(', '', 'float8');
    case '||':
      if ([left.type, right.type].some((type) => type?.startsWith('_'))) {
        return call(
          translator,
          operation,
          'array_cat(',
          '',
          left.type?.startsWith('_') ? left.type : right.type,
        );
      }
      if (left.type === 'jsonb' || right.type === 'jsonb')
        return call(translator, operation, 'jsonb_concat(', '', 'jsonb');
      return native(translator, operation, Level.CONCATENATION, left.type === 'bytea' ? 'bytea' : 'text');
    case '->':
      return native(translator, operation, Level.CONCATENATION, left.type ?? 'json');
    case '->>':
      return native(translator, operation, Level.CONCATENATION, 'text');
    case '#>':
    case '#>>':
      return call(
        translator,
        operation,
        'json_at_path(',
        operator === '#>' ? ', 0' : ', 1',
        operator === '#>' ? left.type : 'text',
      );
    case '@>':
      if (left.type?.startsWith('_')) return call(translator, operation, 'array_contains(', '', 'bool');
      return call(translator, operation, 'jsonb_contains(', '', 'bool');
    case '&':
    case '|':
    case '<<':
    case '>>':
      return native(translator, operation, Level.BITS, left.type ?? right.type);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(translator, operation);
    case '#':
      return call(translator, operation, 'bits_xor(', '', left.type ?? right.type);
    default:
      throw translator.unsupported(`operator ${operator}`, operation.token);
  }
}

export const likeOperators: Record<string, string> = {
  '~~': 'LIKE',
  '!~~': 'NOT LIKE',
  '~~*': 'MATCH',
  '!~~*': 'NOT MATCH',
};

/** As SQLite has it, with parentheses where it binds otherwise. */
function native(
  translator: Translator,
  { left, leftEnd, piece, operator, right }: Binary,
  level: number,
  type: string | undefined,
  escapes = false,
): Expression {
  if (right.level <= level) translator.wrap(right.first, '(', ')');
  if (left.level < level) translator.wrap(left.first, '(', ')', leftEnd);
  // `a<-b` and `a||-b` are read by SQLite as they are meant, but `a--b` would begin a comment.
  if (operator === '-' && translator.written(piece).startsWith('--')) translator.replace(piece, '- ');
  if (escapes && right.literal?.value.includes('\\') !== false) translator.put(" ESCAPE '\\'");
  return { first: left.first, level, type, name: undefined, columns: left.columns || right.columns };
}

/** As a call of a function. */
function call(
  translator: Translator,
  { left, piece, right }: Binary,
  before: string,
  after: string,
  type: string | undefined,
): Expression {
  translator.replace(piece, ',');
  translator.wrap(left.first, before, `${after})`);
  return {
    first: left.first,
    level: Level.PRIMARY,
    type,
    name: undefined,
    columns: left.columns || right.columns,
  };
}

/** REGEXP is a registered function; `(?i)` in front of a pattern ignores case. */
function regularExpression(translator: Translator, operation: Binary): Expression {
  const not = operation.operator.startsWith('!') ? 'NOT ' : '';
  if (operation.operator.endsWith('*')) {
    translator.replace(operation.piece, `${not}REGEXP '(?i)' ||`);
    if (operation.right.level <= Level.CONCATENATION) translator.wrap(operation.right.first, '(', ')');
  } else translator.replace(operation.piece, `${not}REGEXP`);
  return native(translator, operation, Level.EQUALITY, 'bool');
}

function arithmetic(translator: Translator, operation: Binary): Expression {
  const { left, leftEnd, operator, right } = operation;
  if (datetimes.has(left.type ?? '') || datetimes.has(right.type ?? ''))
    return datetime(translator, operation);
  if (operator === '-' && (left.type === 'jsonb' || left.type === 'json')) {
    throw translator.unsupported('operator - of jsonb', operation.token);
  }
  const type = promoted(left.type, right.type);
  const level = levels[operator] as number;
  coerceLiteral(translator, right, left);
  coerceLiteral(translator, left, right, leftEnd);
  if (operator !== '/' && operator !== '%') return native(translator, operation, level, type);
  if (operator === '%' && (type === 'numeric' || type?.startsWith('float'))) {
    zeroRefused(translator, right);
    return call(translator, operation, 'mod(', '', type);
  }
  zeroRefused(translator, right);
  // A NUMERIC column holds whole numbers as integers, which SQLite would divide as such.
  if (operator === '/' && type === 'numeric' && left.literal === undefined) {
    translator.wrap(left.first, 'CAST(', ' AS REAL)', leftEnd);
    return native(translator, { ...operation, left: { ...left, level: Level.PRIMARY } }, level, type);
  }
  return native(translator, operation, level, type);
}

/** SQLite divides by zero and gives NULL; here it is an error. */
function zeroRefused(translator: Translator, divisor: Expression): void {
  if (divisor.nonzero) return;
  translator.wrap(divisor.first, 'nonzero(', ')');
}

function promoted(left: string | undefined, right: string | undefined): string | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (left === 'unknown') return right === 'unknown' ? undefined : right;
  if (right === 'unknown') return left;
  const rank = Math.max(numbers.indexOf(left), numbers.indexOf(right));
  if (!numbers.includes(left) || !numbers.includes(right)) return undefined;
  // float4 beside anything but itself becomes float8.
  if (numbers[rank] === 'float4' && left !== right) return 'float8';
  return numbers[rank];
}

/** What dates, times and intervals give: `date + 1`, `timestamp - interval`, `interval * 2`. */
function datetime(translator: Translator, operation: Binary): Expression {
  const { left, operator, right } = operation;
  let leftType = left.type;
  let rightType = right.type;
  // A text beside a date is a date when subtracted, and an interval otherwise.
  if (leftType === 'unknown') leftType = operator === '-' ? rightType : 'interval';
  if (rightType === 'unknown') {
    rightType = operator === '-' && leftType !== 'interval' && !isIntervalText(right) ? leftType : 'interval';
  }
  const type = datetimeResult(leftType ?? '', operator, rightType ?? '');
  if (type === undefined) {
    throw translator.unsupported(
      `operator ${leftType ?? 'unknown'} ${operator} ${rightType ?? 'unknown'}`,
      operation.token,
    );
  }
  const types = `, ${quoteText(leftType ?? '')}, ${quoteText(operator)}, ${quoteText(rightType ?? '')}`;
  return call(translator, operation, 'datetime_operation(', types, type);
}

function isIntervalText(expression: Expression): boolean {
  return (
    /[a-z]/i.test(expression.literal?.value ?? '') &&
    !/^(now|today|yesterday|tomorrow)$/i.test(expression.literal?.value ?? '')
  );
}

function datetimeResult(left: string, operator: string, right: string): string | undefined {
  const number = (type: string) => numbers.includes(type) || type === '';
  const moment = (type: string) => type === 'timestamp' || type === 'timestamptz';
  if (operator === '*')
    return left === 'interval' && number(right)
      ? 'interval'
      : right === 'interval' && number(left)
        ? 'interval'
        : undefined;
  if (operator === '/') return left === 'interval' && number(right) ? 'interval' : undefined;
  if (
    operator === '+' &&
    datetimes.has(right) &&
    (left === 'interval' || !datetimes.has(left) || left === 'time')
  ) {
    if (right !== 'interval' && right !== left) return datetimeResult(right, '+', left);
  }
  if (left === 'date' && number(right)) return 'date';
  if (right === 'interval') return left === 'date' ? 'timestamp' : datetimes.has(left) ? left : undefined;
  if (operator === '+') return left === 'date' && right === 'time' ? 'timestamp' : undefined;
  if (operator !== '-') return undefined;
  if (left === 'date' && right === 'date') return 'int4';
  if ((moment(left) || left === 'date') && (moment(right) || right === 'date')) return 'interval';
  return left === 'time' && right === 'time' ? 'interval' : undefined;
}

/** Operators in front: + - ~ @ |/ ||/. */
export function prefixOperator(translator: Translator, operand: () => Expression): Expression {
  const mark = translator.mark;
  const operator = translator.peek()?.value;
  if (operator === '-' || operator === '+' || operator === '~') {
    translator.copy();
    const right = operand();
    if (right.level < Level.UNARY) translator.wrap(right.first, '(', ')');
    // Two minus signs would begin a comment.
    if (translator.written(right.first).startsWith('-')) translator.wrap(right.first, ' ', '');
    const first = translator.firstFrom(mark);
    if (right.type === 'interval' && operator === '-') {
      const written = translator.cut(first).slice(1);
      translator.put(`datetime_operation(${written}, -1, 'interval', '*', 'int4')`);
      return { ...right, first, level: Level.PRIMARY, name: undefined };
    }
    const { columns, nonzero } = right;
    const type = operator === '-' && right.literal?.value === '9223372036854775808' ? 'int8' : right.type;
    const negative = { first, level: Level.UNARY, type, name: undefined, columns };
    return nonzero ? { ...negative, nonzero } : negative;
  }
  const name = { '@': 'abs', '|/': 'sqrt', '||/': 'cbrt' }[operator ?? ''];
  if (name === undefined) {
    const known = operator !== undefined && !/^[<>=*/%^]/.test(operator) && operator !== 'operator';
    throw known ? translator.unsupported(`operator ${operator}`) : translator.unexpected();
  }
  translator.copy(`${name}(`);
  const right = operand();
  translator.put(')');
  const type = name === 'abs' ? right.type : 'float8';
  return {
    first: translator.firstFrom(mark),
    level: Level.PRIMARY,
    type,
    name: undefined,
    columns: right.columns,
  };
}
