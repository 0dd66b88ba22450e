import stringWidth from 'string-width';
import type { Value } from '../types/pg-type.ts';
import { plainText } from '../types/value-text.ts';

/** A value as people read it: NULL in letters, blobs in hexadecimal, control characters made visible. */
export function cellText(value: Value): string {
  if (value === null) return 'NULL';
  const text = plainText(value);
  return typeof value === 'string' ? visible(text) : text;
}

/** What is in a database must not be able to control the terminal on which it is read. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (char) => {
    const name = names[char];
    return name ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

const names: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

/** Spaces on the right, or on the left, up to a width. */
export function padded(text: string, width: number, right: boolean): string {
  const spaces = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? spaces + text : text + spaces;
}
