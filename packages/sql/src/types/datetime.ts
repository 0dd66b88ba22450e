import { SqlError } from '../sql-error.ts';
import {
  dateText,
  daysInMonth,
  daysOf,
  type Fields,
  fieldsOf,
  fieldsText,
  MICROSECONDS_A_DAY,
  type Moment,
  momentOf,
  timeText,
} from './calendar.ts';

/** The types of dates and times, by the catalog's names. */
export type DatetimeType = 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz';

const typeNames: Record<DatetimeType, string> = {
  date: 'date',
  time: 'time',
  timetz: 'time with time zone',
  timestamp: 'timestamp',
  timestamptz: 'timestamp with time zone',
};

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d*))?)?\s*(am|pm)?/i;
const OFFSET = /^(?:(z|zulu|utc|gmt)|([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?)$/i;

/**
 * A date, time or moment as it is kept in the database: `2020-01-31`, `12:34:56.5`, `2020-01-31 12:34:56.5`. A
 * timestamptz is kept in UTC with `+00:00` behind it, which SQLite's own functions can read.
 * @param now microseconds since 1970, for `now`, `today` and so on
 * @throws SqlError 22007 for what is none, 22008 for a field out of range
 */
export function normalizeDatetime(text: string, type: DatetimeType, now: Moment): string {
  const trimmed = text.trim();
  const special = specialMoment(trimmed.toLowerCase(), now);
  if (special !== undefined) return typeof special === 'string' ? special : momentText(special, type);
  const parsed = parse(trimmed, text, type);
  if (type === 'time' || type === 'timetz') return timeText(parsed.time);
  return momentText(momentOf(parsed), type);
}

/** A moment in the form of a type. */
export function momentText(moment: Moment, type: DatetimeType): string {
  const fields = fieldsOf(moment);
  if (type === 'date') return dateText(fields);
  if (type === 'time' || type === 'timetz') return timeText(fields.time);
  return fieldsText(fields, type === 'timestamptz' ? '+00:00' : '');
}

/**
 * A date or moment as microseconds since 1970; a time of day as those since midnight.
 * @throws SqlError 22007, 22008
 */
export function momentFrom(text: string, type: DatetimeType = 'timestamp'): Moment {
  // What is kept in the usual form needs no search.
  const usual = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00(?::00)?)?)?$/.exec(
    text,
  );
  if (usual === null) return momentOf(parse(text.trim(), text, type === 'timestamp' ? 'timestamptz' : type));
  const [, year, month, day, hour, minute, second, fraction] = usual;
  const seconds = BigInt(Number(hour ?? 0) * 3600 + Number(minute ?? 0) * 60 + Number(second ?? 0));
  const time = seconds * 1_000_000n + BigInt((fraction ?? '').padEnd(6, '0'));
  return BigInt(daysOf(Number(year), Number(month), Number(day))) * MICROSECONDS_A_DAY + time;
}

function specialMoment(word: string, now: Moment): Moment | string | undefined {
  const midnight = now - (((now % MICROSECONDS_A_DAY) + MICROSECONDS_A_DAY) % MICROSECONDS_A_DAY);
  switch (word) {
    case 'now':
      return now;
    case 'today':
      return midnight;
    case 'tomorrow':
      return midnight + MICROSECONDS_A_DAY;
    case 'yesterday':
      return midnight - MICROSECONDS_A_DAY;
    case 'epoch':
      return 0n;
    case 'infinity':
    case '-infinity':
      return word;
    default:
      return undefined;
  }
}

/** Whether a text means another moment each time it is asked. */
export function isRelative(text: string): boolean {
  return ['now', 'today', 'tomorrow', 'yesterday'].includes(text.trim().toLowerCase());
}

