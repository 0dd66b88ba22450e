import { type DatetimeType, normalizeDatetime } from './datetime.ts';
import { intervalText, parseInterval } from './interval.ts';
import { jsonbText } from './json.ts';
import type { Value } from './pg-type.ts';
import { typeNamed } from './pg-type.ts';
import { valueOfText } from './value-input.ts';

const datetimes = new Set(['date', 'time', 'timetz', 'timestamp', 'timestamptz']);

/**
 * A text as a value of a type, as it is kept in the database.
 * @param now microseconds since 1970, for the date `today` and its like
 * @throws SqlError 22P02, 22003, 22007, 22008 and others for what is no value of the type
 */
export function valueOfType(text: string, typeName: string, now: bigint): Value {
  if (datetimes.has(typeName)) return normalizeDatetime(text, typeName as DatetimeType, now);
  if (typeName === 'interval') return intervalText(parseInterval(text));
  if (typeName === 'jsonb') return jsonbText(text);
  const oid = typeNamed(typeName)?.oid;
  if (oid === undefined) return text;
  return valueOfText(text, oid);
}

/** A value as a literal of SQLite. */
export function literalOf(value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString('hex')}'`;
  if (typeof value === 'bigint') return String(value);
  if (Number.isNaN(value)) return "'NaN'";
  if (!Number.isFinite(value)) return value > 0 ? '9e999' : '-9e999';
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
