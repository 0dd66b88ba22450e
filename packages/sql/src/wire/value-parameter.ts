import { SqlError } from '../sql-error.ts';
import { arrayText } from '../types/arrays.ts';
import { timeText } from '../types/calendar.ts';
import { momentText } from '../types/datetime.ts';
import { formatFloat8 } from '../types/floats.ts';
import { fromDaysSince2000, fromMicrosSince2000 } from '../types/iso-datetime.ts';
import { numericValue } from '../types/numeric.ts';
import type { Value } from '../types/pg-type.ts';
import { oids, typeEntry } from '../types/pg-type.ts';
import { valueOfText } from '../types/value-input.ts';
import { plainText, uuidText } from '../types/value-text.ts';
import type { BoundParameters } from './bound-parameters.ts';
import { textOf } from './message-reader.ts';
import { readNumeric } from './numeric-binary.ts';

/**
 * The value of parameter `index`, counted from 0, as SQLite is to be given it: whole numbers as `bigint`, since a `number`
 * is bound as REAL.
 * @param oid its type; 0 for one that is not known, which is text
 * @throws SqlError 22P02, 22003, 22007, 22008, 22021 or 22P03 for what is no value of the type
 */
export function parameterValue(parameters: BoundParameters, index: number, oid: number): Value {
  const from = parameters.from(index);
  if (from < 0) return null;
  const to = parameters.to(index);
  if (parameters.format(index) === 1) return valueOfBinary(parameters.bytes(index), oid, index);
  if (isWhole(oid)) {
    const fast = smallWhole(parameters.body, from, to);
    if (fast !== undefined && (oid !== oids.int2 || (fast <= 0x7fff && fast >= -0x8000))) return BigInt(fast);
  }
  return valueOfText(textOf(parameters.body, from, to), oid);
}

function isWhole(oid: number): boolean {
  return oid === oids.int4 || oid === oids.int8 || oid === oids.int2;
}

const MINUS = 0x2d;
const ZERO = 0x30;

/** A number of up to nine digits; undefined for anything else. */
function smallWhole(bytes: Buffer, from: number, to: number): number | undefined {
  const negative = bytes[from] === MINUS;
  const first = negative ? from + 1 : from;
  if (to - first > 9 || to === first) return undefined;
  let value = 0;
  for (let at = first; at < to; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = 10 * value + digit;
  }
  return negative ? -value : value;
}

/** The value of bytes in the binary format. `index` is for messages. */
function valueOfBinary(bytes: Buffer, oid: number, index: number): Value {
  const sized = (size: number): Buffer => {
    if (bytes.length === size) return bytes;
    throw new SqlError('22P03', `incorrect binary data format in bind parameter ${index + 1}`);
  };
  const elementOid = typeEntry(oid)?.elementOid ?? 0;
  if (elementOid !== 0) return arrayOfBinary(bytes, elementOid, index);
  switch (oid) {
    case oids.bool:
      return sized(1)[0] === 0 ? 0n : 1n;
    case oids.int2:
      return BigInt(sized(2).readInt16BE());
    case oids.int4:
      return BigInt(sized(4).readInt32BE());
    case oids.oid:
    case oids.xid:
    case oids.regclass:
    case oids.regtype:
    case oids.regproc:
      return BigInt(sized(4).readUInt32BE());
    case oids.int8:
      return sized(8).readBigInt64BE();
    case oids.float4:
      return sized(4).readFloatBE();
    case oids.float8:
      return sized(8).readDoubleBE();
    case oids.numeric:
      return numericValue(readNumeric(bytes)) ?? null;
    case oids.bytea:
      return bytes;
    case oids.date:
      return dateOfBinary(sized(4).readInt32BE());
    case oids.timestamp:
      return momentOfBinary(sized(8).readBigInt64BE(), 'timestamp');
    case oids.timestamptz:
      return momentOfBinary(sized(8).readBigInt64BE(), 'timestamptz');
    case oids.time:
      return timeText(sized(8).readBigInt64BE());
    case oids.uuid:
      return uuidText(sized(16));
    case oids.jsonb:
      if (bytes[0] !== 1) throw new SqlError('22P03', `unsupported jsonb version number ${bytes[0]}`);
      return valueOfText(textOf(bytes, 1, bytes.length), oid);
    case oids.interval:
    case oids.timetz:
    case oids.record:
      throw new SqlError('0A000', `the binary format of type ${typeEntry(oid)?.sqlName} is not supported`);
    default:
      return valueOfText(textOf(bytes, 0, bytes.length), oid);
  }
}

function dateOfBinary(days: number): string {
  if (days === 0x7fff_ffff) return 'infinity';
  return days === -0x8000_0000 ? '-infinity' : momentText(fromDaysSince2000(days), 'date');
}

function momentOfBinary(micros: bigint, type: 'timestamp' | 'timestamptz'): string {
  if (micros === 0x7fff_ffff_ffff_ffffn) return 'infinity';
  return micros === -0x8000_0000_0000_0000n ? '-infinity' : momentText(fromMicrosSince2000(micros), type);
}

function arrayOfBinary(bytes: Buffer, elementOid: number, index: number): string {
  const bad = () => new SqlError('22P03', `incorrect binary data format in bind parameter ${index + 1}`);
  if (bytes.length < 12) throw bad();
  const dimensions = bytes.readInt32BE(0);
  if (dimensions === 0) return '{}';
  if (dimensions !== 1) throw new SqlError('0A000', 'arrays of several dimensions are not supported');
  if (bytes.readInt32BE(8) !== elementOid || bytes.length < 20) throw bad();
  const count = bytes.readInt32BE(12);
  const elements: (string | null)[] = [];
  let at = 20;
  for (let i = 0; i < count; i++) {
    if (at + 4 > bytes.length) throw bad();
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length === -1) elements.push(null);
    else {
      if (length < 0 || at + length > bytes.length) throw bad();
      const value = valueOfBinary(bytes.subarray(at, at + length), elementOid, index);
      elements.push(elementText(value, elementOid));
      at += length;
    }
  }
  if (at !== bytes.length) throw bad();
  return arrayText(elements);
}

function elementText(value: Value, elementOid: number): string | null {
  if (value === null) return null;
  if (elementOid === oids.bool) return value === 1n ? 't' : 'f';
  return typeof value === 'number' ? formatFloat8(value) : plainText(value);
}
