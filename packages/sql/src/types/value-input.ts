import { SqlError } from '../sql-error.ts';
import { normalizeDatetime } from './datetime.ts';
import { parseFloatText } from './floats.ts';
import { numericValue } from './numeric.ts';
import type { Value } from './pg-type.ts';
import { formatType, oids } from './pg-type.ts';
import { parseTruth, uuidText } from './value-text.ts';

const ranges: Readonly<Record<number, readonly [bigint, bigint]>> = {
  [oids.int2]: [-0x8000n, 0x7fffn],
  [oids.int4]: [-0x8000_0000n, 0x7fff_ffffn],
  [oids.int8]: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
  [oids.oid]: [-0x8000_0000n, 0xffff_ffffn],
};

/**
 * The value of text in PostgreSQL's input syntax, in the form that SQLite keeps (see {@link Value}). Timestamps become
 * `YYYY-MM-DD HH:MM:SS`, with a fraction where there is one; with time zone those at Greenwich, `+00:00` behind them, so that
 * their order as text is that in time.
 * @throws SqlError 22P02, 22003, 22007, 22008 or 22021 for what is no value of the type
 */
export function valueOfText(text: string, oid: number): Value {
  switch (oid) {
    case oids.bool: {
      const truth = parseTruth(text) ?? refuse(text, oid);
      return truth ? 1n : 0n;
    }
    case oids.int2:
    case oids.int4:
    case oids.int8:
    case oids.oid:
      return wholeOf(text, oid);
    case oids.float4:
    case oids.float8: {
      const value = parseFloatText(text) ?? refuse(text, oid);
      if (!Number.isFinite(value) && /\d/.test(text)) outOfRange(text, oid);
      return value;
    }
    case oids.numeric:
      return numericValue(text) ?? refuse(text, oid);
    case oids.bytea:
      return bytesOf(text);
    case oids.date:
      return normalizeDatetime(text, 'date', now());
    case oids.time:
      return normalizeDatetime(text, 'time', now());
    case oids.timestamp:
      return normalizeDatetime(text, 'timestamp', now());
    case oids.timestamptz:
      return normalizeDatetime(text, 'timestamptz', now());
    case oids.json:
    case oids.jsonb:
      return checkJson(text);
    case oids.uuid:
      return uuidOf(text);
    default:
      if (text.includes('\0')) throw new SqlError('22021', 'invalid byte sequence for encoding "UTF8": 0x00');
      return text;
  }
}

function refuse(text: string, oid: number): never {
  throw new SqlError('22P02', `invalid input syntax for type ${formatType({ oid, typmod: -1 })}: "${text}"`);
}

function outOfRange(text: string, oid: number): never {
  const type = formatType({ oid, typmod: -1 });
  const message = ranges[oid] === undefined ? `"${text}" is out of range for type ${type}` : undefined;
  throw new SqlError('22003', message ?? `value "${text}" is out of range for type ${type}`);
}

function wholeOf(text: string, oid: number): bigint {
  const digits = /^\s*\+?(-?\d+)\s*$/.exec(text)?.[1] ?? refuse(text, oid);
  if (digits.length > 100) outOfRange(text, oid);
  const value = BigInt(digits);
  const [least, most] = ranges[oid] as readonly [bigint, bigint];
  return value < least || value > most ? outOfRange(text, oid) : value;
}

/** Microseconds since 1970, for the date `today` and its like. */
function now(): bigint {
  return BigInt(Date.now()) * 1_000n;
}

function bytesOf(text: string): Buffer {
  if (text.startsWith('\\x')) {
    const digits = text.slice(2).replace(/\s/g, '');
    const wrong = /[^0-9a-f]/i.exec(digits);
    if (wrong !== null) throw new SqlError('22023', `invalid hexadecimal digit: "${wrong[0]}"`);
    if (digits.length % 2 !== 0)
      throw new SqlError('22023', 'invalid hexadecimal data: odd number of digits');
    return Buffer.from(digits, 'hex');
  }
  if (!text.includes('\\')) return Buffer.from(text);
  if (/^(?:[^\\]|\\\\|\\[0-3][0-7]{2})*$/.test(text) === false) refuse(text, oids.bytea);
  const unescaped = text.replace(
    /[\u0080-\u{10ffff}]|\\(\\|[0-7]{3})/gu,
    (found, escaped: string | undefined) => {
      if (escaped === undefined) return Buffer.from(found).toString('latin1');
      return escaped === '\\' ? '\\' : String.fromCharCode(Number.parseInt(escaped, 8));
    },
  );
  return Buffer.from(unescaped, 'latin1');
}

function checkJson(text: string): string {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new SqlError(
      '22P02',
      'invalid input syntax for type json',
      { detail: (cause as Error).message },
      { cause },
    );
  }
  return text;
}

function uuidOf(text: string): string {
  const digits = /^\s*(\{?)([0-9a-f-]{32,39})(\}?)\s*$/i.exec(text);
  const bare = digits?.[2]?.replaceAll('-', '') ?? '';
  if (digits === null || bare.length !== 32 || (digits[1] === '') !== (digits[3] === ''))
    refuse(text, oids.uuid);
  return uuidText(Buffer.from(bare, 'hex'));
}
