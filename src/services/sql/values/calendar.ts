/**
 * Days and microseconds of the proleptic Gregorian calendar, in UTC. A moment is microseconds since 1970-01-01, a bigint
 * (a number would be exact only to the year 2255).
 */
export const MICROSECONDS_A_DAY = 86_400_000_000n;

export type Moment = bigint;

export type Fields = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Microseconds since midnight. */
  readonly time: bigint;
};

/** Days since 1970-01-01. Months beyond 1 to 12 count into other years. */
export function daysOf(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return Math.round(date.getTime() / 86_400_000);
}

export function fieldsOf(moment: Moment): Fields {
  const days = floorDivide(moment, MICROSECONDS_A_DAY);
  const date = new Date(Number(days) * 86_400_000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    time: moment - days * MICROSECONDS_A_DAY,
  };
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

/** `2020-01-31`; years before 1 have ` BC` behind everything else. */
export function dateText({ year, month, day }: Fields): string {
  return `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

/** `12:34:56`, with a fraction only where there is one. */
export function timeText(time: bigint): string {
  const seconds = time / 1_000_000n;
  const fraction = time % 1_000_000n;
  const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return fraction === 0n ? clock : `${clock}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}
