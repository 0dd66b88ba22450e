/**
 * Days and microseconds of the proleptic Gregorian calendar, in UTC. A moment is microseconds since 1970-01-01, a bigint
 * (a number would be exact only to the year 2255). Years go on below 1: 0 is 1 BC. `Date` ends in the year 275760, which
 * PostgreSQL's timestamps do not.
 */
export const MICROSECONDS_A_DAY = 86_400_000_000n;

export type Moment = bigint;

export type CalendarDate = { readonly year: number; readonly month: number; readonly day: number };

export type Fields = CalendarDate & {
  /** Microseconds since midnight. */
  readonly time: bigint;
};

/** Days from 0000-03-01 to 1970-01-01. */
const ERA = 719_468;

/**
 * Days since 1970-01-01. Months beyond 1 to 12 count into other years. Years are counted from March, so that the day of the
 * leap year comes last.
 */
export function daysOf(year: number, month: number, day: number): number {
  const months = month - 3;
  const shifted = year + Math.floor(months / 12);
  const leaps = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  const monthOfYear = months - 12 * Math.floor(months / 12);
  return 365 * shifted + leaps + Math.floor((153 * monthOfYear + 2) / 5) + day - 1 - ERA;
}

/** The date that {@link daysOf} counts to. */
export function dateOf(days: number): CalendarDate {
  const since = days + ERA;
  const era = Math.floor(since / 146_097);
  const ofEra = since - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const months = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * months + 2) / 5) + 1;
  const month = months < 10 ? months + 3 : months - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

export function fieldsOf(moment: Moment): Fields {
  const days = floorDivide(moment, MICROSECONDS_A_DAY);
  const { year, month, day } = dateOf(Number(days));
  return { year, month, day, time: moment - days * MICROSECONDS_A_DAY };
}

export function momentOf({ year, month, day, time }: Fields): Moment {
  return BigInt(daysOf(year, month, day)) * MICROSECONDS_A_DAY + time;
}

export function daysInMonth(year: number, month: number): number {
  return daysOf(year, month + 1, 1) - daysOf(year, month, 1);
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

const two = (value: number | bigint) => String(value).padStart(2, '0');

/** `2020-01-31`, `0044-03-15 BC`. */
export function dateText(date: CalendarDate): string {
  return writtenDate(date) + era(date);
}

/** `12:34:56`, with a fraction only where there is one. */
export function timeText(time: bigint): string {
  const seconds = time / 1_000_000n;
  const fraction = time % 1_000_000n;
  const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return fraction === 0n ? clock : `${clock}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}

/** `2020-01-31 12:34:56.5`, with `zone` behind it. */
export function fieldsText(fields: Fields, zone = ''): string {
  return `${writtenDate(fields)} ${timeText(fields.time)}${zone}${era(fields)}`;
}

function writtenDate({ year, month, day }: CalendarDate): string {
  return `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

function era({ year }: CalendarDate): string {
  return year > 0 ? '' : ' BC';
}
