import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closestName, editDistance } from '../../src/closest-name.ts';

const names = ['maxClients', 'maxWaiting', 'host', 'port', 'path', 'quota', 'quotaPer'];

test('the name that is meant is found by a mistake or two', () => {
  for (const [given, meant] of [
    ['maxClient', 'maxClients'],
    ['maxCleints', 'maxClients'],
    ['max_clients', 'maxClients'],
    ['MAXCLIENTS', 'maxClients'],
    ['clients', 'maxClients'],
    ['hosts', 'host'],
    ['prot', 'port'],
    ['quotta', 'quota'],
    ['quotaPerr', 'quotaPer'],
  ] as const) {
    assert.equal(closestName(given, names), meant, given);
  }
});

test('what is like no name suggests none', () => {
  for (const given of ['colour', '', 'x', 'm'.repeat(1_000_000)]) {
    assert.equal(closestName(given, names), undefined, given.slice(0, 20));
  }
  assert.equal(closestName('host', []), undefined);
});

test('the distance of two texts is the number of changes that make one of the other', () => {
  for (const [from, to, distance] of [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['abc', 'axc', 1],
    ['ca', 'abc', 3],
    ['kitten', 'sitting', 3],
  ] as const) {
    assert.equal(editDistance(from, to), distance, `${from} ${to}`);
  }
});

test('the distance is the same both ways, and no more than the longer text', () => {
  const text = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', 'c') });
  fc.assert(
    fc.property(text, text, (from, to) => {
      const distance = editDistance(from, to);
      assert.equal(distance, editDistance(to, from));
      assert.ok(distance <= Math.max(from.length, to.length));
      assert.ok(distance >= Math.abs(from.length - to.length));
      assert.equal(distance === 0, from === to);
    }),
  );
});
