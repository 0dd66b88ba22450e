import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { acceptValue, formatSize, parseText } from '@zocalo/command/settings';
import { formatDuration, parseDuration } from 'zocalo/service';

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

test('permissions are octal digits, as text also in a file, where a number would be decimal', () => {
  assert.equal(acceptValue({ kind: 'permissions' }, '660'), 0o660);
  assert.equal(parseText({ kind: 'permissions' }, '0600'), 0o600);
  for (const value of ['', '680', '66', '1660', '0o660', 'rw-rw----', 660]) {
    assert.equal(acceptValue({ kind: 'permissions' }, value), undefined, String(value));
  }
});

test('networks are addresses and networks, one or several, and at least one', () => {
  const type = { kind: 'networks' } as const;
  assert.deepEqual(parseText(type, '10.0.0.0/8'), ['10.0.0.0/8']);
  assert.deepEqual(acceptValue(type, ['::1', '192.0.2.0/24']), ['::1', '192.0.2.0/24']);
  for (const wrong of ['10.0.0.0/33', 'localhost', '', [], ['::1', 'x'], 7, true])
    assert.equal(acceptValue(type, wrong), undefined);
});

test('on the command line a number is written in digits', () => {
  assert.equal(parseText({ kind: 'whole', least: 0 }, '007'), 7);
  for (const text of ['', ' 7', '+7', '0x7', '7.0', '99999999999999999999']) {
    assert.equal(parseText({ kind: 'whole', least: 0 }, text), undefined, text);
  }
});

test('a size is a whole number with a unit, and within bounds', () => {
  const type = { kind: 'size', least: 512, most: 2 ** 30 } as const;
  for (const [text, bytes] of [
    ['512B', 512],
    ['64KiB', 65_536],
    ['8MiB', 8_388_608],
    ['1GiB', 1_073_741_824],
  ] as const) {
    assert.equal(parseText(type, text), bytes);
    assert.equal(formatSize(bytes), text);
  }
  assert.equal(formatSize(1_000), '1000B');
  for (const text of ['', '8', '8MB', '8 MiB', '-8MiB', '1.5MiB', '511B', '2GiB', 'MiB'])
    assert.equal(parseText(type, text), undefined, text);
  assert.equal(acceptValue(type, 8_388_608), undefined);
});

test('a folder is one that is there, seen from where the file is', () => {
  const { dirname: here } = import.meta;
  assert.equal(acceptValue({ kind: 'folder' }, '.', here), here);
  assert.equal(acceptValue({ kind: 'file' }, 'key.pem', here), join(here, 'key.pem'));
  assert.equal(acceptValue({ kind: 'file' }, '', here), undefined);
  assert.equal(acceptValue({ kind: 'folder' }, '../test', here), here);
  assert.equal(parseText({ kind: 'folder' }, here), here);
  for (const path of ['', './nowhere', import.meta.filename])
    assert.equal(acceptValue({ kind: 'folder' }, path, here), undefined, path);
});
