import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { placeLabels } from '../../src/report/label-placement.ts';

test('labels that have room stay where they were wanted', () => {
  assert.deepEqual(placeLabels([30, 10, 90], 15, 0, 100), [30, 10, 90]);
});

test('labels that want the same place stand around it', () => {
  assert.deepEqual(placeLabels([50, 50, 50], 10, 0, 100), [40, 50, 60]);
});

test('no label is too close to another or outside, in the order of the wanted places', () => {
  const wanted = fc.array(fc.double({ min: -50, max: 450, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(wanted, (places) => {
      const spreadOut = placeLabels(places, 18, 0, 400);
      const order = places.map((_, i) => i).sort((a, b) => (places[a] as number) - (places[b] as number));
      const inOrder = order.map((i) => spreadOut[i] as number);
      for (const [i, place] of inOrder.entries()) {
        assert.ok(place >= -1e-6 && place <= 400 + 1e-6, `${place} is outside`);
        if (i > 0) assert.ok(place - (inOrder[i - 1] as number) >= 18 - 1e-6, `${inOrder} overlap`);
      }
    }),
  );
});
