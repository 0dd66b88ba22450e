import { createHash } from 'node:crypto';
import { SqlError } from '../sql-error.ts';
import type { Value } from '../types/pg-type.ts';
import { countOf, plain, type SqlFunction, strict, textOf } from './sql-function.ts';

/** The longest text that a function makes, in UTF-16 units: SQLite would refuse more than 1,000,000,000 bytes. */
const MAX_TEXT = 100_000_000;

/** Functions on texts. */
export const texts: readonly SqlFunction[] = [
  strict('text_from', -1, (text, from, length) => textFrom(text, from, length)),
  strict('left', 2, (text, count) => {
    const characters = [...textOf(text)];
    const wanted = countOf(count);
    return characters.slice(0, wanted < 0 ? Math.max(0, characters.length + wanted) : wanted).join('');
  }),
  strict('right', 2, (text, count) => {
    const characters = [...textOf(text)];
    const wanted = countOf(count);
    if (wanted === 0) return '';
    return wanted > 0 ? characters.slice(-wanted).join('') : characters.slice(-wanted).join('');
  }),
  strict('repeat', 2, (text, count) => {
    const times = Math.max(0, countOf(count));
    const one = textOf(text);
    if (one.length * times > MAX_TEXT) throw new SqlError('54000', 'requested length too large');
    return one.repeat(times);
  }),
  strict('reverse', 1, (text) => [...textOf(text)].reverse().join('')),
  strict('lpad', -1, (text, length, fill = ' ') => padded(text, length, fill, true)),
  strict('rpad', -1, (text, length, fill = ' ') => padded(text, length, fill, false)),
  strict('initcap', 1, (text) =>
    textOf(text)
      .toLowerCase()
      .replace(/[\p{L}\p{N}]+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1)),
  ),
  strict('split_part', 3, (text, delimiter, field) => {
    const at = countOf(field);
    if (at === 0) throw new SqlError('22023', 'field position must not be zero');
    const parts = delimiter === '' ? [textOf(text)] : textOf(text).split(textOf(delimiter));
    return parts.at(at > 0 ? at - 1 : at) ?? '';
  }),
  strict('translate', 3, (text, from, to) => {
    const target = [...textOf(to)];
    const map = new Map<string, string>();
    for (const [index, char] of [...textOf(from)].entries())
      if (!map.has(char)) map.set(char, target[index] ?? '');
    return [...textOf(text)].map((char) => map.get(char) ?? char).join('');
  }),
  strict('overlay_text', -1, (text, placed, from, length) => {
    const characters = [...textOf(text)];
    const put = [...textOf(placed)];
    const start = countOf(from) - 1;
    if (start < 0) throw new SqlError('22011', 'negative substring length not allowed');
    const count = length === undefined ? put.length : countOf(length);
    return [...characters.slice(0, start), ...put, ...characters.slice(start + count)].join('');
  }),
  strict('starts_with', 2, (text, prefix) => (textOf(text).startsWith(textOf(prefix)) ? 1n : 0n)),
  strict('bit_length', 1, (text) => BigInt(Buffer.byteLength(textOf(text)) * 8)),
  strict('to_hex', 1, (value) => BigInt.asUintN(64, BigInt(value as bigint)).toString(16)),
  strict('md5', 1, (value) => hash('md5', value).toString('hex')),
  ...['sha224', 'sha256', 'sha384', 'sha512'].map((name) => strict(name, 1, (value) => hash(name, value))),
  strict('encode', 2, (value, format) => {
    const bytes = Buffer.from(value as Uint8Array);
    return format === 'base64'
      ? bytes.toString('base64').replace(/.{76}(?=.)/g, '$&\n')
      : bytes.toString('hex');
  }),
  strict('decode', 2, (text, format) => Buffer.from(textOf(text), format === 'base64' ? 'base64' : 'hex')),
  strict('convert_to', 2, (text) => Buffer.from(textOf(text))),
  strict('convert_from', 2, (bytes) => Buffer.from(bytes as Uint8Array).toString()),
  strict('quote_ident', 1, (name) => quotedName(textOf(name))),
  strict('quote_literal', 1, (text) => quotedText(textOf(text))),
  plain('quote_nullable', 1, (text) => (text === null ? 'NULL' : quotedText(textOf(text)))),
  plain('format_text', -1, (template, ...values) =>
    template === null ? null : formatted(textOf(template), values),
  ),
];

function textFrom(
  text: NonNullable<Value>,
  from: NonNullable<Value> | undefined,
  length: NonNullable<Value> | undefined,
): Value {
  const start = countOf(from ?? 1);
  if (length !== undefined && countOf(length) < 0) {
    throw new SqlError('22011', 'negative substring length not allowed');
  }
  const end = length === undefined ? Number.POSITIVE_INFINITY : start + countOf(length);
  if (text instanceof Uint8Array) return text.slice(Math.max(0, start - 1), Math.max(0, end - 1));
  return [...textOf(text)].slice(Math.max(0, start - 1), Math.max(0, end - 1)).join('');
}

function padded(text: Value, length: Value | undefined, fill: Value, before: boolean): string {
  const characters = [...textOf(text)];
  const wanted = Math.max(0, countOf(length ?? 0));
  if (wanted > MAX_TEXT) throw new SqlError('54000', 'requested length too large');
  const filling = [...textOf(fill)];
  const missing = wanted - characters.length;
  if (missing <= 0 || filling.length === 0) return characters.slice(0, wanted).join('');
  const pad = Array.from({ length: missing }, (_, index) => filling[index % filling.length]).join('');
  return before ? pad + characters.join('') : characters.join('') + pad;
}

function hash(name: string, value: NonNullable<Value>): Buffer {
  return createHash(name)
    .update(value instanceof Uint8Array ? value : textOf(value))
    .digest();
}

/** A name as it has to be written in SQL. */
export function quotedName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !needsQuotes.has(name)
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}

const needsQuotes = new Set(
  'all and any array as asc case cast check collate column constraint create default desc distinct do else end except false for foreign from grant group having in initially intersect into lateral leading limit not null offset on only or order placing primary references returning select some table then to trailing true union unique user using when where window with left right inner outer full cross natural join like ilike is'.split(
    ' ',
  ),
);

function quotedText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/** `format('%s %I %L %1$s %%')`. */
function formatted(template: string, values: readonly Value[]): string {
  let next = 0;
  return template.replace(/%(?:(\d+)\$)?(-?\d+)?([\s\S]?)/g, (_whole, place, width, kind: string) => {
    if (kind === '%') return '%';
    if (!'sIL'.includes(kind) || kind === '') {
      throw new SqlError('22023', `unrecognized format() type specifier "${kind}"`, {
        hint: 'For a single "%" use "%%".',
      });
    }
    const index = place === undefined ? next++ : Number(place) - 1;
    if (place !== undefined) next = index + 1;
    if (index >= values.length || index < 0) throw new SqlError('22023', 'too few arguments for format()');
    const text = formattedValue(values[index] ?? null, kind);
    if (width === undefined) return text;
    const size = Number(width);
    return size < 0 ? text.padEnd(-size) : text.padStart(size);
  });
}

function formattedValue(value: Value, kind: string): string {
  if (kind === 's') return textOf(value);
  if (kind === 'L') return value === null ? 'NULL' : quotedText(textOf(value));
  if (value === null) throw new SqlError('22004', 'null values cannot be formatted as an SQL identifier');
  return quotedName(textOf(value));
}
