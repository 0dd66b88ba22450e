import { SqlError } from '../sql-error.ts';

/**
 * What a token is. `word`: a keyword or an identifier without quotes. `identifier`: one in double quotes. `string`: any
 * kind of text literal. `bits`: `B'…'` or `X'…'`.
 */
export type TokenKind =
  | 'word'
  | 'identifier'
  | 'string'
  | 'bits'
  | 'number'
  | 'parameter'
  | 'operator'
  | 'punctuation';

export type Token = {
  readonly kind: TokenKind;
  /** A word in lower case, a name or a text without its quotes, the digits of a parameter; otherwise as written. */
  readonly value: string;
  /** Where it stands in the text, as an index of UTF-16 units. */
  readonly start: number;
  readonly end: number;
};

const OPERATOR = /[+\-*/<>=~!@#%^&|`?]/;
/** An operator of several characters may end in + or - only if it has one of these. */
const SPECIAL = /[~!@#%^&|`?]/;
const NUMBER = /(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const SPACE = /\s+/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const PARAMETER = /\$\d+/y;
const OPERATORS = /[+\-*/<>=~!@#%^&|`?]+/y;

/**
 * The tokens of a text in PostgreSQL's lexical structure (chapter 4.1 of its documentation), comments left out.
 * @throws SqlError 42601 for what is begun and never ended
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.length;
  let at = 0;
  while (at < end) {
    const start = at;
    const char = text[at] as string;
    if (char === '-' && text[at + 1] === '-') {
      at = endOfLine(text, at);
      continue;
    }
    if (char === '/' && text[at + 1] === '*') {
      at = endOfComment(text, at);
      if (at < 0) throw unterminated('/* comment', text, start);
      continue;
    }
    const space = match(SPACE, text, at);
    if (space > 0) {
      at += space;
      continue;
    }
    const token = tokenAt(text, at);
    const previous = tokens.at(-1);
    if (token.kind === 'string' && previous?.kind === 'string' && continues(text, previous, start)) {
      tokens[tokens.length - 1] = {
        ...previous,
        value: previous.value + token.value,
        end: token.end,
      };
    } else tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function tokenAt(text: string, at: number): Token {
  const char = text[at] as string;
  const next = text[at + 1];
  if (next === "'") {
    if (char === 'e' || char === 'E') return escapeString(text, at);
    if (char === 'n' || char === 'N') return { ...quoted(text, at + 1, "'", 'string'), start: at };
    if (char === 'b' || char === 'B' || char === 'x' || char === 'X') {
      const bits = quoted(text, at + 1, "'", 'bits');
      return { ...bits, start: at, value: char.toLowerCase() + bits.value };
    }
  }
  if ((char === 'u' || char === 'U') && next === '&') {
    if (text[at + 2] === "'") return unicode(text, at, quoted(text, at + 2, "'", 'string'));
    if (text[at + 2] === '"') return unicode(text, at, quoted(text, at + 2, '"', 'identifier'));
  }
  if (char === "'") return quoted(text, at, "'", 'string');
  if (char === '"') {
    const name = quoted(text, at, '"', 'identifier');
    if (name.value === '') throw syntaxError('zero-length delimited identifier', text, at, '""');
    return name;
  }
  const word = match(WORD, text, at);
  if (word > 0) return token('word', text.slice(at, at + word).toLowerCase(), at, at + word);
  if (char === '$') {
    const parameter = match(PARAMETER, text, at);
    if (parameter > 0) return token('parameter', text.slice(at + 1, at + parameter), at, at + parameter);
    const tag = match(DOLLAR_TAG, text, at);
    if (tag > 0) return dollarQuoted(text, at, text.slice(at, at + tag));
  }
  const number = match(NUMBER, text, at);
  if (number > 0) return numberAt(text, at, at + number);
  if (char === ':') {
    const both = next === ':' || next === '=' ? 2 : 1;
    return token('punctuation', text.slice(at, at + both), at, at + both);
  }
  if (OPERATOR.test(char)) return operatorAt(text, at);
  if ('()[],;.'.includes(char)) return token('punctuation', char, at, at + 1);
  throw syntaxError('syntax error', text, at, String.fromCodePoint(text.codePointAt(at) as number));
}

function token(kind: TokenKind, value: string, start: number, end: number): Token {
  return { kind, value, start, end };
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex - at : 0;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** Comments nest. -1 when it is never ended. */
function endOfComment(text: string, at: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return -1;
}

/** A quote is doubled to stand for itself. */
function quoted(text: string, at: number, quote: string, kind: TokenKind): Token {
  let value = '';
  let from = at + 1;
  for (;;) {
    const end = text.indexOf(quote, from);
    if (end < 0) throw unterminated(kind === 'identifier' ? 'quoted identifier' : 'quoted string', text, at);
    value += text.slice(from, end);
    if (text[end + 1] !== quote) return token(kind, value, at, end + 1);
    value += quote;
    from = end + 2;
  }
}

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const ESCAPED = /[^'\\]+|''|\\x[0-9A-Fa-f]{1,2}|\\[0-7]{1,3}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\[\s\S]/y;

function escapeString(text: string, at: number): Token {
  const parts: string[] = [];
  let from = at + 2;
  for (;;) {
    const length = match(ESCAPED, text, from);
    if (length === 0) break;
    parts.push(unescaped(text, from, from + length));
    from += length;
  }
  if (text[from] !== "'") throw unterminated('quoted string', text, at);
  return token('string', parts.join(''), at, from + 1);
}

function unescaped(text: string, from: number, to: number): string {
  const part = text.slice(from, to);
  if (part === "''") return "'";
  if (part[0] !== '\\') return part;
  const kind = part[1] as string;
  if (part.length > 2 && 'xuU'.includes(kind))
    return codePoint(Number.parseInt(part.slice(2), 16), text, from);
  if (/[0-7]/.test(kind)) return codePoint(Number.parseInt(part.slice(1), 8), text, from);
  return escapes[kind] ?? kind;
}

function codePoint(code: number, text: string, at: number): string {
  if (code === 0 || code > 0x10ffff) {
    throw new SqlError('42601', 'invalid Unicode escape value', { position: positionAt(text, at) });
  }
  return String.fromCodePoint(code);
}

function unicode(text: string, at: number, inner: Token): Token {
  const value = inner.value.replace(/\\(?:\\|\+([0-9A-Fa-f]{6})|([0-9A-Fa-f]{4}))/g, (whole, six, four) =>
    whole === '\\\\' ? '\\' : codePoint(Number.parseInt(six ?? four, 16), text, at),
  );
  return { ...inner, value, start: at };
}

function dollarQuoted(text: string, at: number, tag: string): Token {
  const from = at + tag.length;
  const end = text.indexOf(tag, from);
  if (end < 0) throw unterminated('dollar-quoted string', text, at);
  return token('string', text.slice(from, end), at, end + tag.length);
}

function numberAt(text: string, start: number, end: number): Token {
  const junk = match(WORD, text, end);
  if (junk > 0) {
    throw syntaxError('trailing junk after numeric literal', text, start, text.slice(start, end + junk));
  }
  return token('number', text.slice(start, end), start, end);
}

/** The longest run of operator characters, less comments, less what may not end it. */
function operatorAt(text: string, at: number): Token {
  let length = match(OPERATORS, text, at);
  const run = text.slice(at, at + length);
  const comment = run.search(/--|\/\*/);
  if (comment > 0) length = comment;
  if (length > 1 && !SPECIAL.test(run.slice(0, length))) {
    while (length > 1 && '+-'.includes(run[length - 1] as string)) length--;
  }
  const value = run.slice(0, length);
  return token('operator', value === '!=' ? '<>' : value, at, at + length);
}

/** Two literals are one when only white space that has a line break stands between them. */
function continues(text: string, previous: Token, start: number): boolean {
  return (
    text[start] === "'" &&
    text[previous.end - 1] === "'" &&
    /^\s*\n\s*$/.test(text.slice(previous.end, start))
  );
}

function unterminated(what: string, text: string, at: number): SqlError {
  return syntaxError(`unterminated ${what}`, text, at, text.slice(at));
}

function syntaxError(what: string, text: string, at: number, near: string): SqlError {
  const shown = near.length > 200 ? near.slice(0, 200) : near;
  return new SqlError('42601', `${what} at or near "${shown}"`, { position: positionAt(text, at) });
}

/** The place of an index of UTF-16 units as PostgreSQL counts: in characters (code points), from 1. */
export function positionAt(text: string, index: number): number {
  let position = 1;
  for (let at = 0; at < index; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0xdc00 || unit > 0xdfff) position++;
  }
  return position;
}
