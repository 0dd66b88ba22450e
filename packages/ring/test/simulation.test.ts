import assert from 'node:assert/strict';
import test from 'node:test';
import { describeFailure, simulateMany } from './simulator/many.ts';
import { scenarioOf } from './simulator/scenario.ts';
import { shrink, simulate } from './simulator/simulate.ts';

/** ZOCALO_RING_SEED: where to begin, so that other seeds can be tried. ZOCALO_RING_SEEDS: how many. */
const first = Number(process.env.ZOCALO_RING_SEED ?? 0);
const count = Number(process.env.ZOCALO_RING_SEEDS ?? 10_000);

test('every invariant of the ring holds at every step of ten thousand simulations with faults', async (t) => {
  const counts = await simulateMany(first, count);
  t.diagnostic(`${counts.simulations} simulations, ${counts.steps} steps`);
  assert.deepEqual(counts.failures.map(describeFailure), []);
  assert.equal(counts.simulations, count);
});

/** Numbers that once failed, each with what it was about. */
const regressions: [seed: number, about: string, withGuests?: boolean][] = [
  [116_908, 'the end is announced to a node that has restarted and alone can pass it on'],
  [110_063, 'an impostor at each of two nodes does not keep the rightful ones from finding each other'],
  [343_208, 'the end is announced to a node that has left, because it may be back'],
  [266_004, 'a node that is told to leave is started again once it has ended'],
  [593_838, 'a node that crashed at a sync and is back counts for the nodes that reach it'],
  [55, 'a node that has restarted is welcomed by the nodes that have reached it at its address', true],
  [106_526, 'a guest at the other side of a gap is connected to as soon as a frame names it', true],
  [746_214, 'a guest whose attempts to connect were given up tries again', true],
  [
    9_096,
    'a message that was given up is not sent again behind later ones, which would make it a duplicate',
    true,
  ],
  [67_137, 'the end is announced over another connection when something is stuck on the one there is', true],
  [2_074_405, 'the end of a ring does not come over a guest that has only just started', true],
];
for (const [seed, about, withGuests = false] of regressions) {
  test(`${about} (seed ${seed})`, () => {
    const outcome = simulate(seed, scenarioOf(seed, withGuests));
    assert.equal(outcome.violation, undefined);
  });
}

test('a simulation is repeated exactly by its number', () => {
  for (let seed = 0; seed < 40; seed++) {
    const once = simulate(seed);
    const again = simulate(seed);
    assert.equal(again.fingerprint, once.fingerprint, `seed ${seed}`);
    assert.equal(again.steps, once.steps);
    assert.deepEqual(again.scenario, once.scenario);
  }
});

test('a failing simulation shrinks to the fault that makes it fail', () => {
  const scenario = scenarioOf(11);
  const noise = Array.from({ length: 3 }, (_, index) => ({
    type: 'drop' as const,
    at: 200 * index,
    for: 50,
  }));
  const failing = simulate(11, {
    ...scenario,
    nodes: 3,
    window: 0,
    files: [
      scenario.files[0] ?? [],
      [],
      [{ number: 1, destination: 0, stream: 0, payload: Uint8Array.of(1) }],
    ],
    faults: noise,
    stopNow: false,
  });
  assert.match(failing.violation ?? '', /messages have no outcome/);
  const smallest = shrink(failing);
  assert.notEqual(smallest.violation, undefined);
  assert.deepEqual(smallest.scenario.faults, []);
  assert.equal(smallest.scenario.files.filter((file) => file.length > 0).length, 1);
});
