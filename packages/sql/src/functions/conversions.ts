import { SqlError } from '../sql-error.ts';
import { arrayText, parseArray } from '../types/arrays.ts';
import { type DatetimeType, momentFrom, momentText, normalizeDatetime } from '../types/datetime.ts';
import { valueOfType } from '../types/literals.ts';
import type { Value } from '../types/pg-type.ts';
import { typeNamed } from '../types/pg-type.ts';
import type { Session } from './session.ts';
import { plain, type SqlFunction, strict, textOf } from './sql-function.ts';

const integerNames: Record<string, readonly [name: string, bits: number]> = {
  int2: ['smallint', 16],
  int4: ['integer', 32],
  int8: ['bigint', 64],
};

/** What casts become whose source has a type that only the row knows. */
export function conversions(session: Session): SqlFunction[] {
  return [
    strict('to_integer', 2, (value, type) => toInteger(value, textOf(type))),
    strict('to_number_value', 2, (value, type) => toNumber(value, textOf(type))),
    strict('to_boolean', 1, toBoolean),
    strict('to_text', 1, (value) => textOf(value)),
    strict('boolean_text', 1, (value) => (toBoolean(value) === 1n ? 'true' : 'false')),
    strict('bytea_text', 1, (value) => textOf(typeof value === 'string' ? Buffer.from(value) : value)),
    strict('timestamptz_text', 1, (value) => textOf(value).replace(/\+00:00$/, '+00')),
    strict('to_bytea', 1, (value) =>
      value instanceof Uint8Array ? value : valueOfType(textOf(value), 'bytea', 0n),
    ),
    strict('to_json', 1, (value) => valueOfType(textOf(value), 'json', 0n)),
    strict('to_jsonb', 1, (value) => valueOfType(textOf(value), 'jsonb', 0n)),
    strict('to_uuid', 1, (value) => valueOfType(textOf(value), 'uuid', 0n)),
    strict('to_regtype_oid', 1, regtypeOid),
    {
      ...strict('to_datetime', 2, (value, type) => toDatetime(value, textOf(type), session)),
      deterministic: false,
    },
    strict('array_text', 1, (value) => arrayText(parseArray(textOf(value)))),
    plain('found', 3, (found, kind, name) => {
      if (found !== null || name === null) return found;
      const code = kind === 'relation' ? '42P01' : kind === 'schema' ? '3F000' : '42883';
      throw new SqlError(code, `${textOf(kind)} "${textOf(name)}" does not exist`);
    }),
    strict('oid_of', 1, (name) => (/^\d+$/.test(textOf(name)) ? BigInt(textOf(name)) : null)),
    strict('plain_name', 1, (name) => plainName(textOf(name))),
    strict('nonzero', 1, (value) => {
      if (Number(value) !== 0) return value;
      throw new SqlError('22012', 'division by zero');
    }),
    strict('nonzero_step', 1, (value) => {
      if (Number(value) !== 0) return value;
      throw new SqlError('22023', 'step size cannot equal zero');
    }),
  ];
}

function toInteger(value: NonNullable<Value>, type: string): bigint {
  const [name, bits] = integerNames[type] ?? ['bigint', 64];
  let whole: bigint;
  if (typeof value === 'bigint') whole = value;
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new SqlError('22003', `${name} out of range`);
    whole = BigInt(roundHalfEven(value));
  } else return valueOfType(textOf(value), type, 0n) as bigint;
  if (whole !== BigInt.asIntN(bits, whole)) throw new SqlError('22003', `${name} out of range`);
  return whole;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function toNumber(value: NonNullable<Value>, type: string): Value {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return type === 'numeric' ? value : Number(value);
  return valueOfType(textOf(value), type, 0n);
}

function toBoolean(value: NonNullable<Value>): bigint {
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value) === 0 ? 0n : 1n;
  return valueOfType(textOf(value), 'bool', 0n) as bigint;
}

function toDatetime(value: NonNullable<Value>, type: string, session: Session): Value {
  const text = textOf(value);
  if (type === 'interval') return valueOfType(text, 'interval', 0n);
  if (/^-?infinity$/.test(text)) return text;
  const target = type as DatetimeType;
  // A moment with its zone becomes one in UTC, whatever of it is wanted.
  if (/^\d{4,}-\d\d-\d\d[ T]/.test(text)) return momentText(momentFrom(text), target);
  return normalizeDatetime(text, target, session.now());
}

function regtypeOid(value: NonNullable<Value>): Value {
  const name = textOf(value);
  if (/^\d+$/.test(name)) return BigInt(name);
  const oid =
    typeNamed(plainName(name).toLowerCase())?.oid ?? typeNamed(spelledOut[plainName(name)] ?? '')?.oid;
  if (oid === undefined) throw new SqlError('42704', `type "${name}" does not exist`);
  return BigInt(oid);
}

const spelledOut: Record<string, string> = {
  int: 'int4',
  decimal: 'numeric',
  float: 'float8',
  timestamp: 'timestamp',
  'character varying': 'varchar',
};

/** A name as it is in the catalog: without schema and quotes, in lower case where it had none. */
export function plainName(name: string): string {
  const parts = name.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [name];
  const last = (parts.at(-1) ?? name).trim();
  return last.startsWith('"') ? last.slice(1, -1).replaceAll('""', '"') : last.toLowerCase();
}
