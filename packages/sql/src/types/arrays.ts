import { SqlError } from '../sql-error.ts';

/**
 * The elements of an array in PostgreSQL's text form (`{a,"b c",NULL}`), of a vector (`1 2 3`), or of a JSON array.
 * Arrays in arrays come out as texts of their own.
 * @throws SqlError 22P02
 */
export function parseArray(text: string): (string | null)[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) return fromJson(trimmed);
  if (!trimmed.startsWith('{')) return trimmed === '' ? [] : trimmed.split(/\s+/);
  const malformed = () => new SqlError('22P02', `malformed array literal: "${text}"`);
  if (!trimmed.endsWith('}')) throw malformed();
  const elements: (string | null)[] = [];
  const end = trimmed.length - 1;
  let at = 1;
  if (trimmed.slice(1, end).trim() === '') return elements;
  for (;;) {
    const element = elementAt(trimmed, at);
    if (element === undefined) throw malformed();
    elements.push(element.value);
    at = element.end;
    if (at === end) return elements;
    if (trimmed[at] !== ',') throw malformed();
    at++;
  }
}

const QUOTED = /\s*"((?:[^"\\]|\\[\s\S])*)"\s*/y;
const BARE = /\s*((?:[^",{}\\]|\\[\s\S])+)/y;

function elementAt(text: string, at: number): { value: string | null; end: number } | undefined {
  QUOTED.lastIndex = at;
  const quoted = QUOTED.exec(text);
  if (quoted !== null) return { value: withoutEscapes(quoted[1] as string), end: QUOTED.lastIndex };
  if (text[at] === '{') {
    const end = endOfNested(text, at);
    return end === undefined ? undefined : { value: text.slice(at, end), end };
  }
  BARE.lastIndex = at;
  const bare = BARE.exec(text);
  if (bare === null) return undefined;
  const value = (bare[1] as string).trimEnd();
  return { value: value.toUpperCase() === 'NULL' ? null : withoutEscapes(value), end: BARE.lastIndex };
}

function endOfNested(text: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      QUOTED.lastIndex = at;
      if (!QUOTED.test(text)) return undefined;
      at = QUOTED.lastIndex - 1;
    } else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return at + 1;
  }
  return undefined;
}

function withoutEscapes(text: string): string {
  return text.replace(/\\([\s\S])/g, '$1');
}

function fromJson(text: string): (string | null)[] {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) return [];
  return parsed.map((value) =>
    value === null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value),
  );
}

/** An array in PostgreSQL's text form. */
export function arrayText(elements: readonly (string | number | bigint | null | undefined)[]): string {
  return `{${elements.map(elementText).join(',')}}`;
}

function elementText(element: string | number | bigint | null | undefined): string {
  if (element === null || element === undefined) return 'NULL';
  const text = String(element);
  if (text !== '' && !/[\s",{}\\]/.test(text) && text.toUpperCase() !== 'NULL') return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
