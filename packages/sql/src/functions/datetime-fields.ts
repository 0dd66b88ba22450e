import { own } from '../own-value.ts';
import { SqlError } from '../sql-error.ts';
import { daysOf, type Fields, fieldsOf, MICROSECONDS_A_DAY, momentOf } from '../types/calendar.ts';
import { momentFrom } from '../types/datetime.ts';
import { type Interval, parseInterval } from '../types/interval.ts';

const HOUR = 3_600_000_000n;
const MINUTE = 60_000_000n;
const SECOND = 1_000_000n;

/** Singular names of fields, without the plural and the short forms that PostgreSQL takes as well. */
function canonical(field: string): string {
  const lower = field.toLowerCase();
  const short: Record<string, string> = {
    y: 'year',
    yr: 'year',
    mon: 'month',
    d: 'day',
    h: 'hour',
    hr: 'hour',
    m: 'minute',
    min: 'minute',
    s: 'second',
    sec: 'second',
    ms: 'milliseconds',
    millisecond: 'milliseconds',
    us: 'microseconds',
    microsecond: 'microseconds',
    centuries: 'century',
    millennia: 'millennium',
  };
  const known = own(short, lower);
  if (known !== undefined) return known;
  if (lower === 'milliseconds' || lower === 'microseconds') return lower;
  return lower.replace(/s$/, '');
}

/** EXTRACT and date_part, of a date, a time, a moment or an interval. */
export function fieldOf(field: string, text: string): number {
  const name = canonical(field);
  if (/^\d{1,2}:\d\d/.test(text))
    return ofTime(name, momentFrom(`1970-01-01 ${text.replace(/[+-].*$/, '')}`), field);
  if (/[a-z]|^-/i.test(text) && !/^\d{4,}-/.test(text)) return ofInterval(name, parseInterval(text), field);
  return ofMoment(name, momentFrom(text), field);
}

function ofTime(name: string, time: bigint, field: string): number {
  const within = Number(time % MINUTE);
  switch (name) {
    case 'hour':
      return Number(time / HOUR);
    case 'minute':
      return Number((time / MINUTE) % 60n);
    case 'second':
      return within / 1e6;
    case 'milliseconds':
      return within / 1e3;
    case 'microseconds':
      return within;
    case 'epoch':
      return Number(time) / 1e6;
    default:
      throw new SqlError('22023', `unit "${field}" not recognized for type time without time zone`);
  }
}

function ofInterval(name: string, { months, days, time }: Interval, field: string): number {
  switch (name) {
    case 'millennium':
      return Math.trunc(months / 12_000);
    case 'century':
      return Math.trunc(months / 1200);
    case 'decade':
      return Math.trunc(months / 120);
    case 'year':
      return Math.trunc(months / 12);
    case 'quarter':
      return Math.trunc((months % 12) / 3) + 1;
    case 'month':
      return months % 12;
    case 'day':
      return days;
    case 'epoch': {
      const years = Math.trunc(months / 12);
      return years * 365.25 * 86_400 + (months % 12) * 30 * 86_400 + days * 86_400 + Number(time) / 1e6;
    }
    default:
      return ofTime(name, time, field);
  }
}

function ofMoment(name: string, moment: bigint, field: string): number {
  const fields = fieldsOf(moment);
  const { year, month, day, time } = fields;
  switch (name) {
    case 'millennium':
      return year > 0 ? Math.floor((year + 999) / 1000) : -Math.floor((999 - (year - 1)) / 1000);
    case 'century':
      return year > 0 ? Math.floor((year + 99) / 100) : -Math.floor((99 - (year - 1)) / 100);
    case 'decade':
      return Math.floor(year / 10);
    case 'year':
      return year > 0 ? year : year - 1;
    case 'isoyear':
      return isoWeek(fields).year;
    case 'quarter':
      return Math.floor((month - 1) / 3) + 1;
    case 'month':
      return month;
    case 'week':
      return isoWeek(fields).week;
    case 'day':
      return day;
    case 'dow':
      return (dayOfWeek(fields) + 1) % 7;
    case 'isodow':
      return dayOfWeek(fields) + 1;
    case 'doy':
      return daysOf(year, month, day) - daysOf(year, 1, 1) + 1;
    case 'julian':
      return daysOf(year, month, day) + 2_440_588 + Number(time) / 86_400e6;
    case 'epoch':
      return Number(moment) / 1e6;
    case 'timezone':
    case 'timezone_hour':
    case 'timezone_minute':
      return 0;
    default:
      return ofTime(name, time, field);
  }
}

/** 0 is Monday. */
function dayOfWeek({ year, month, day }: Fields): number {
  return (((daysOf(year, month, day) + 3) % 7) + 7) % 7;
}

/** The week of ISO 8601: that of the Thursday nearest to the day. */
export function isoWeek(fields: Fields): { year: number; week: number } {
  const thursday = daysOf(fields.year, fields.month, fields.day) - dayOfWeek(fields) + 3;
  const { year } = fieldsOf(BigInt(thursday) * MICROSECONDS_A_DAY);
  return { year, week: Math.floor((thursday - daysOf(year, 1, 1)) / 7) + 1 };
}

/** date_trunc of a moment. */
export function truncated(field: string, moment: bigint): bigint {
  const { year, month, day, time } = fieldsOf(moment);
  const first = (y: number, m: number, d: number) => momentOf({ year: y, month: m, day: d, time: 0n });
  const name = canonical(field);
  const unit = own(timeUnits, name);
  if (unit !== undefined) return momentOf({ year, month, day, time: time - (time % unit) });
  switch (name) {
    case 'millennium':
      return first(Math.floor((year - 1) / 1000) * 1000 + 1, 1, 1);
    case 'century':
      return first(Math.floor((year - 1) / 100) * 100 + 1, 1, 1);
    case 'decade':
      return first(Math.floor(year / 10) * 10, 1, 1);
    case 'year':
      return first(year, 1, 1);
    case 'quarter':
      return first(year, Math.floor((month - 1) / 3) * 3 + 1, 1);
    case 'month':
      return first(year, month, 1);
    case 'week':
      return first(year, month, day - dayOfWeek({ year, month, day, time }));
    case 'day':
      return first(year, month, day);
    default:
      throw new SqlError('22023', `unit "${field}" not recognized for type timestamp without time zone`);
  }
}

const timeUnits: Record<string, bigint> = {
  hour: HOUR,
  minute: MINUTE,
  second: SECOND,
  milliseconds: 1000n,
  microseconds: 1n,
};

/** date_trunc of an interval. */
export function truncatedInterval(field: string, { months, days, time }: Interval): Interval {
  const name = canonical(field);
  const unit = own(timeUnits, name);
  if (unit !== undefined) return { months, days, time: time - (time % unit) };
  if (name === 'day') return { months, days, time: 0n };
  const whole = own({ millennium: 12_000, century: 1200, decade: 120, year: 12, quarter: 3, month: 1 }, name);
  if (whole === undefined) throw new SqlError('22023', `unit "${field}" not recognized for type interval`);
  return { months: months - (months % whole), days: 0, time: 0n };
}
