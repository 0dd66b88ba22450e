import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { chooseShape, type Shape } from '../src/protocol/topology.ts';

/** Nodes that all reach each other, but for the pairs named. */
function without(...cuts: [number, number][]): (one: number, other: number) => boolean {
  return (one, other) => !cuts.some((pair) => pair.includes(one) && pair.includes(other));
}

test('nodes that all reach each other make a closed ring', () => {
  assert.deepEqual(chooseShape([0, 1, 2, 3], 2, without()), { members: [0, 1, 2, 3], wrapped: false });
});

test('a dead node is bypassed', () => {
  assert.deepEqual(chooseShape([0, 1, 3, 4], 4, without()), { members: [0, 1, 3, 4], wrapped: false });
});

test('two neighbours that live but do not reach each other become the ends of a wrapped ring', () => {
  assert.deepEqual(chooseShape([0, 1, 2, 3], 0, without([1, 2])), { members: [2, 3, 0, 1], wrapped: true });
});

test('a cut between nodes that are no neighbours changes nothing', () => {
  assert.deepEqual(chooseShape([0, 1, 2, 3], 0, without([0, 2])), { members: [0, 1, 2, 3], wrapped: false });
});

test('a claimant without links is alone', () => {
  assert.equal(chooseShape([0, 1, 2], 1, without([0, 1], [1, 2])), undefined);
});

test('the shape is the largest there is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }),
      fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 6 }),
      (count, cuts) => {
        const adjacent = without(...cuts.filter(([one, other]) => one !== other));
        const places = Array.from({ length: count }, (_, place) => place);
        const shape = chooseShape(places, 0, adjacent);
        if (shape !== undefined) assert.ok(gaps(shape, adjacent) <= (shape.wrapped ? 1 : 0));
        assert.equal(shape?.members.length ?? 1, largest(places, adjacent));
      },
    ),
  );
});

function gaps({ members }: Shape, adjacent: (one: number, other: number) => boolean): number {
  if (members.length === 2) return adjacent(members[0] as number, members[1] as number) ? 0 : 1;
  return members.filter((one, index) => !adjacent(one, members[(index + 1) % members.length] as number))
    .length;
}

/** By trying every set of nodes that has node 0 in it. */
function largest(places: number[], adjacent: (one: number, other: number) => boolean): number {
  let best = 1;
  for (let set = 1; set < 2 ** places.length; set += 2) {
    const members = places.filter((place) => (set & (2 ** place)) !== 0);
    const allowed = members.length > 2 ? 1 : 0;
    if (members.length > 1 && gaps({ members, wrapped: false }, adjacent) <= allowed) {
      best = Math.max(best, members.length);
    }
  }
  return best;
}

test('one node of more weight is preferred to two of less', () => {
  const adjacent = without([1, 2], [2, 64], [2, 65]);
  const places = [0, 1, 2, 64, 65];
  assert.deepEqual(chooseShape(places, 0, adjacent), { members: [0, 1, 64, 65], wrapped: false });
  const weight = (place: number) => (place < 64 ? 64 : 1);
  assert.deepEqual(chooseShape(places, 0, adjacent, weight), { members: [2, 0, 1], wrapped: true });
});
