import { daysInMonth, daysOf, floorDivide, MICROSECONDS_A_DAY, type Moment, momentOf } from './calendar.ts';

/** Date and time of day, and zone, as read from text. */
export type ParsedMoment = {
  /** What the clock shows, whatever the zone. */
  readonly moment: Moment;
  /** Seconds east of Greenwich; undefined when the text has no zone. */
  readonly offset: number | undefined;
};

/** From 1970 to 2000-01-01, where PostgreSQL counts from. */
const DAYS_TO_2000 = daysOf(2000, 1, 1);
const MICROSECONDS_TO_2000 = BigInt(DAYS_TO_2000) * MICROSECONDS_A_DAY;

const iso =
  /^\s*(\d{4,6})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?\s*(z|utc|gmt|[+-]\d{1,2}(?::?\d\d)?(?::?\d\d)?)?(\s*bc)?\s*$/i;
const timeOfDay =
  /^\s*(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d+))?)?\s*(z|utc|gmt|[+-]\d{1,2}(?::?\d\d)?(?::?\d\d)?)?\s*$/i;

/** Reads a date or a timestamp of ISO 8601, as PostgreSQL and SQLite write them; undefined for anything else. */
export function parseMoment(text: string): ParsedMoment | undefined {
  const parts = iso.exec(text);
  if (parts === null) return undefined;
  const [, y = '', m = '', d = '', hours, minutes, seconds, fraction, zone, bc] = parts;
  const year = bc === undefined ? Number(y) : 1 - Number(y);
  const [month, day] = [Number(m), Number(d)];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const time = microsOf(hours, minutes, seconds, fraction);
  const offset = zone === undefined ? undefined : offsetOf(zone);
  if (time === undefined || (zone !== undefined && offset === undefined)) return undefined;
  return { moment: momentOf({ year, month, day, time }), offset };
}

/** Reads a time of day, in microseconds; the offset is in seconds east of Greenwich. */
export function parseTime(text: string): { micros: bigint; offset: number | undefined } | undefined {
  const parts = timeOfDay.exec(text);
  if (parts === null) return undefined;
  const [, hours, minutes, seconds, fraction, zone] = parts;
  const micros = microsOf(hours, minutes, seconds, fraction);
  const offset = zone === undefined ? undefined : offsetOf(zone);
  return micros === undefined || (zone !== undefined && offset === undefined)
    ? undefined
    : { micros, offset };
}

/** The same moment at Greenwich. Without a zone it is taken to be there. */
export function atGreenwich({ moment, offset = 0 }: ParsedMoment): Moment {
  return moment - BigInt(offset) * 1_000_000n;
}

/** As PostgreSQL counts a timestamp. */
export function microsSince2000(moment: Moment): bigint {
  return moment - MICROSECONDS_TO_2000;
}

/** As PostgreSQL counts a date. */
export function daysSince2000(moment: Moment): number {
  return Number(floorDivide(moment, MICROSECONDS_A_DAY)) - DAYS_TO_2000;
}

/** The moment that {@link microsSince2000} counts to. */
export function fromMicrosSince2000(micros: bigint): Moment {
  return micros + MICROSECONDS_TO_2000;
}

/** The midnight that {@link daysSince2000} counts to. */
export function fromDaysSince2000(days: number): Moment {
  return BigInt(days + DAYS_TO_2000) * MICROSECONDS_A_DAY;
}

function microsOf(hours = '0', minutes = '0', seconds = '0', fraction = ''): bigint | undefined {
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  const micros = (h * 3600 + m * 60 + s) * 1e6 + Math.round(Number(`0.${fraction || '0'}`) * 1e6);
  // PostgreSQL takes 24:00:00, and a leap second as the next minute's first.
  return m > 59 || s > 60 || micros > MICROSECONDS_A_DAY ? undefined : BigInt(micros);
}

function offsetOf(zone: string): number | undefined {
  if (/^[a-z]/i.test(zone)) return 0;
  const [hours = '0', minutes = '0', seconds = '0'] = zone.slice(1).includes(':')
    ? zone.slice(1).split(':')
    : (/^(\d{1,2})(\d\d)?(\d\d)?$/.exec(zone.slice(1))?.slice(1) ?? []);
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (Number(hours) > 15 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  return zone.startsWith('-') ? -offset : offset;
}
