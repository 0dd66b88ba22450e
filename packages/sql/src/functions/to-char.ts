import { SqlError } from '../sql-error.ts';
import { daysOf, fieldsOf, momentOf } from '../types/calendar.ts';
import { momentFrom } from '../types/datetime.ts';
import { parseInterval } from '../types/interval.ts';
import type { Value } from '../types/pg-type.ts';
import { isoWeek } from './datetime-fields.ts';

const months = 'January February March April May June July August September October November December'.split(
  ' ',
);
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const PATTERNS =
  /FM|"((?:[^"\\]|\\.)*)"|YYYY|YYY|YY|Y,YYY|IYYY|IW|WW|MONTH|Month|month|MON|Mon|mon|MM|DDD|DD|DAY|Day|day|DY|Dy|dy|D|ID|HH24|HH12|HH|MI|SSSSS|SSSS|SS|MS|US|AM|PM|am|pm|A\.M\.|P\.M\.|a\.m\.|p\.m\.|TZ|tz|OF|TZH|TZM|Q|CC|J|TH|th/g;

/** to_char of a moment, an interval or a number: the forms that reports use. */
export function formatMoment(value: NonNullable<Value>, format: string): string {
  if (typeof value !== 'string') return formatNumber(Number(value), format);
  const parts = /^-?\d{4,}-/.test(value) ? partsOfMoment(value) : partsOfInterval(value);
  let fill = true;
  let last = '';
  return format.replace(PATTERNS, (pattern, literal: string | undefined) => {
    if (literal !== undefined) return literal.replace(/\\(.)/g, '$1');
    if (pattern === 'FM') {
      fill = false;
      return '';
    }
    const text = /^th$/i.test(pattern) ? ordinal(last, pattern) : part(pattern, parts, fill);
    last = text;
    fill = true;
    return text;
  });
}

type Parts = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly dayOfYear: number;
  readonly week: { readonly year: number; readonly week: number };
  readonly seconds: number;
  readonly micros: number;
  readonly julian: number;
};

function partsOfMoment(text: string): Parts {
  const fields = fieldsOf(momentFrom(text));
  const number = daysOf(fields.year, fields.month, fields.day);
  return {
    year: fields.year,
    month: fields.month,
    day: fields.day,
    weekday: (((number + 4) % 7) + 7) % 7,
    dayOfYear: number - daysOf(fields.year, 1, 1) + 1,
    week: isoWeek(fields),
    seconds: Number(fields.time / 1_000_000n),
    micros: Number(fields.time % 1_000_000n),
    julian: number + 2_440_588,
  };
}

function partsOfInterval(text: string): Parts {
  const { months: all, days: day, time } = parseInterval(text);
  const [year, month] = [Math.trunc(all / 12), all % 12];
  const week = { year, week: 0 };
  const [seconds, micros] = [Number(time / 1_000_000n), Number(time % 1_000_000n)];
  return { year, month, day, weekday: 0, dayOfYear: day, week, seconds, micros, julian: 0 };
}

function part(pattern: string, parts: Parts, fill: boolean): string {
  const number = (value: number, width: number) =>
    fill ? String(value).padStart(width, '0') : String(value);
  const name = (text: string, width: number) => cased(pattern, fill ? text.padEnd(width) : text);
  const hour = Math.floor(parts.seconds / 3600);
  switch (pattern.toUpperCase()) {
    case 'YYYY':
      return number(parts.year, 4);
    case 'YYY':
    case 'YY':
      return String(parts.year).slice(-pattern.length).padStart(pattern.length, '0');
    case 'Y,YYY':
      return number(parts.year, 4).replace(/(\d)(\d{3})$/, '$1,$2');
    case 'IYYY':
      return number(parts.week.year, 4);
    case 'IW':
      return number(parts.week.week, 2);
    case 'WW':
      return number(Math.floor((parts.dayOfYear - 1) / 7) + 1, 2);
    case 'MONTH':
      return name(months[parts.month - 1] ?? '', 9);
    case 'MON':
      return cased(pattern, (months[parts.month - 1] ?? '').slice(0, 3));
    case 'MM':
      return number(parts.month, 2);
    case 'DDD':
      return number(parts.dayOfYear, 3);
    case 'DD':
      return number(parts.day, 2);
    case 'DAY':
      return name(days[parts.weekday] ?? '', 9);
    case 'DY':
      return cased(pattern, (days[parts.weekday] ?? '').slice(0, 3));
    case 'D':
      return String(parts.weekday + 1);
    case 'ID':
      return String(((parts.weekday + 6) % 7) + 1);
    case 'HH24':
      return number(hour, 2);
    case 'HH12':
    case 'HH':
      return number(((hour + 11) % 12) + 1, 2);
    case 'MI':
      return number(Math.floor(parts.seconds / 60) % 60, 2);
    case 'SS':
      return number(parts.seconds % 60, 2);
    case 'SSSS':
    case 'SSSSS':
      return String(parts.seconds);
    case 'MS':
      return number(Math.floor(parts.micros / 1000), 3);
    case 'US':
      return number(parts.micros, 6);
    case 'AM':
    case 'PM':
      return cased(pattern, hour < 12 ? 'AM' : 'PM');
    case 'A.M.':
    case 'P.M.':
      return cased(pattern, hour < 12 ? 'A.M.' : 'P.M.');
    case 'TZ':
      return cased(pattern, 'UTC');
    case 'OF':
    case 'TZH':
      return '+00';
    case 'TZM':
      return '00';
    case 'Q':
      return String(Math.floor((parts.month - 1) / 3) + 1);
    case 'CC':
      return number(Math.ceil(parts.year / 100), 2);
    default:
      return String(parts.julian);
  }
}

