import { own } from '../own-value.ts';
import { SqlError } from '../sql-error.ts';
import { daysInMonth, fieldsOf, MICROSECONDS_A_DAY, type Moment, momentOf, timeText } from './calendar.ts';

/** A span of time: months, days and microseconds are kept apart, since none of them is a fixed number of another. */
export type Interval = { readonly months: number; readonly days: number; readonly time: bigint };

const HOUR = 3_600_000_000;
/** How many months, days or microseconds a unit has. */
const units: Record<string, readonly ['months' | 'days' | 'time', number]> = {
  millennium: ['months', 12_000],
  century: ['months', 1200],
  decade: ['months', 120],
  year: ['months', 12],
  yr: ['months', 12],
  y: ['months', 12],
  month: ['months', 1],
  mon: ['months', 1],
  week: ['days', 7],
  w: ['days', 7],
  day: ['days', 1],
  d: ['days', 1],
  hour: ['time', HOUR],
  hr: ['time', HOUR],
  h: ['time', HOUR],
  minute: ['time', HOUR / 60],
  min: ['time', HOUR / 60],
  m: ['time', HOUR / 60],
  second: ['time', 1_000_000],
  sec: ['time', 1_000_000],
  s: ['time', 1_000_000],
  millisecond: ['time', 1000],
  ms: ['time', 1000],
  microsecond: ['time', 1],
  us: ['time', 1],
};
const plurals: Record<string, string> = { centuries: 'century', millennia: 'millennium' };

function unitOf(word: string): readonly ['months' | 'days' | 'time', number] | undefined {
  const lower = word.toLowerCase();
  return own(units, own(plurals, lower) ?? lower) ?? own(units, lower.replace(/s$/, ''));
}

const CLOCK = /^([+-]?)(\d+):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6})\d*)?)?$/;
const ISO =
  /^P(?:([-+\d.]+)Y)?(?:([-+\d.]+)M)?(?:([-+\d.]+)W)?(?:([-+\d.]+)D)?(?:T(?:([-+\d.]+)H)?(?:([-+\d.]+)M)?(?:([-+\d.]+)S)?)?$/;

/**
 * Reads `1 year 2 days 03:04:05`, `-3 hours`, `1 day ago`, `P1DT2H`.
 * @throws SqlError 22007
 */
export function parseInterval(text: string): Interval {
  const bad = () => new SqlError('22007', `invalid input syntax for type interval: "${text}"`);
  const sum = { months: 0, days: 0, time: 0n };
  const trimmed = text.trim();
  if (trimmed === '') throw bad();
  const iso = ISO.exec(trimmed);
  if (iso !== null && trimmed.length > 1) {
    const names = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'];
    for (const [index, name] of names.entries()) {
      const amount = iso[index + 1];
      if (amount !== undefined) add(sum, Number(amount), name);
    }
    return sum;
  }
  const fields = trimmed
    .replace(/^@\s*/, '')
    .replace(/(\d)([a-z])/gi, '$1 $2')
    .split(/\s+/);
  const ago = fields.at(-1)?.toLowerCase() === 'ago';
  if (ago) fields.pop();
  for (let at = 0; at < fields.length; at++) {
    const word = fields[at] as string;
    const clock = CLOCK.exec(word);
    if (clock !== null) {
      sum.time += clockTime(clock);
      continue;
    }
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(word)) throw bad();
    const unit = fields[at + 1];
    const isLast = unit === undefined;
    if (!add(sum, Number(word), isLast ? 'second' : unit)) throw bad();
    if (!isLast) at++;
  }
  return ago ? scaleInterval(sum, -1) : sum;
}

function clockTime([, sign, hours, minutes, seconds, fraction]: RegExpExecArray): bigint {
  const whole = BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1_000_000n;
  const time = whole + BigInt((fraction ?? '').padEnd(6, '0'));
  return sign === '-' ? -time : time;
}

/** Parts of a month go on as days (30 of them), parts of a day as time. */
function add(sum: { months: number; days: number; time: bigint }, amount: number, word: string): boolean {
  const unit = unitOf(word);
  if (unit === undefined) return false;
  const [kind, factor] = unit;
  const total = amount * factor;
  if (kind === 'time') sum.time += BigInt(Math.round(total));
  else {
    const whole = Math.trunc(total);
    sum[kind] += whole;
    const part = total - whole;
    if (part !== 0 && kind === 'months') add(sum, part * 30, 'day');
    if (part !== 0 && kind === 'days') sum.time += BigInt(Math.round(part * 24 * HOUR));
  }
  return true;
}

/** As PostgreSQL writes it: `1 year 2 mons 3 days 04:05:06`. */
export function intervalText({ months, days, time }: Interval): string {
  const parts: string[] = [];
  const years = Math.trunc(months / 12);
  const rest = months % 12;
  let negative = false;
  const part = (value: number, singular: string) => {
    if (value === 0) return;
    const plus = negative && value > 0 ? '+' : '';
    parts.push(`${plus}${value} ${singular}${value === 1 ? '' : 's'}`);
    negative = value < 0;
  };
  part(years, 'year');
  part(rest, 'mon');
  part(days, 'day');
  if (time !== 0n || parts.length === 0) {
    const sign = time < 0n ? '-' : negative ? '+' : '';
    parts.push(sign + timeText(time < 0n ? -time : time));
  }
  return parts.join(' ');
}

export function addIntervals(a: Interval, b: Interval): Interval {
  return { months: a.months + b.months, days: a.days + b.days, time: a.time + b.time };
}

export function scaleInterval({ months, days, time }: Interval, factor: number): Interval {
  const sum = { months: 0, days: 0, time: 0n };
  add(sum, months * factor, 'month');
  add(sum, days * factor, 'day');
  sum.time += Number.isInteger(factor) ? time * BigInt(factor) : BigInt(Math.round(Number(time) * factor));
  return { months: sum.months + 0, days: sum.days + 0, time: sum.time };
}

/** Months first, where the day may have to be the last of its month, then days, then time. */
export function addToMoment(moment: Moment, { months, days, time }: Interval): Moment {
  const fields = fieldsOf(moment);
  const counted = fields.year * 12 + fields.month - 1 + months;
  const year = Math.floor(counted / 12);
  const month = counted - year * 12 + 1;
  const day = Math.min(fields.day, daysInMonth(year, month));
  return momentOf({ year, month, day, time: fields.time }) + BigInt(days) * MICROSECONDS_A_DAY + time;
}

/** What `timestamp - timestamp` gives: days and time. */
export function betweenMoments(later: Moment, earlier: Moment): Interval {
  const span = later - earlier;
  return { months: 0, days: Number(span / MICROSECONDS_A_DAY), time: span % MICROSECONDS_A_DAY };
}

/** What `age(later, earlier)` gives: years, months, days and time, each as on a calendar. */
export function age(later: Moment, earlier: Moment): Interval {
  if (later < earlier) return scaleInterval(age(earlier, later), -1);
  const to = fieldsOf(later);
  const from = fieldsOf(earlier);
  let months = (to.year - from.year) * 12 + to.month - from.month;
  let days = to.day - from.day;
  let time = to.time - from.time;
  if (time < 0n) {
    time += MICROSECONDS_A_DAY;
    days--;
  }
  if (days < 0) {
    days += daysInMonth(from.year, from.month);
    months--;
  }
  return { months, days, time };
}
