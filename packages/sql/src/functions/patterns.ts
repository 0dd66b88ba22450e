import { own } from '../own-value.ts';
import { SqlError } from '../sql-error.ts';
import { arrayText } from '../types/arrays.ts';
import type { Value } from '../types/pg-type.ts';
import { countOf, plain, type SqlFunction, strict, textOf } from './sql-function.ts';

const MAX_CACHED = 200;
const compiled = new Map<string, RegExp>();

/** Regular expressions of PostgreSQL in the engine of JavaScript, which has nearly all of their syntax. */
export const patterns: readonly SqlFunction[] = [
  strict('regexp', 2, (pattern, text) =>
    regularExpression(textOf(pattern), '').test(textOf(text)) ? 1n : 0n,
  ),
  // ILIKE, which is written as MATCH.
  strict('match', 2, (pattern, text) => (likePattern(textOf(pattern), '\\').test(textOf(text)) ? 1n : 0n)),
  strict('match', 3, (pattern, text, escaping) =>
    likePattern(textOf(pattern), textOf(escaping)).test(textOf(text)) ? 1n : 0n,
  ),
  strict('similar_pattern', 1, (pattern) => similarPattern(textOf(pattern))),
  strict('substring_of_pattern', 2, (text, pattern) => {
    const found = regularExpression(textOf(pattern), '').exec(textOf(text));
    return found === null ? null : (found[1] ?? (found.length > 1 ? null : found[0]));
  }),
  strict('regexp_replace', -1, (text, pattern, replacement, flags = '') => {
    const given = textOf(flags);
    const expression = regularExpression(textOf(pattern), given);
    const by = replacementOf(textOf(replacement));
    return textOf(text).replace(expression, by);
  }),
  strict('regexp_match', -1, (text, pattern, flags = '') => {
    const found = regularExpression(textOf(pattern), textOf(flags).replace('g', '')).exec(textOf(text));
    return found === null ? null : arrayText(groupsOf(found));
  }),
  strict('regexp_matches_json', -1, (text, pattern, flags = '') => {
    const all = textOf(flags).includes('g');
    const expression = regularExpression(textOf(pattern), `${textOf(flags)}g`);
    const found = [...textOf(text).matchAll(expression)];
    return JSON.stringify((all ? found : found.slice(0, 1)).map((one) => arrayText(groupsOf(one))));
  }),
  strict('regexp_like', -1, (text, pattern, flags = '') =>
    regularExpression(textOf(pattern), textOf(flags)).test(textOf(text)) ? 1n : 0n,
  ),
  strict('regexp_count', -1, (text, pattern) =>
    BigInt([...textOf(text).matchAll(regularExpression(textOf(pattern), 'g'))].length),
  ),
  strict(
    'regexp_substr',
    -1,
    (text, pattern) => regularExpression(textOf(pattern), '').exec(textOf(text))?.[0] ?? null,
  ),
  strict('regexp_split_to_array', -1, (text, pattern, flags = '') => arrayText(split(text, pattern, flags))),
  strict('regexp_split_json', -1, (text, pattern, flags = '') => JSON.stringify(split(text, pattern, flags))),
  plain('string_to_array', -1, (text, delimiter, nulls = null) =>
    text === null
      ? null
      : arrayText(parts(text, delimiter ?? null).map((part) => (part === nulls ? null : part))),
  ),
  plain('string_split_json', -1, (text, delimiter) =>
    text === null ? '[]' : JSON.stringify(parts(text, delimiter ?? null)),
  ),
];

function parts(text: Value, delimiter: Value): string[] {
  const whole = textOf(text);
  if (whole === '') return [];
  if (delimiter === null) return [...whole];
  return delimiter === '' ? [whole] : whole.split(textOf(delimiter));
}

function split(text: Value, pattern: Value, flags: Value): string[] {
  const whole = textOf(text);
  const expression = regularExpression(textOf(pattern), `${textOf(flags)}g`);
  const found: string[] = [];
  let from = 0;
  for (const one of whole.matchAll(expression)) {
    // An empty match at an end splits nothing.
    if (one[0] === '' && (one.index === 0 || one.index >= whole.length)) continue;
    found.push(whole.slice(from, one.index));
    from = one.index + one[0].length;
  }
  return [...found, whole.slice(from)];
}

function groupsOf(found: RegExpExecArray | RegExpMatchArray): (string | null)[] {
  return found.length === 1 ? [found[0]] : found.slice(1).map((group) => group ?? null);
}

