import { isUtf8 } from 'node:buffer';
import { SqlError } from '../sql-error.ts';
import type { CopyFormat } from './copy-format.ts';

const letters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const escapes = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([\s\S]))/g;

/** The fields of a line in the text format. NULL is looked for before escapes are undone. */
export function textFields(line: string, { delimiter, null: nothing }: CopyFormat): (string | null)[] {
  const raw = line.includes('\\') ? splitEscaped(line, delimiter) : line.split(delimiter);
  return raw.map((field) => (field === nothing ? null : field.includes('\\') ? unescaped(field) : field));
}

/** A delimiter behind a backslash is data. */
function splitEscaped(line: string, delimiter: string): string[] {
  const fields: string[] = [];
  let from = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === delimiter) {
      fields.push(line.slice(from, at));
      from = at + 1;
    }
  }
  fields.push(line.slice(from));
  return fields;
}

function unescaped(field: string): string {
  if (!/\\(?:[0-7]|x[0-9a-fA-F])/.test(field)) {
    return field.replace(/\\([\s\S])/g, (_found, char: string) => letters[char] ?? char);
  }
  // Octal and hexadecimal escapes are bytes, several of which may be one character.
  const bytes = Buffer.from(field).toString('latin1').replace(escapes, replacement);
  const result = Buffer.from(bytes, 'latin1');
  if (!isUtf8(result) || result.includes(0)) {
    throw new SqlError('22021', 'invalid byte sequence for encoding "UTF8"');
  }
  return result.toString();
}

function replacement(_found: string, octal?: string, hex?: string, char = ''): string {
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
  return hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : (letters[char] ?? char);
}

/** The fields of a line in the csv format; NULL is what equals its mark and has no quotes. */
export function csvFields(line: string, format: CopyFormat): (string | null)[] {
  const { delimiter, null: nothing, quote, forceNull, forceNotNull } = format;
  if (!line.includes(quote)) {
    return line
      .split(delimiter)
      .map((field, i) => (field === nothing && forceNotNull[i] !== true ? null : field));
  }
  const fields: (string | null)[] = [];
  for (let at = 0; at <= line.length; ) {
    const field = csvField(line, at, format);
    const column = fields.length;
    const mayBeNull = field.quoted ? forceNull[column] === true : forceNotNull[column] !== true;
    fields.push(mayBeNull && field.value === nothing ? null : field.value);
    at = field.end + 1;
  }
  return fields;
}

/** One field, which may be in quotes as a whole or in part. */
function csvField(line: string, from: number, { delimiter, quote, escape: mark }: CopyFormat) {
  let value = '';
  let quoted = false;
  let inQuotes = false;
  let at = from;
  for (; at < line.length; at++) {
    const char = line[at] as string;
    const next = line[at + 1];
    if (inQuotes && char === mark && (next === quote || next === mark)) {
      value += next;
      at++;
    } else if (char === quote) {
      inQuotes = !inQuotes;
      quoted = true;
    } else if (char === delimiter && !inQuotes) break;
    else value += char;
  }
  if (inQuotes) throw new SqlError('22P04', 'unterminated CSV quoted field');
  return { value, quoted, end: at };
}