/** The case of the pattern is that of the name. */
function cased(pattern: string, text: string): string {
  if (pattern === pattern.toUpperCase()) return text.toUpperCase();
  return pattern === pattern.toLowerCase() ? text.toLowerCase() : text;
}

function ordinal(before: string, pattern: string): string {
  const number = Number(before);
  const teens = number % 100 > 10 && number % 100 < 14;
  const suffix = teens ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');
  return pattern === 'TH' ? suffix.toUpperCase() : suffix;
}

/** `999,990.00`, `FM0000`, `$`, `S`, `MI`, `PR`: digits, separators and signs. */
function formatNumber(value: number, format: string): string {
  const fill = !/FM/.test(format);
  const picture = format.replace(/FM|S|MI|PR/g, '');
  const [whole = '', fraction] = picture.replace(/D/g, '.').split('.');
  const decimals = fraction?.replace(/[^09]/g, '').length ?? 0;
  const fixed = Math.abs(value).toFixed(decimals);
  const [digits = '', decimal = ''] = fixed.split('.');
  const places = whole.replace(/[^09]/g, '').length;
  if (digits.length > places && !(digits === '0' && places === 0)) return picture.replace(/[09]/g, '#');
  const zeroFrom = whole.replace(/[^09]/g, '').indexOf('0');
  const least = zeroFrom < 0 ? (fraction === undefined ? 1 : 0) : places - zeroFrom;
  let text = (digits === '0' && least === 0 ? '' : digits).padStart(least, '0').padStart(places, ' ');
  text = withSeparators(whole.replace(/G/g, ','), text);
  if (fraction !== undefined) {
    const kept = fill
      ? decimal
      : decimal.replace(/0+$/, '').padEnd(fraction.replace(/[^0]/g, '').length, '0');
    text += `.${kept}`;
  }
  const negative = value < 0 && Number(fixed) !== 0;
  if (/S/.test(format)) text = text.replace(/^(\s*)/, `$1${negative ? '-' : '+'}`);
  else if (/MI/.test(format)) text += negative ? '-' : ' ';
  else if (/PR/.test(format)) text = negative ? text.replace(/^(\s*)(.*)$/, '$1<$2>') : ` ${text} `;
  else text = text.replace(/^(\s*)/, `$1${negative ? '-' : ' '}`);
  return fill ? text : text.trim();
}

/** A comma is a space where there are no digits before it. */
function withSeparators(picture: string, digits: string): string {
  let at = digits.length;
  let text = '';
  for (let index = picture.length - 1; index >= 0; index--) {
    const char = picture[index] as string;
    if (char === '0' || char === '9') text = (digits[--at] ?? '') + text;
    else if (char === ',') text = (digits.slice(0, at).trim() === '' ? ' ' : ',') + text;
    else text = char + text;
  }
  return text;
}

/** to_date and to_timestamp: numbers and names in the order of the format. */
export function dateFromText(text: string, format: string): bigint {
  const fields = { year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0, micros: 0, afternoon: false };
  let at = 0;
  const patterns = format.match(/FM|YYYY|YY|MONTH|MON|MM|DD|HH24|HH12|HH|MI|SS|MS|US|AM|PM|[\s\S]/gi) ?? [];
  for (const pattern of patterns) {
    const upper = pattern.toUpperCase();
    const width = widths[upper];
    if (upper === 'FM') continue;
    if (upper === 'MON' || upper === 'MONTH') {
      const word = /^[a-z]+/i.exec(text.slice(at))?.[0] ?? '';
      const month = months.findIndex(
        (name) => name.slice(0, 3).toLowerCase() === word.slice(0, 3).toLowerCase(),
      );
      if (month < 0) throw invalid(text.slice(at), pattern);
      fields.month = month + 1;
      at += upper === 'MON' ? 3 : word.length;
    } else if (upper === 'AM' || upper === 'PM') {
      fields.afternoon = /^p/i.test(text.slice(at));
      at += 2;
    } else if (width === undefined) at++;
    else {
      while (text[at] === ' ') at++;
      const digits = new RegExp(`^\\d{1,${width[1]}}`).exec(text.slice(at))?.[0];
      if (digits === undefined) {
        if (at >= text.length) break;
        throw invalid(text.slice(at), pattern);
      }
      at += digits.length;
      const value = upper === 'MS' || upper === 'US' ? Number(digits.padEnd(6, '0')) : Number(digits);
      fields[width[0]] = upper === 'YY' ? value + (value < 70 ? 2000 : 1900) : value;
    }
  }
  const hour = fields.afternoon ? (fields.hour % 12) + 12 : fields.hour;
  const time = BigInt(hour * 3600 + fields.minute * 60 + fields.second) * 1_000_000n + BigInt(fields.micros);
  if (fields.month < 1 || fields.month > 12 || fields.day < 1 || fields.day > 31) {
    throw new SqlError('22008', `date/time field value out of range: "${text}"`);
  }
  return momentOf({ year: fields.year, month: fields.month, day: fields.day, time });
}

type NumberField = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'micros';
const widths: Record<string, readonly [NumberField, number]> = {
  YYYY: ['year', 4],
  YY: ['year', 2],
  MM: ['month', 2],
  DD: ['day', 2],
  HH24: ['hour', 2],
  HH12: ['hour', 2],
  HH: ['hour', 2],
  MI: ['minute', 2],
  SS: ['second', 2],
  MS: ['micros', 3],
  US: ['micros', 6],
};

function invalid(text: string, pattern: string): SqlError {
  return new SqlError('22007', `invalid value "${text.slice(0, pattern.length)}" for "${pattern}"`);
}
