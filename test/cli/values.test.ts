import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptValue, parseText } from '../../src/cli/values.ts';
import { formatDuration, parseDuration } from '../../src/services/duration.ts';

test('a duration is a number with a unit, or none', () => {
  assert.equal(parseDuration('500ms'), 500);
  assert.equal(parseDuration('30s'), 30_000);
  assert.equal(parseDuration('1.5s'), 1_500);
  assert.equal(parseDuration('5m'), 300_000);
  assert.equal(parseDuration('1h'), 3_600_000);
  assert.equal(parseDuration('none'), Number.POSITIVE_INFINITY);
});

for (const text of [
  '',
  '30',
  's',
  '-1s',
  '0s',
  '1 s',
  '1S',
  '1d',
  '1e3s',
  'infinity',
  '597h',
  '.5s',
  '1s1s',
]) {
  test(`${JSON.stringify(text)} is not a duration`, () => assert.equal(parseDuration(text), undefined));
}

test('a duration is written as it would be given', () => {
  for (const text of ['250ms', '30s', '5m', '1h', '90s', 'none']) {
    assert.equal(formatDuration(parseDuration(text) ?? Number.NaN), text);
  }
});

test('in a file a number is a number and a text is a text', () => {
  assert.equal(acceptValue({ kind: 'whole', least: 1 }, 3), 3);
  assert.equal(acceptValue({ kind: 'whole', least: 1 }, '3'), undefined);
  assert.equal(acceptValue({ kind: 'whole', least: 1 }, 3.5), undefined);
  assert.equal(acceptValue({ kind: 'whole', least: 1, most: 2 }, 3), undefined);
  assert.equal(acceptValue({ kind: 'duration' }, 30), undefined);
  assert.equal(acceptValue({ kind: 'text' }, true), undefined);
  assert.equal(acceptValue({ kind: 'switch' }, true), true);
  assert.equal(acceptValue({ kind: 'switch' }, 'true'), undefined);
});

test('on the command line a number is written in digits', () => {
  assert.equal(parseText({ kind: 'whole', least: 0 }, '007'), 7);
  for (const text of ['', ' 7', '+7', '0x7', '7.0', '99999999999999999999']) {
    assert.equal(parseText({ kind: 'whole', least: 0 }, text), undefined, text);
  }
});
