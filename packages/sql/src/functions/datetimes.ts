import { SqlError } from '../sql-error.ts';
import { fieldsOf, MICROSECONDS_A_DAY, momentOf, timeText } from '../types/calendar.ts';
import { type DatetimeType, momentFrom, momentText, normalizeDatetime } from '../types/datetime.ts';
import {
  addIntervals,
  addToMoment,
  age,
  betweenMoments,
  type Interval,
  intervalText,
  parseInterval,
  scaleInterval,
} from '../types/interval.ts';
import type { Value } from '../types/pg-type.ts';
import { fieldOf, truncated, truncatedInterval } from './datetime-fields.ts';
import type { Session } from './session.ts';
import { countOf, plain, type SqlFunction, strict, textOf } from './sql-function.ts';
import { dateFromText, formatMoment } from './to-char.ts';

/** As many moments as one series may have. */
const MAX_SERIES = 1_000_000;

/** Functions on dates, times and intervals; the time zone is UTC. */
export function datetimes(session: Session): SqlFunction[] {
  const stable = (each: SqlFunction): SqlFunction => ({ ...each, deterministic: false });
  const kept = (moment: bigint, type: DatetimeType = 'timestamptz') => momentText(moment, type);
  return [
    stable(plain('now', 0, () => kept(session.now()))),
    stable(plain('local_now', 0, () => kept(session.now(), 'timestamp'))),
    stable(plain('clock_timestamp', 0, () => kept(session.clock()))),
    stable(plain('timeofday', 0, () => new Date().toUTCString())),
    stable(plain('current_date_of_transaction', 0, () => kept(session.now(), 'date'))),
    stable(plain('current_time_of_transaction', 0, () => kept(session.now(), 'time'))),
    strict('datetime_operation', 5, (left, right, leftType, operator, rightType) =>
      operation(left, textOf(leftType), textOf(operator), right, textOf(rightType)),
    ),
    stable(
      strict('age', -1, (later, earlier) => {
        const today = fieldsOf(session.now());
        const [from, to] =
          earlier === undefined
            ? [momentFrom(textOf(later)), momentOf({ ...today, time: 0n })]
            : [momentFrom(textOf(earlier)), momentFrom(textOf(later))];
        return intervalText(age(to, from));
      }),
    ),
    strict('date_part', 2, (field, value) => fieldOf(textOf(field), textOf(value))),
    strict('date_trunc', -1, (field, value) => {
      const text = textOf(value);
      if (isInterval(text)) return intervalText(truncatedInterval(textOf(field), parseInterval(text)));
      const type = text.includes('+') ? 'timestamptz' : 'timestamp';
      return kept(truncated(textOf(field), momentFrom(text)), type);
    }),
    strict('make_date', 3, (year, month, day) => madeDate(year, month, day)),
    strict('make_timestamp', 6, (year, month, day, hour, minute, second) =>
      normalizeDatetime(`${madeDate(year, month, day)} ${clock(hour, minute, second)}`, 'timestamp', 0n),
    ),
    strict('make_timestamptz', -1, (year, month, day, hour, minute, second) =>
      normalizeDatetime(`${madeDate(year, month, day)} ${clock(hour, minute, second)}`, 'timestamptz', 0n),
    ),
    strict('make_time', 3, (hour, minute, second) =>
      normalizeDatetime(clock(hour, minute, second), 'time', 0n),
    ),
    strict('make_interval', -1, (...parts) => {
      const units = ['years', 'months', 'weeks', 'days', 'hours', 'mins', 'secs'];
      const text = parts.map((part, index) => `${textOf(part)} ${units[index]}`).join(' ');
      return intervalText(text === '' ? { months: 0, days: 0, time: 0n } : parseInterval(text));
    }),
    strict('justify_days', 1, (value) => intervalText(justifyDays(parseInterval(textOf(value))))),
    strict('justify_hours', 1, (value) => intervalText(justifyHours(parseInterval(textOf(value))))),
    strict('justify_interval', 1, (value) =>
      intervalText(justifyDays(justifyHours(parseInterval(textOf(value))))),
    ),
    strict('isfinite', 1, (value) => (/infinity/.test(textOf(value)) ? 0n : 1n)),
    strict('to_char', 2, (value, format) => formatMoment(value, textOf(format))),
    strict('to_date', 2, (text, format) => kept(dateFromText(textOf(text), textOf(format)), 'date')),
    strict('to_timestamp', -1, (value, format) => {
      if (format !== undefined) return kept(dateFromText(textOf(value), textOf(format)));
      return kept(BigInt(Math.round(Number(value) * 1e6)));
    }),
    strict('at_time_zone', 3, (value, zone, type) => atTimeZone(textOf(value), textOf(zone), textOf(type))),
    strict('moments_json', -1, (type, from, to, step) => series(textOf(type), from, to, step)),
    strict('series_json', -1, (from, to, step = 1n) => {
      const by = Number(step);
      if (by === 0) throw new SqlError('22023', 'step size cannot equal zero');
      const list: number[] = [];
      for (let at = Number(from); by > 0 ? at <= Number(to) : at >= Number(to); at += by) {
        if (list.push(at) > MAX_SERIES) throw tooLong();
      }
      return JSON.stringify(list);
    }),
  ];
}

function tooLong(): SqlError {
  return new SqlError('54000', `a series of more than ${MAX_SERIES} values is not supported here`);
}

