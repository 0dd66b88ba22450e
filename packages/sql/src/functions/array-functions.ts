import { arrayText, parseArray } from '../types/arrays.ts';
import type { Value } from '../types/pg-type.ts';
import { countOf, plain, type SqlFunction, strict, textOf } from './sql-function.ts';

/** Functions on arrays, which are texts in PostgreSQL's form: `{1,2,NULL}`. */
export const arrayFunctions: readonly SqlFunction[] = [
  plain('array_of', -1, (...values) =>
    arrayText(values.map((value) => (value === null ? null : textOf(value)))),
  ),
  strict('array_json', 1, (array) => arrayJson(textOf(array))),
  strict('array_element', 2, (array, index) =>
    elementValue(parseArray(textOf(array)).at(position(array, index))),
  ),
  strict('array_length', 2, (array) => lengthOf(array)),
  strict('array_upper', 2, (array) => lengthOf(array)),
  strict('array_lower', 2, (array) => (lengthOf(array) === null ? null : 1n)),
  strict('array_ndims', 1, (array) => (lengthOf(array) === null ? null : 1n)),
  strict('cardinality', 1, (array) => BigInt(parseArray(textOf(array)).length)),
  plain('array_to_string', -1, (array, separator, nulls = null) => {
    if (array === null || separator === null || separator === undefined) return null;
    const given = parseArray(textOf(array as Value));
    const shown = given.map((element) => element ?? nulls).filter((element) => element !== null);
    return shown.map((element) => textOf(element as Value)).join(textOf(separator));
  }),
  plain('array_append', 2, (array, element) => joined([array ?? null], [element ?? null])),
  plain('array_prepend', 2, (element, array) =>
    arrayText([
      text(element ?? null),
      ...(array === null || array === undefined ? [] : parseArray(textOf(array))),
    ]),
  ),
  plain('array_cat', 2, (left, right) => {
    if (left === null || left === undefined) return right ?? null;
    if (right === null || right === undefined) return left;
    const rightElements = String(right).startsWith('{') ? parseArray(textOf(right)) : [textOf(right)];
    const leftElements = String(left).startsWith('{') ? parseArray(textOf(left)) : [textOf(left)];
    return arrayText([...leftElements, ...rightElements]);
  }),
  plain('array_remove', 2, (array, element) =>
    array === null || array === undefined
      ? null
      : arrayText(parseArray(textOf(array)).filter((each) => each !== text(element ?? null))),
  ),
  strict('array_position', 2, (array, element) => {
    const index = parseArray(textOf(array)).indexOf(textOf(element));
    return index < 0 ? null : BigInt(index + 1);
  }),
  strict('array_contains', 2, (array, part) => {
    const elements = new Set(parseArray(textOf(array)));
    return parseArray(textOf(part)).every((element) => elements.has(element)) ? 1n : 0n;
  }),
  strict('array_to_json', -1, (array) => arrayJson(textOf(array))),
  strict('subscripts_json', -1, (array) =>
    JSON.stringify(parseArray(textOf(array)).map((_, index) => index + 1)),
  ),
  plain('nothing_json', -1, () => '[]'),
];

/** Positions count from 1, those of vectors of the catalog from 0. */
function position(array: Value, index: Value): number {
  const at = countOf(index) - (String(array).startsWith('{') ? 1 : 0);
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

function lengthOf(array: Value): bigint | null {
  const { length } = parseArray(textOf(array));
  return length === 0 ? null : BigInt(length);
}

function text(value: Value): string | null {
  return value === null ? null : textOf(value);
}

function joined([array]: readonly Value[], elements: readonly Value[]): string {
  const before = array === null || array === undefined ? [] : parseArray(textOf(array));
  return arrayText([...before, ...elements.map(text)]);
}

/** What looks like a number is one, so that it compares with numbers. */
function elementValue(element: string | null | undefined): Value {
  if (element === null || element === undefined) return null;
  if (!/^-?\d{1,18}$/.test(element)) return element;
  return String(BigInt(element)) === element ? BigInt(element) : element;
}

function arrayJson(array: string): string {
  if (array.startsWith('[')) return array;
  const elements = parseArray(array).map((element) => {
    const value = elementValue(element);
    return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  });
  return `[${elements.join(',')}]`;
}
