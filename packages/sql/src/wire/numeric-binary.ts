import { SqlError } from '../sql-error.ts';
import type { ByteWriter } from './byte-writer.ts';

const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
const NAN = 0xc000;
const INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;

const specials = new Map([
  ['NaN', NAN],
  ['Infinity', INFINITY],
  ['-Infinity', MINUS_INFINITY],
]);

/** Writes digits without an exponent as `numeric_send` does: groups of four digits, and where the point stands. */
export function writeNumeric(out: ByteWriter, plain: string): void {
  const special = specials.get(plain);
  if (special !== undefined) {
    for (const word of [0, 0, special, 0]) out.int16(word);
    return;
  }
  const negative = plain.startsWith('-');
  const [whole = '', fraction = ''] = plain.slice(negative ? 1 : 0).split('.');
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups = ((left + right).match(/.{4}/g) ?? []).map(Number);
  let weight = left.length / 4 - 1;
  while (groups.length > 0 && groups[0] === 0) {
    groups.shift();
    weight--;
  }
  while (groups.at(-1) === 0) groups.pop();
  out.int16(groups.length);
  out.int16(groups.length === 0 ? 0 : weight);
  out.int16(negative ? NEGATIVE : POSITIVE);
  out.int16(fraction.length);
  for (const group of groups) out.int16(group);
}

/** Reads what `numeric_recv` does, as text. */
export function readNumeric(bytes: Buffer): string {
  const bad = () => new SqlError('22P03', 'invalid binary data for type numeric');
  if (bytes.length < 8) throw bad();
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (bytes.length !== 8 + 2 * count) throw bad();
  for (const [word, value] of specials) if (value === sign) return word;
  if ((sign !== POSITIVE && sign !== NEGATIVE) || scale > 0x3fff) throw bad();
  const group = (place: number): string => {
    const digit = place >= 0 && place < count ? bytes.readUInt16BE(8 + 2 * place) : 0;
    if (digit > 9_999) throw bad();
    return String(digit).padStart(4, '0');
  };
  let whole = '';
  for (let place = 0; place <= weight; place++) whole += group(place);
  let fraction = '';
  for (let place = weight + 1; fraction.length < scale; place++) fraction += group(place);
  const left = whole.replace(/^0+(?=\d)/, '') || '0';
  return `${sign === NEGATIVE ? '-' : ''}${left}${scale > 0 ? `.${fraction.slice(0, scale)}` : ''}`;
}
