import { SqlError } from '../sql-error.ts';
import type { Value } from '../types/pg-type.ts';
import { plain, type SqlFunction, strict } from './sql-function.ts';

/** Functions on numbers, and on values of any type that can be ordered. */
export const numbers: readonly SqlFunction[] = [
  strict('cbrt', 1, (value) => Math.cbrt(Number(value))),
  strict('truncated', 2, (value, scale) => {
    const factor = 10 ** Number(scale);
    return Math.trunc(Number(value) * factor) / factor;
  }),
  strict('integer_mod', 2, (left, right) => {
    if (Number(right) === 0) throw new SqlError('22012', 'division by zero');
    return BigInt(left as bigint) % BigInt(right as bigint);
  }),
  strict('div', 2, (left, right) => {
    if (Number(right) === 0) throw new SqlError('22012', 'division by zero');
    if (typeof left === 'bigint' && typeof right === 'bigint') return left / right;
    return Math.trunc(Number(left) / Number(right));
  }),
  strict('gcd', 2, (left, right) => gcd(BigInt(left as bigint), BigInt(right as bigint))),
  strict('lcm', 2, (left, right) => {
    const [a, b] = [BigInt(left as bigint), BigInt(right as bigint)];
    return a === 0n || b === 0n ? 0n : absolute((a / gcd(a, b)) * b);
  }),
  strict('factorial', 1, (value) => {
    if (Number(value) < 0) throw new SqlError('22003', 'factorial of a negative number is undefined');
    let product = 1n;
    for (let at = 2n; at <= BigInt(value as bigint) && at <= 20n; at++) product *= at;
    if (Number(value) > 20) throw new SqlError('0A000', 'factorial() of more than 20 is not supported');
    return product;
  }),
  strict('bits_xor', 2, (left, right) => BigInt(left as bigint) ^ BigInt(right as bigint)),
  strict('width_bucket', 4, (value, low, high, count) => {
    const [v, l, h, n] = [value, low, high, count].map(Number) as [number, number, number, number];
    if (v < l) return 0n;
    return v >= h ? BigInt(n + 1) : BigInt(Math.floor(((v - l) / (h - l)) * n) + 1);
  }),
  plain('greatest_of', -1, (...values) => extreme(values, 1)),
  plain('least_of', -1, (...values) => extreme(values, -1)),
];

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function gcd(left: bigint, right: bigint): bigint {
  let [a, b] = [absolute(left), absolute(right)];
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** GREATEST and LEAST pass over NULLs. */
function extreme(values: readonly Value[], sign: number): Value {
  let found: Value = null;
  for (const value of values) {
    if (value === null) continue;
    if (found === null || compare(value, found) * sign > 0) found = value;
  }
  return found;
}

function compare(left: NonNullable<Value>, right: NonNullable<Value>): number {
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return left < right ? -1 : left > right ? 1 : 0;
}
