import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError } from '../../src/index.ts';
import { onlyOptions, shown, whole } from '../../src/option-checks.ts';

const revoked = Proxy.revocable({}, {});
revoked.revoke();

for (const [value, shownValue] of [
  ['5', 'the string "5"'],
  ['', 'the string ""'],
  ['a\nb\u0000', 'the string "a\\nb\\u0000"'],
  ['x'.repeat(1_000), `the string "${'x'.repeat(100)}…"`],
  [5, '5'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [-0.5, '-0.5'],
  [5n, 'the bigint 5'],
  [true, 'true'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Symbol('s'), 'a symbol'],
  [() => 5, 'a function'],
  [[5], 'an array'],
  [{ toString: () => '5' }, 'an object'],
  [Object.create(null), 'an object'],
  [revoked.proxy, 'an object'],
  [Promise.resolve(5), 'a promise'],
  [new Date(0), 'a date'],
  [new Map(), 'a map'],
  [new Set(), 'a set'],
  [new Error('no'), 'an error'],
  [Buffer.from('5'), 'bytes'],
  [new Uint16Array(5), 'a view that is no Uint8Array'],
  [new ArrayBuffer(5), 'an ArrayBuffer'],
] as const) {
  test(`a message shows ${shownValue.slice(0, 30)} with its type`, () =>
    assert.equal(shown(value), shownValue));
}

test('a whole number is one that JavaScript has exactly', () => {
  assert.equal(whole('size', Number.MAX_SAFE_INTEGER, 0), Number.MAX_SAFE_INTEGER);
  assert.throws(() => whole('size', 2 ** 53, 0), OptionError);
  assert.throws(() => whole('size', '5', 0), {
    message: 'size must be a whole number of 0 or more, not the string "5"',
  });
});

test('few options are listed where none is near', () => {
  assert.throws(() => onlyOptions('lines', { colour: 1 }, ['ending', 'maxLength']), {
    message: 'lines has no option "colour"; it has ending, maxLength',
  });
});
