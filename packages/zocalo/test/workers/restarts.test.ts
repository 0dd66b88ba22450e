import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackOff } from '../../src/workers/restarts.ts';

const pauses = (backOff: BackOff, lives: readonly (number | undefined)[]) =>
  lives.map((readyForMs) => backOff.nextPauseMs(readyForMs));

test('the pause doubles while workers die sooner than it was long, up to a second', () => {
  assert.deepEqual(pauses(new BackOff(), [5, 5, 5, 5, 5, 5, 5]), [100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

test('for workers that cannot even start it goes up to ten seconds', () => {
  const lives = Array.from({ length: 9 }, () => undefined);
  assert.deepEqual(pauses(new BackOff(), lives), [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

test('after a worker that served longer than its pause, the pause begins anew', () => {
  assert.deepEqual(pauses(new BackOff(), [0, 99, 199, 400, 50, 200]), [100, 200, 400, 100, 200, 100]);
  assert.deepEqual(pauses(new BackOff(), Array(11).fill(300)), Array(11).fill(100));
});
