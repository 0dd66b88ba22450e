import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from '../../src/load/histogram.ts';

test('a percentile is exact to 0.4 % over the whole range', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1),
      (values, part) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(values.length * part)) - 1] as number;
        const error = Math.abs(histogram.percentile(part) - exact);
        assert.ok(error <= exact * 0.004, `${histogram.percentile(part)} for ${exact}`);
      },
    ),
  );
});

test('what takes longer than the range is counted as its end', () => {
  const histogram = new Histogram();
  histogram.record(1e12);
  assert.ok(histogram.percentile(0.5) > 2 ** 31 * 0.99);
});

test('a histogram that was cleared is empty', () => {
  const histogram = new Histogram();
  histogram.record(5);
  histogram.clear();
  assert.deepEqual([histogram.total, histogram.percentile(0.5)], [0, 0]);
});