function series(type: string, from: Value, to: Value, step: Value | undefined): string {
  const kind = type === 'date' ? 'timestamptz' : (type as DatetimeType);
  const by = parseInterval(textOf(step ?? '1 day'));
  const end = momentFrom(textOf(to));
  const zero = by.months === 0 && by.days === 0 && by.time === 0n;
  if (zero) throw new SqlError('22023', 'step size cannot equal zero');
  const down = by.months < 0 || by.days < 0 || by.time < 0n;
  const list: string[] = [];
  for (let at = momentFrom(textOf(from)); down ? at >= end : at <= end; at = addToMoment(at, by)) {
    if (list.push(momentText(at, kind)) > MAX_SERIES) throw tooLong();
  }
  return JSON.stringify(list);
}

export function isInterval(text: string): boolean {
  return !/^-?\d{4,}-\d\d-\d\d/.test(text) && /[a-z]|^-?\d+:\d\d(:|$)/.test(text);
}

function madeDate(year: Value, month: Value, day: Value): string {
  const text = `${String(countOf(year)).padStart(4, '0')}-${countOf(month)}-${countOf(day)}`;
  return normalizeDatetime(text, 'date', 0n);
}

function clock(hour: Value | undefined, minute: Value | undefined, second: Value | undefined): string {
  const [h, m, s] = [countOf(hour ?? 0), countOf(minute ?? 0), countOf(second ?? 0)];
  return `${h}:${String(m).padStart(2, '0')}:${s < 10 ? '0' : ''}${s}`;
}

function justifyDays({ months, days, time }: Interval): Interval {
  const more = Math.trunc(days / 30);
  return { months: months + more, days: days - more * 30, time };
}

function justifyHours({ months, days, time }: Interval): Interval {
  const more = time / MICROSECONDS_A_DAY;
  return { months, days: days + Number(more), time: time - more * MICROSECONDS_A_DAY };
}

/** What `+`, `-`, `*` and `/` do with a date, a time or an interval on one side. */
function operation(left: Value, leftType: string, operator: string, right: Value, rightType: string): Value {
  if (operator === '*' || operator === '/') return scaled(left, leftType, operator, right);
  if (leftType === 'interval' && rightType !== 'interval' && operator === '+') {
    return operation(right, rightType, '+', left, leftType);
  }
  if (leftType !== 'interval' && !isDatetime(leftType))
    return operation(right, rightType, operator, left, leftType);
  const sign = operator === '-' ? -1 : 1;
  if (leftType === 'interval') {
    return intervalText(
      addIntervals(parseInterval(textOf(left)), scaleInterval(parseInterval(textOf(right)), sign)),
    );
  }
  if (leftType === 'time' || leftType === 'timetz')
    return timeOperation(textOf(left), sign, textOf(right), rightType);
  const moment = momentFrom(textOf(left));
  if (rightType === 'interval') {
    const result = leftType === 'timestamptz' ? 'timestamptz' : 'timestamp';
    return momentText(addToMoment(moment, scaleInterval(parseInterval(textOf(right)), sign)), result);
  }
  if (leftType === 'date' && rightType === 'date') {
    return (moment - momentFrom(textOf(right))) / MICROSECONDS_A_DAY;
  }
  if (leftType === 'date' && rightType === 'time')
    return momentText(moment + momentFromTime(textOf(right)), 'timestamp');
  if (isDatetime(rightType)) return intervalText(betweenMoments(moment, momentFrom(textOf(right))));
  return momentText(moment + BigInt(countOf(right) * sign) * MICROSECONDS_A_DAY, 'date');
}

function isDatetime(type: string): boolean {
  return ['date', 'time', 'timetz', 'timestamp', 'timestamptz'].includes(type);
}

function scaled(left: Value, leftType: string, operator: string, right: Value): string {
  const [interval, factor] = leftType === 'interval' ? [left, Number(right)] : [right, Number(left)];
  if (operator === '/' && factor === 0) throw new SqlError('22012', 'division by zero');
  return intervalText(scaleInterval(parseInterval(textOf(interval)), operator === '/' ? 1 / factor : factor));
}

function momentFromTime(text: string): bigint {
  return momentFrom(`1970-01-01 ${text}`);
}

function timeOperation(left: string, sign: number, right: string, rightType: string): string {
  const time = momentFromTime(left);
  if (rightType !== 'interval') {
    return intervalText({ months: 0, days: 0, time: time - momentFromTime(right) });
  }
  const moved = time + scaleInterval(parseInterval(right), sign).time;
  return timeText(((moved % MICROSECONDS_A_DAY) + MICROSECONDS_A_DAY) % MICROSECONDS_A_DAY);
}

/** A moment as a clock in a zone shows it, or the moment at which it shows something. */
function atTimeZone(value: string, zone: string, type: string): string {
  const moment = momentFrom(value);
  if (type === 'timestamp') return momentText(moment + offsetAt(moment, zone), 'timestamp');
  const guess = moment - offsetAt(moment, zone);
  return momentText(moment - offsetAt(guess, zone), 'timestamptz');
}

/** How far a zone is east of Greenwich, in microseconds. */
function offsetAt(moment: bigint, zone: string): bigint {
  const fixed = /^(?:utc|gmt|z)?([+-])?(\d{1,2})?(?::?(\d{2}))?$/i.exec(zone);
  if (fixed !== null) {
    // In the style of POSIX, which a bare number has, west is positive.
    const minutes = Number(fixed[2] ?? 0) * 60 + Number(fixed[3] ?? 0);
    return BigInt((fixed[1] === '-' ? 1 : -1) * minutes) * 60_000_000n;
  }
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch (cause) {
    throw new SqlError('22023', `time zone "${zone}" not recognized`, {}, { cause });
  }
  const parts = format.formatToParts(new Date(Number(moment / 1000n)));
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const offset = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name);
  if (offset === null) return 0n;
  const seconds = Number(offset[2]) * 3600 + Number(offset[3]) * 60 + Number(offset[4] ?? 0);
  return BigInt(offset[1] === '-' ? -seconds : seconds) * 1_000_000n;
}
