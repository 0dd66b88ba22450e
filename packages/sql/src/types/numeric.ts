import type { Value } from './pg-type.ts';

const decimal = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,5}))?\s*$/i;

/**
 * A number as `numeric` writes it: digits, no exponent. With a scale, zeros fill it up; digits beyond it stay, since
 * SQLite has kept them. Undefined for what is no number.
 */
export function formatNumeric(value: Exclude<Value, null>, scale: number): string | undefined {
  const plain = typeof value === 'bigint' ? String(value) : plainDigits(String(value));
  if (plain === undefined || scale <= 0 || !/\d$/.test(plain)) return plain;
  const point = plain.indexOf('.');
  const missing = scale - (point < 0 ? 0 : plain.length - point - 1);
  return missing <= 0 ? plain : `${plain}${point < 0 ? '.' : ''}${'0'.repeat(missing)}`;
}

/** Digits without an exponent. */
function plainDigits(text: string): string | undefined {
  const special = /^\s*([+-]?)(nan|inf|infinity)\s*$/i.exec(text);
  if (special !== null) {
    if (special[2]?.toLowerCase() === 'nan') return 'NaN';
    return special[1] === '-' ? '-Infinity' : 'Infinity';
  }
  const parts = decimal.exec(text);
  if (parts === null || `${parts[2]}${parts[3] ?? ''}` === '') return undefined;
  const [, sign = '', whole = '', fraction = '', power = '0'] = parts;
  const exponent = Number(power);
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const left =
    point <= 0
      ? '0'
      : digits
          .slice(0, point)
          .padEnd(point, '0')
          .replace(/^0+(?=\d)/, '');
  const right = point < 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const result = right === '' ? left : `${left}.${right}`;
  return sign === '-' && /[1-9]/.test(result) ? `-${result}` : result;
}

/**
 * The value that SQLite keeps for a `numeric` in text: a whole number where it is one, a REAL where 15 digits say it,
 * else the text. Undefined for what is no number.
 */
export function numericValue(text: string): Value | undefined {
  const plain = plainDigits(text);
  if (plain === undefined || !/\d$/.test(plain)) return plain;
  if (/^-?\d{1,18}$/.test(plain)) return BigInt(plain);
  const significant = plain.replace(/^-?0*\.?0*/, '').replace('.', '').length;
  return significant <= 15 && plain.includes('.') ? Number(plain) : plain;
}
