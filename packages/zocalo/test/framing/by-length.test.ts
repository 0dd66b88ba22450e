import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf, pieces } from '@zocalo/test-support/frames-of.ts';
import fc from 'fast-check';
import { fixedSize, OptionError, raw } from '../../src/index.ts';
import { shown } from '../../src/option-checks.ts';

const anyBytes = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));

test('frames of a fixed size are cut at every multiple of it, however the bytes are split', () => {
  fc.assert(
    fc.property(pieces(anyBytes), fc.integer({ min: 1, max: 20 }), ({ bytes, pieces }, size) => {
      const { frames, closed } = framesOf(fixedSize(size), pieces);
      const whole = Math.floor(bytes.length / size);
      assert.deepEqual(
        frames,
        Array.from({ length: whole }, (_, i) => bytes.subarray(i * size, (i + 1) * size)),
      );
      assert.equal(closed, undefined);
    }),
    { numRuns: 500 },
  );
});

test('raw hands over whatever has arrived, as it arrived', () => {
  fc.assert(
    fc.property(pieces(anyBytes), ({ pieces }) => {
      assert.deepEqual(framesOf(raw(), pieces).frames, pieces);
    }),
  );
});

test('raw takes a piece as large as a receive', () => {
  const piece = Buffer.alloc(65_536, 'x');
  assert.deepEqual(framesOf(raw(), [piece, piece]).frames, [piece, piece]);
});

test('a size that is no whole number of 1 or more is refused with its value', () => {
  for (const size of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '4', null, undefined]) {
    assert.throws(
      () => fixedSize(size as number),
      (error) => error instanceof OptionError && error.message.endsWith(`, not ${shown(size)}`),
    );
  }
});
