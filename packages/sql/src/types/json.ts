import { SqlError } from '../sql-error.ts';

/**
 * JSON as jsonb has it: a space behind each colon and comma, keys ordered by length and then by bytes, the last of equal
 * keys kept. Numbers keep their digits.
 * @throws SqlError 22P02
 */
export function jsonbText(text: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined ? new Digits(context.source) : value,
    );
  } catch (cause) {
    const detail = (cause as Error).message;
    throw new SqlError('22P02', 'invalid input syntax for type json', { detail }, { cause });
  }
  return written(parsed);
}

/** A number by the digits with which it was written. */
class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function written(value: unknown): string {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const fields = keys.map(
    (key) => `${JSON.stringify(key)}: ${written((value as Record<string, unknown>)[key])}`,
  );
  return `{${fields.join(', ')}}`;
}
