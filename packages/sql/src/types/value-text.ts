import { dateText, fieldsOf, fieldsText } from './calendar.ts';
import { formatFloat4, formatFloat8 } from './floats.ts';
import { atGreenwich, type ParsedMoment, parseMoment } from './iso-datetime.ts';
import { formatNumeric } from './numeric.ts';
import type { Value } from './pg-type.ts';
import { oids, type PgType } from './pg-type.ts';

/** Writes one value of a column as text. */
export type TextFormat = (value: Exclude<Value, null>) => string;

/**
 * How values of a type are written in the text format, as PostgreSQL 15 does with `DateStyle` ISO, the time zone UTC and
 * `bytea_output` hex. SQLite lets any value into any column: what is none of the type is written as it is.
 */
export function textFormat(type: PgType): TextFormat {
  switch (type.oid) {
    case oids.bool:
      return boolText;
    case oids.float4:
      return (value) => floatText(value, formatFloat4);
    case oids.float8:
      return (value) => floatText(value, formatFloat8);
    case oids.numeric: {
      const scale = type.typmod < 0 ? 0 : (type.typmod - 4) & 0xffff;
      return (value) =>
        value instanceof Uint8Array ? hex(value) : (formatNumeric(value, scale) ?? String(value));
    }
    case oids.bytea:
      return (value) => hex(typeof value === 'object' ? value : Buffer.from(plainText(value)));
    case oids.date:
      return (value) =>
        typeof value === 'string' && writtenDate.test(value)
          ? value
          : momentText(value, ({ moment }) => dateText(fieldsOf(moment)));
    case oids.timestamp:
      return (value) =>
        typeof value === 'string' && writtenTimestamp.test(value)
          ? value
          : momentText(value, ({ moment }) => fieldsText(fieldsOf(moment)));
    case oids.timestamptz:
      return (value) =>
        typeof value === 'string' && writtenTimestamptz.test(value)
          ? value.slice(0, -':00'.length)
          : momentText(value, (parsed) => fieldsText(fieldsOf(atGreenwich(parsed)), '+00'));
    case oids.uuid:
      return (value) =>
        value instanceof Uint8Array && value.length === 16 ? uuidText(value) : plainText(value);
    default:
      return plainText;
  }
}

/** A value as SQLite has it. */
export function plainText(value: Exclude<Value, null>): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatFloat8(value);
  return typeof value === 'bigint' ? String(value) : hex(value);
}

/** Text of 16 bytes, as UUIDs are written. */
export function uuidText(bytes: Uint8Array): string {
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Whether a value stands for true; undefined when it stands for neither. */
export function truthOf(value: Exclude<Value, null>): boolean | undefined {
  switch (typeof value) {
    case 'number':
      return value !== 0;
    case 'bigint':
      return value !== 0n;
    case 'string':
      return parseTruth(value);
    default:
      return undefined;
  }
}

/** The words for true and false, which may be shortened as long as they are unambiguous. */
export function parseTruth(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (word === '1' || word === 'on' || (word !== '' && ('true'.startsWith(word) || 'yes'.startsWith(word))))
    return true;
  if (word === '0' || (word.length > 1 && 'off'.startsWith(word))) return false;
  return word !== '' && ('false'.startsWith(word) || 'no'.startsWith(word)) ? false : undefined;
}

function boolText(value: Exclude<Value, null>): string {
  const truth = truthOf(value);
  return truth === undefined ? plainText(value) : truth ? 't' : 'f';
}

function floatText(value: Exclude<Value, null>, format: (value: number) => string): string {
  return typeof value === 'number' || typeof value === 'bigint' ? format(Number(value)) : plainText(value);
}

/** Dates and times as they are kept, which are written without being read. */
const writtenDate = /^(?!0000)\d{4}-\d\d-\d\d$/;
const writtenTimestamp = /^(?!0000)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?$/;
const writtenTimestamptz = /^(?!0000)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?\+00:00$/;

function momentText(value: Exclude<Value, null>, format: (moment: ParsedMoment) => string): string {
  const moment = typeof value === 'string' ? parseMoment(value) : undefined;
  return moment === undefined ? plainText(value) : format(moment);
}

function hex(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}
