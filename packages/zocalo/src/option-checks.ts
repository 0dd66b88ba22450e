import { isProxy, isUint8Array } from 'node:util/types';
import { didYouMean } from './closest-name.ts';
import { OptionError } from './errors.ts';

/*
 * The checks of options and arguments. Every error message names the option, says what is accepted, and shows the value so that its type
 * can be seen: a port from the environment is the string "8080", and not 8080.
 */

const MAX_SHOWN_LENGTH = 100;
/** So many names can be listed in a message. */
const MAX_LISTED = 8;

/** A value as a message shows it: `the string "5"`, `5`, `null`, `an array`. It never throws, and is never long. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      const text = value.length > MAX_SHOWN_LENGTH ? `${value.slice(0, MAX_SHOWN_LENGTH)}…` : value;
      return `the string ${JSON.stringify(text)}`;
    }
    case 'bigint':
      return `the bigint ${String(value).slice(0, MAX_SHOWN_LENGTH)}`;
    case 'symbol':
    case 'function':
      return `a ${typeof value}`;
    case 'object':
      return value === null ? 'null' : kindOf(value);
    default:
      return String(value);
  }
}

/** Only prototypes are examined, so that no code of the object is called. */
function kindOf(value: object): string {
  if (isProxy(value)) return 'an object';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Promise) return 'a promise';
  if (value instanceof Error) return 'an error';
  if (value instanceof Date) return 'a date';
  if (value instanceof Map) return 'a map';
  if (value instanceof Set) return 'a set';
  if (value instanceof ArrayBuffer) return 'an ArrayBuffer';
  if (isUint8Array(value)) return 'bytes';
  if (ArrayBuffer.isView(value)) return 'a view that is no Uint8Array';
  return 'an object';
}

/** The error that `name` must be something else. */
export function mustBe(name: string, accepted: string, value: unknown): OptionError {
  return new OptionError(`${name} must be ${accepted}, not ${shown(value)}`);
}

/** A whole number. @param unit ` of bytes`, for the message. @throws OptionError */
export function whole(
  name: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
  unit = '',
): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
    return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  throw mustBe(name, `a whole number${unit} ${range}`, value);
}

/** A whole number, or Infinity. @throws OptionError */
export function wholeOrInfinity(name: string, value: unknown, least: number): number {
  return value === Number.POSITIVE_INFINITY ? value : whole(name, value, least);
}

/** A time of more than 0 milliseconds. @throws OptionError */
export function positiveTime(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0) return value;
  throw mustBe(name, 'more than 0 milliseconds (Infinity for no limit)', value);
}

/** One of a few strings. @throws OptionError */
export function oneOf<const Value extends string>(
  name: string,
  value: unknown,
  accepted: readonly Value[],
): Value {
  if (accepted.includes(value as Value)) return value as Value;
  throw mustBe(name, accepted.length === 1 ? `"${accepted[0]}"` : `one of ${accepted.join(', ')}`, value);
}

/** True or false. @throws OptionError */
export function trueOrFalse(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw mustBe(name, 'true or false', value);
}

/** A text that is not empty. @throws OptionError */
export function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw mustBe(name, 'a string that is not empty', value);
}

/**
 * An object of options that has only known ones. A misspelt one would silently have no effect.
 * @param what the owner of the options, for the message: `serve`, `lines`
 * @throws OptionError for something else than an object, or a name that is not known
 */
export function onlyOptions(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw mustBe(`the options of ${what}`, 'an object', options);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const all = known.length <= MAX_LISTED && known.length > 0 ? `; it has ${known.join(', ')}` : '';
    const hint = didYouMean(name, known) || all;
    throw new OptionError(`${what} has no option ${JSON.stringify(name.slice(0, MAX_SHOWN_LENGTH))}${hint}`);
  }
}
