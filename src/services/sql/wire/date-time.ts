/** A moment without a zone: days since 2000-01-01, as PostgreSQL counts, and microseconds of the day. */
export type Moment = { readonly days: number; readonly micros: number };

/** Date, time of day, and zone as read from text. */
export type ParsedMoment = Moment & {
  /** Seconds east of Greenwich; undefined when the text has no zone. */
  readonly offset: number | undefined;
};

const DAY = 86_400_000_000;
/** Days from 0000-03-01 to 2000-01-01 in the proleptic Gregorian calendar. */
const ERA = 730_425;

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
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  const micros = microsOf(hours, minutes, seconds, fraction);
  const offset = zone === undefined ? undefined : offsetOf(zone);
  if (micros === undefined || (zone !== undefined && offset === undefined)) return undefined;
  return { ...carry(dayNumber(year, month, day), micros), offset };
}

/** Reads a time of day; the offset is in seconds east of Greenwich. */
export function parseTime(text: string): { micros: number; offset: number | undefined } | undefined {
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
export function atGreenwich({ days, micros, offset = 0 }: ParsedMoment): Moment {
  return carry(days, micros - offset * 1e6);
}

/** `2020-02-29`, `0044-03-15 BC`. */
export function formatDate(days: number): string {
  const { date, bc } = civil(days);
  return date + bc;
}

/** `2020-02-29 12:30:00.5`, with `zone` after it. */
export function formatMoment({ days, micros }: Moment, zone = ''): string {
  const { date, bc } = civil(days);
  return `${date} ${formatTime(micros)}${zone}${bc}`;
}

/** `12:30:00.5`. */
export function formatTime(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const fraction = micros % 1e6;
  return fraction === 0 ? time : `${time}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}

/** Microseconds since 2000-01-01 00:00. */
export function microsSince2000({ days, micros }: Moment): bigint {
  return BigInt(days) * BigInt(DAY) + BigInt(micros);
}

/** The moment that {@link microsSince2000} counts to. */
export function momentOf(since2000: bigint): Moment {
  const micros = ((since2000 % BigInt(DAY)) + BigInt(DAY)) % BigInt(DAY);
  return { days: Number((since2000 - micros) / BigInt(DAY)), micros: Number(micros) };
}

function carry(days: number, micros: number): Moment {
  const whole = Math.floor(micros / DAY);
  return { days: days + whole, micros: micros - whole * DAY };
}

function microsOf(hours = '0', minutes = '0', seconds = '0', fraction = ''): number | undefined {
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  const micros = (h * 3600 + m * 60 + s) * 1e6 + Math.round(Number(`0.${fraction || '0'}`) * 1e6);
  // PostgreSQL takes 24:00:00, and a leap second as the next minute's first.
  return m > 59 || s > 60 || micros > DAY ? undefined : micros;
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

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Years are counted from March, so that the day of the leap year comes last. */
function dayNumber(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const months = (month + 9) % 12;
  const leaps = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  return 365 * shifted + leaps + Math.floor((153 * months + 2) / 5) + day - 1 - ERA;
}

function civil(days: number): { date: string; bc: string } {
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
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const written = String(year > 0 ? year : 1 - year).padStart(4, '0');
  const two = (value: number) => String(value).padStart(2, '0');
  return { date: `${written}-${two(month)}-${two(day)}`, bc: year > 0 ? '' : ' BC' };
}