/** Those used last are kept compiled. */
function regularExpression(pattern: string, flags: string): RegExp {
  const key = `${flags}/${pattern}`;
  const kept = compiled.get(key);
  if (kept !== undefined) {
    kept.lastIndex = 0;
    return kept;
  }
  const expression = compile(pattern, flags);
  if (compiled.size >= MAX_CACHED) compiled.clear();
  compiled.set(key, expression);
  return expression;
}

function compile(pattern: string, flags: string): RegExp {
  let source = pattern;
  let options = flags;
  const embedded = /^\*\*\*:|^\(\?([a-z]+)\)/.exec(source);
  if (embedded !== null) {
    source = source.slice(embedded[0].length);
    options += embedded[1] ?? '';
  }
  const unknown = /[^gicnmsxptqe]/.exec(options);
  if (unknown !== null) throw new SqlError('22023', `invalid regular expression option: "${unknown[0]}"`);
  const js = (options.includes('i') ? 'i' : '') + (options.includes('g') ? 'g' : '');
  const lines = /[nm]/.test(options) ? 'm' : 's';
  try {
    return new RegExp(translated(source), `u${js}${lines}`);
  } catch (cause) {
    const why = (cause as Error).message.replace(/^.*\/: /, '');
    throw new SqlError('2201B', `invalid regular expression: ${why}`, {}, { cause });
  }
}

const classes: Record<string, string> = {
  alpha: '\\p{L}',
  digit: '0-9',
  alnum: '\\p{L}\\p{N}',
  upper: '\\p{Lu}',
  lower: '\\p{Ll}',
  space: '\\s',
  punct: '\\p{P}\\p{S}',
  xdigit: '0-9A-Fa-f',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  print: '\\P{C}',
  graph: '\\x21-\\x7e',
  word: '\\w',
};
const escapes: Record<string, string> = {
  m: '\\b(?=\\w)',
  M: '\\b(?<=\\w)',
  y: '\\b',
  Y: '\\B',
  A: '(?<![\\s\\S])',
  Z: '(?![\\s\\S])',
  a: '\\x07',
  e: '\\x1b',
  B: '\\\\',
};

/** Classes such as `[[:alpha:]]`, and escapes such as `\m`; the rest is the same in both. */
function translated(source: string): string {
  return source.replace(
    /\\([\s\S])|\[\[:<:\]\]|\[\[:>:\]\]|\[:(\w+):\]|([\s\S])/g,
    (whole, escaped: string | undefined, name: string | undefined) => {
      if (whole === '[[:<:]]') return '\\b(?=\\w)';
      if (whole === '[[:>:]]') return '\\b(?<=\\w)';
      if (name !== undefined) return own(classes, name) ?? whole;
      if (escaped === undefined) return whole;
      if (escapes[escaped] !== undefined) return escapes[escaped];
      // With the flag u only what needs it may be escaped.
      return /[dDwWsSbnrtfvxucpPk0-9^$\\.*+?()[\]{}|/-]/.test(escaped) ? whole : escaped;
    },
  );
}

/** A pattern of LIKE that ignores case. */
function likePattern(pattern: string, escaping: string): RegExp {
  const key = `like${escaping}/${pattern}`;
  const kept = compiled.get(key);
  if (kept !== undefined) return kept;
  let source = '';
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const char = characters[at] as string;
    if (char === escaping) {
      if (++at >= characters.length) {
        throw new SqlError('22025', 'LIKE pattern must not end with escape character');
      }
      source += RegExp.escape(characters[at] as string);
    } else if (char === '%') source += source.endsWith('[^]*?') ? '' : '[^]*?';
    else source += char === '_' ? '[^]' : RegExp.escape(char);
  }
  const expression = new RegExp(`^${source}$`, 'iu');
  if (compiled.size >= MAX_CACHED) compiled.clear();
  compiled.set(key, expression);
  return expression;
}

/** SIMILAR TO as a regular expression that has to match all of the text. */
function similarPattern(pattern: string): string {
  const source = pattern.replace(/\\([\s\S])|[%_.^$]/g, (whole, escaped: string | undefined) => {
    if (escaped !== undefined) return `\\${escaped}`;
    return whole === '%' ? '.*' : whole === '_' ? '.' : `\\${whole}`;
  });
  return `^(?:${source})$`;
}

/** `\1` and `\&` stand for groups and for everything; a dollar is a dollar. */
function replacementOf(text: string): (...found: readonly unknown[]) => string {
  return (...found) =>
    text.replace(/\\([\s\S])/g, (_whole, escaped: string) => {
      if (escaped === '&' || escaped === '0') return String(found[0]);
      return /[1-9]/.test(escaped) ? String(found[countOf(BigInt(escaped))] ?? '') : escaped;
    });
}
