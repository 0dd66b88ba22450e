import { own } from '../own-value.ts';
import { SqlError } from '../sql-error.ts';
import { parseArray } from '../types/arrays.ts';
import { jsonbText } from '../types/json.ts';
import type { Value } from '../types/pg-type.ts';
import { plain, type SqlFunction, strict, textOf } from './sql-function.ts';

/** Functions on JSON that SQLite lacks or has in another way. */
export const jsonFunctions: readonly SqlFunction[] = [
  plain('json_of', -1, (value) => (value === null || value === undefined ? null : jsonOf(value))),
  strict('json_elements', 1, (json) => JSON.stringify(asArray(json).map((value) => JSON.stringify(value)))),
  strict('json_keys', 1, (json) => JSON.stringify(Object.keys(parsed(json) as object))),
  strict('json_type_name', 1, (json) => {
    const value = parsed(json);
    return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  }),
  strict('json_at_path', 3, (json, path, asText) => {
    let at = parsed(json);
    for (const step of parseArray(textOf(path))) {
      if (typeof at !== 'object' || at === null || step === null) return null;
      at = Array.isArray(at) ? at.at(Number(step)) : own(at as Record<string, unknown>, step);
      if (at === undefined) return null;
    }
    if (asText === 0n) return JSON.stringify(at);
    return at === null ? null : typeof at === 'object' ? JSON.stringify(at) : String(at);
  }),
  strict('jsonb_contains', 2, (left, right) => (contains(parsed(left), parsed(right)) ? 1n : 0n)),
  strict('jsonb_concat', 2, (left, right) => {
    const [a, b] = [parsed(left), parsed(right)];
    if (isObject(a) && isObject(b)) return jsonbText(JSON.stringify({ ...a, ...b }));
    const list = [...(Array.isArray(a) ? a : [a]), ...(Array.isArray(b) ? b : [b])];
    return jsonbText(JSON.stringify(list));
  }),
  strict('jsonb_pretty', 1, (json) => JSON.stringify(parsed(json), null, 4)),
  strict('jsonb_strip_nulls', 1, (json) => jsonbText(JSON.stringify(withoutNulls(parsed(json))))),
  strict('json_strip_nulls', 1, (json) => JSON.stringify(withoutNulls(parsed(json)))),
];

function parsed(json: Value): unknown {
  try {
    return JSON.parse(textOf(json));
  } catch (cause) {
    const detail = (cause as Error).message;
    throw new SqlError('22P02', 'invalid input syntax for type json', { detail }, { cause });
  }
}

function asArray(json: Value): unknown[] {
  const value = parsed(json);
  if (Array.isArray(value)) return value;
  throw new SqlError('22023', 'cannot extract elements from a scalar');
}

function jsonOf(value: NonNullable<Value>): string {
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  return JSON.stringify(textOf(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(whole)) {
    const parts = Array.isArray(part) ? part : [part];
    return parts.every((each) => whole.some((element) => contains(element, each)));
  }
  if (isObject(whole) && isObject(part)) {
    return Object.entries(part).every(
      ([key, value]) => Object.hasOwn(whole, key) && contains(whole[key], value),
    );
  }
  return whole === part;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutNulls(each)]));
}