function parse(text: string, original: string, type: DatetimeType): Fields {
  const bad = () => new SqlError('22007', `invalid input syntax for type ${typeNames[type]}: "${original}"`);
  let rest = text;
  let bc = false;
  if (/\s(?:bc|ad)$/i.test(rest)) {
    bc = /bc$/i.test(rest);
    rest = rest.slice(0, -3).trim();
  }
  let date: readonly [number, number, number] | undefined;
  const day = dateAt(rest);
  if (day !== undefined) {
    date = day.date;
    rest = rest.slice(day.length).replace(/^(?:\s+|t(?=\d))/i, '');
  } else if (type !== 'time' && type !== 'timetz') throw bad();
  let time = 0n;
  const clock = CLOCK.exec(rest);
  if (clock !== null) {
    time = clockTime(clock, original);
    rest = rest.slice(clock[0].length).trim();
  }
  if (rest !== '') {
    const offset = OFFSET.exec(rest);
    if (offset === null || clock === null) throw bad();
    if (type === 'timestamptz') time -= offsetTime(offset);
  }
  if (clock === null && date === undefined) throw bad();
  const [written, month, dayOfMonth] = date ?? [1970, 1, 1];
  const year = bc ? 1 - written : written;
  if (month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > daysInMonth(year, month)) {
    throw outOfRange(original);
  }
  return { year, month, day: dayOfMonth, time };
}

function outOfRange(text: string): SqlError {
  return new SqlError('22008', `date/time field value out of range: "${text}"`);
}

/** `2020-01-31`, `2020/1/31`, `20200131`, `1/31/2020` (month first), `31-Jan-2020`, `Jan 31, 2020`, `31 January 2020`. */
function dateAt(text: string): { date: readonly [number, number, number]; length: number } | undefined {
  const iso = /^(\d{4,6})[-/.](\d{1,2})[-/.](\d{1,2})/.exec(text);
  if (iso !== null) return { date: [Number(iso[1]), Number(iso[2]), Number(iso[3])], length: iso[0].length };
  const short = /^(\d{4})(\d\d)(\d\d)(?!\d)/.exec(text);
  if (short !== null) {
    return { date: [Number(short[1]), Number(short[2]), Number(short[3])], length: short[0].length };
  }
  const american = /^(\d{1,2})[-/](\d{1,2})[-/](\d{4})/.exec(text);
  if (american !== null) {
    return {
      date: [Number(american[3]), Number(american[1]), Number(american[2])],
      length: american[0].length,
    };
  }
  const dayFirst = /^(\d{1,2})[-\s]([a-z]{3,9})[-\s,]+(\d{4})/i.exec(text);
  if (dayFirst !== null) return withMonth(dayFirst[0], dayFirst[3], dayFirst[2], dayFirst[1]);
  const monthFirst = /^([a-z]{3,9})[-\s](\d{1,2})[-\s,]+(\d{4})/i.exec(text);
  if (monthFirst !== null) return withMonth(monthFirst[0], monthFirst[3], monthFirst[1], monthFirst[2]);
  return undefined;
}

function withMonth(whole: string, year = '', month = '', day = '') {
  const number = MONTHS.indexOf(month.slice(0, 3).toLowerCase()) + 1;
  if (number === 0) return undefined;
  return { date: [Number(year), number, Number(day)] as const, length: whole.length };
}

function clockTime(clock: RegExpExecArray, original: string): bigint {
  let hour = Number(clock[1]);
  const minute = Number(clock[2]);
  const second = Number(clock[3] ?? 0);
  const half = clock[5]?.toLowerCase();
  if (half !== undefined) hour = (hour % 12) + (half === 'pm' ? 12 : 0);
  if (hour > 24 || minute > 59 || second > 60) throw outOfRange(original);
  const digits = (clock[4] ?? '').slice(0, 7).padEnd(7, '0');
  const fraction = (BigInt(digits) + 5n) / 10n;
  return BigInt(hour * 3600 + minute * 60 + second) * 1_000_000n + fraction;
}

function offsetTime([, utc, sign, hours, minutes, seconds]: RegExpExecArray): bigint {
  if (utc !== undefined) return 0n;
  const offset = BigInt(Number(hours) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * 1_000_000n;
  return sign === '-' ? -offset : offset;
}
