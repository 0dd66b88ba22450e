import { SqlError } from './sql-error.ts';

/** The text of an array of one dimension, such as `{one,"two, three",NULL}`. */
export function arrayLiteral(elements: readonly (string | null)[]): string {
  return `{${elements.map((element) => (element === null ? 'NULL' : quoted(element))).join(',')}}`;
}

function quoted(element: string): string {
  if (element !== '' && !/[\s{},"\\]|^null$/i.test(element)) return element;
  return `"${element.replace(/["\\]/g, '\\$&')}"`;
}

/** The elements of an array of one dimension. Throws {@link SqlError} 22P02 for text that is none. */
export function arrayElements(literal: string): (string | null)[] {
  const text = literal.trim();
  const bad = () => new SqlError('22P02', `malformed array literal: "${literal}"`);
  if (!text.startsWith('{') || !text.endsWith('}')) throw bad();
  const inside = text.slice(1, -1);
  if (inside.trim() === '') return [];
  const elements: (string | null)[] = [];
  const element = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|((?:[^",{}\\]|\\[\s\S])+))\s*(,|$)/y;
  for (let more = true; more; ) {
    const found = element.exec(inside);
    if (found === null) throw bad();
    const [, inQuotes, bare = '', ending] = found;
    const unescaped = (inQuotes ?? bare.trim()).replace(/\\([\s\S])/g, '$1');
    elements.push(inQuotes === undefined && /^null$/i.test(bare.trim()) ? null : unescaped);
    more = ending === ',';
  }
  return elements;
}
