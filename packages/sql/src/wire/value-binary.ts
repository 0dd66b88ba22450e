import { SqlError } from '../sql-error.ts';
import { parseArray } from '../types/arrays.ts';
import type { Moment } from '../types/calendar.ts';
import { parseFloatText } from '../types/floats.ts';
import {
  atGreenwich,
  daysSince2000,
  microsSince2000,
  type ParsedMoment,
  parseMoment,
  parseTime,
} from '../types/iso-datetime.ts';
import { formatNumeric } from '../types/numeric.ts';
import type { Value } from '../types/pg-type.ts';
import { formatType, oids, type PgType, pgType, typeEntry } from '../types/pg-type.ts';
import { plainText, textFormat, truthOf } from '../types/value-text.ts';
import type { ByteWriter } from './byte-writer.ts';
import { writeNumeric } from './numeric-binary.ts';

type Present = Exclude<Value, null>;

/** Writes the bytes of one value, without their length. */
export type BinaryFormat = (out: ByteWriter, value: Present) => void;

/**
 * How values of a type are written in the binary format. Binary has no way to write what is none of the type, as a text
 * in a column of numbers: such a value is an {@link SqlError} 22P02, a number that is too large 22003.
 */
export function binaryFormat(type: PgType): BinaryFormat {
  const elementOid = typeEntry(type.oid)?.elementOid ?? 0;
  if (elementOid !== 0) return arrayFormat(elementOid);
  switch (type.oid) {
    case oids.bool:
      return (out, value) => out.byte((truthOf(value) ?? refuse(value, type)) ? 1 : 0);
    case oids.int2:
      return (out, value) => out.int16(wholeIn(value, type, -0x8000, 0x7fff));
    case oids.int4:
      return (out, value) => out.int32(wholeIn(value, type, -0x8000_0000, 0x7fff_ffff));
    case oids.oid:
    case oids.xid:
    case oids.regclass:
    case oids.regtype:
    case oids.regproc:
      return (out, value) => out.int32(wholeIn(value, type, 0, 0xffff_ffff));
    case oids.int8:
      return (out, value) => out.int64(longOf(value, type));
    case oids.float4:
      return (out, value) => out.float32(floatOf(value, type));
    case oids.float8:
      return (out, value) => out.float64(floatOf(value, type));
    case oids.numeric: {
      const scale = type.typmod < 0 ? 0 : (type.typmod - 4) & 0xffff;
      return (out, value) => {
        const digits = typeof value === 'object' ? undefined : formatNumeric(value, scale);
        writeNumeric(out, digits ?? refuse(value, type));
      };
    }
    case oids.bytea:
      return (out, value) => (typeof value === 'object' ? out.bytes(value) : out.text(plainText(value)));
    case oids.date:
      return (out, value) => out.int32(daysOfValue(value, type));
    case oids.timestamp:
      return (out, value) => out.int64(microsOfValue(value, type, ({ moment }) => moment));
    case oids.timestamptz:
      return (out, value) => out.int64(microsOfValue(value, type, atGreenwich));
    case oids.time:
      return (out, value) => out.int64(timeOf(value, type).micros);
    case oids.timetz:
      return (out, value) => {
        const { micros, offset = 0 } = timeOf(value, type);
        out.int64(micros);
        out.int32(-offset);
      };
    case oids.uuid:
      return (out, value) => out.bytes(uuidBytes(value, type));
    case oids.jsonb: {
      const version = 1;
      return (out, value) => {
        out.byte(version);
        out.text(plainText(value));
      };
    }
    case oids.interval:
    case oids.record:
    case oids.int2vector:
    case oids.oidvector:
      return () => {
        throw new SqlError('0A000', `the binary format of type ${formatType(type)} is not supported`);
      };
    default: {
      const text = textFormat(type);
      return (out, value) => out.text(text(value));
    }
  }
}

function refuse(value: Present, type: PgType): never {
  throw new SqlError('22P02', `invalid input syntax for type ${formatType(type)}: "${plainText(value)}"`, {
    hint: 'The column holds a value that is not of its declared type; it can be read as text.',
  });
}

function outOfRange(value: Present, type: PgType): never {
  throw new SqlError('22003', `value "${plainText(value)}" is out of range for type ${formatType(type)}`, {
    hint: 'SQLite keeps whole numbers of 64 bits in any column; cast this one to bigint, or declare it so.',
  });
}

function wholeIn(value: Present, type: PgType, least: number, most: number): number {
  const number = typeof value === 'number' ? value : Number(longOf(value, type));
  if (!Number.isInteger(number)) refuse(value, type);
  return number < least || number > most ? outOfRange(value, type) : number;
}

function longOf(value: Present, type: PgType): bigint {
  if (typeof value === 'object') refuse(value, type);
  if (
    typeof value === 'number'
      ? !Number.isInteger(value)
      : typeof value === 'string' && !/^\s*[+-]?\d+\s*$/.test(value)
  ) {
    refuse(value, type);
  }
  const long = BigInt(value);
  return long === BigInt.asIntN(64, long) ? long : outOfRange(value, type);
}

function floatOf(value: Present, type: PgType): number {
  if (typeof value === 'object') refuse(value, type);
  return typeof value === 'string' ? (parseFloatText(value) ?? refuse(value, type)) : Number(value);
}

function parsed(value: Present, type: PgType): ParsedMoment {
  return (typeof value === 'string' ? parseMoment(value) : undefined) ?? refuse(value, type);
}

function daysOfValue(value: Present, type: PgType): number {
  if (value === 'infinity') return 0x7fff_ffff;
  return value === '-infinity' ? -0x8000_0000 : daysSince2000(parsed(value, type).moment);
}

function microsOfValue(value: Present, type: PgType, at: (moment: ParsedMoment) => Moment): bigint {
  if (value === 'infinity') return 0x7fff_ffff_ffff_ffffn;
  if (value === '-infinity') return -0x8000_0000_0000_0000n;
  return microsSince2000(at(parsed(value, type)));
}

function timeOf(value: Present, type: PgType): { micros: bigint; offset: number | undefined } {
  return (typeof value === 'string' ? parseTime(value) : undefined) ?? refuse(value, type);
}

function uuidBytes(value: Present, type: PgType): Uint8Array {
  if (typeof value === 'object') return value.length === 16 ? value : refuse(value, type);
  const digits = plainText(value).replaceAll('-', '');
  return /^[0-9a-f]{32}$/i.test(digits) ? Buffer.from(digits, 'hex') : refuse(value, type);
}

/** Arrays are kept as their text, of one dimension. */
function arrayFormat(elementOid: number): BinaryFormat {
  const write = binaryFormat(pgType(elementOid));
  return (out, value) => {
    const elements = parseArray(plainText(value));
    out.int32(elements.length === 0 ? 0 : 1);
    out.int32(elements.includes(null) ? 1 : 0);
    out.int32(elementOid);
    if (elements.length === 0) return;
    out.int32(elements.length);
    out.int32(1);
    for (const element of elements) {
      if (element === null) out.int32(-1);
      else {
        const opened = out.open();
        write(out, element);
        out.close(opened, false);
      }
    }
  };
}
