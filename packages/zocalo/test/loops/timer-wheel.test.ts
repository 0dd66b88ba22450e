import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimerWheel, WheelEntry } from '../../src/loops/timer-wheel.ts';

const GRANULARITY = 50;
const SLOTS = 512;
const TURN = GRANULARITY * SLOTS;

class Entry extends WheelEntry {
  readonly name: string;
  constructor(name = '') {
    super();
    this.name = name;
  }
}

/** Advances a wheel to a time. @returns the visited entries. */
function visited(wheel: TimerWheel<Entry>, now: number): string[] {
  const names: string[] = [];
  wheel.advance(now, ({ name }) => names.push(name));
  return names;
}

type Step = { pause: number; add: number[]; remove: number };

const pause = fc.oneof(fc.nat(120), fc.nat(3 * TURN));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    pause,
    add: fc.array(fc.oneof(fc.nat(200), fc.nat(3 * TURN)), { maxLength: 3 }),
    remove: fc.nat(20),
  }),
  { maxLength: 40 },
);

test('no entry is visited before its time or later than the granularity after it, and far ones once a turn', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), steps, (start, steps) => {
      const wheel = new TimerWheel<Entry>(start, GRANULARITY);
      const due = new Map<Entry, { at: number; since: number }>();
      let now = start;
      for (const { pause, add, remove } of steps) {
        now += pause;
        wheel.advance(now, (entry) => {
          const place = due.get(entry);
          assert.ok(place !== undefined, 'an entry was visited that had been removed or visited before');
          due.delete(entry);
          const far = place.at >= place.since + TURN - 2 * GRANULARITY;
          assert.ok(now >= place.at || far, `visited at ${now}, before ${place.at}`);
        });
        for (const { at, since } of due.values()) {
          assert.ok(now < Math.max(at, since) + GRANULARITY, `not visited by ${now} though due at ${at}`);
          assert.ok(now < since + TURN, `not visited for a whole turn since ${since}`);
        }
        for (const [i, entry] of [...due.keys()].entries()) {
          if (i % 4 !== remove) continue;
          wheel.remove(entry);
          due.delete(entry);
        }
        for (const after of add) {
          const entry = new Entry();
          wheel.add(entry, now + after);
          due.set(entry, { at: now + after, since: now });
        }
        assert.equal(wheel.size, due.size);
        const next = Math.min(...[...due.values()].map(({ at }) => at));
        const inTime = wheel.nextAt() < next + GRANULARITY || wheel.nextAt() <= now + GRANULARITY;
        assert.ok(due.size === 0 ? wheel.nextAt() === Number.POSITIVE_INFINITY : inTime);
      }
    }),
    { numRuns: 500 },
  );
});

test('turned when it asks for it, the wheel visits every entry in time', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5 * TURN), { minLength: 1, maxLength: 20 }), (times) => {
      const wheel = new TimerWheel<Entry>(0, GRANULARITY);
      const at = new Map(times.map((time) => [new Entry(), time]));
      for (const [entry, time] of at) wheel.add(entry, time);
      for (let now = wheel.nextAt(); now < Number.POSITIVE_INFINITY; now = wheel.nextAt()) {
        wheel.advance(now, (entry) => {
          const time = at.get(entry) as number;
          if (now < time) wheel.add(entry, time);
          else {
            assert.ok(now < time + GRANULARITY || time === 0, `visited at ${now} instead of ${time}`);
            at.delete(entry);
          }
        });
      }
      assert.equal(at.size, 0);
    }),
  );
});

test('a time that has passed comes with the next slot', () => {
  const wheel = new TimerWheel<Entry>(1_000, GRANULARITY);
  wheel.add(new Entry('late'), 0);
  assert.equal(wheel.nextAt(), 1_050);
  assert.deepEqual(visited(wheel, 1_049), []);
  assert.deepEqual(visited(wheel, 1_050), ['late']);
});

test('an entry that is removed is not visited, and one that is in no slot is left alone', () => {
  const wheel = new TimerWheel<Entry>(0, GRANULARITY);
  const entries = ['a', 'b', 'c', 'd'].map((name) => new Entry(name));
  for (const entry of entries) wheel.add(entry, 100);
  const [a, b, , d] = entries as [Entry, Entry, Entry, Entry];
  for (const entry of [b, d, a]) {
    wheel.remove(entry);
    wheel.remove(entry);
  }
  wheel.remove(new Entry());
  assert.equal(wheel.size, 1);
  assert.deepEqual(visited(wheel, 100), ['c']);
  assert.equal(wheel.size, 0);
});

test('a visited entry can be entered again, also for a time that has passed', () => {
  const wheel = new TimerWheel<Entry>(0, GRANULARITY);
  const entry = new Entry();
  wheel.add(entry, 100);
  let visits = 0;
  const again = () => {
    visits++;
    wheel.add(entry, 0);
  };
  wheel.advance(100, again);
  wheel.advance(100, again);
  wheel.advance(149, again);
  assert.equal(visits, 1);
  wheel.advance(150, again);
  assert.equal(visits, 2);
  wheel.advance(1_000_000, again);
  assert.equal(visits, 3);
  assert.equal(wheel.size, 1);
});

test('an entry that another one’s visit removes is not visited', () => {
  const wheel = new TimerWheel<Entry>(0, GRANULARITY);
  const entries = [new Entry('a'), new Entry('b')];
  for (const entry of entries) wheel.add(entry, 100);
  const names: string[] = [];
  wheel.advance(100, (entry) => {
    names.push(entry.name);
    for (const other of entries) wheel.remove(other);
  });
  assert.equal(names.length, 1);
});

test('an entry whose visit enters another one leaves that one for later', () => {
  const wheel = new TimerWheel<Entry>(0, GRANULARITY);
  wheel.add(new Entry('first'), 100);
  const names: string[] = [];
  wheel.advance(500, ({ name }) => {
    names.push(name);
    wheel.add(new Entry('second'), 200);
  });
  assert.deepEqual(names, ['first']);
  assert.deepEqual(visited(wheel, 550), ['second']);
});

test('after a gap of many turns every entry is visited once', () => {
  const wheel = new TimerWheel<Entry>(0, GRANULARITY);
  for (let i = 0; i < 1_000; i++) wheel.add(new Entry(`${i}`), i * 40);
  const names = visited(wheel, 100 * TURN);
  assert.equal(new Set(names).size, 1_000);
  assert.equal(names.length, 1_000);
  assert.equal(wheel.nextAt(), Number.POSITIVE_INFINITY);
});

test('an entry without a time is visited once a turn', () => {
  const wheel = new TimerWheel<Entry>(0, GRANULARITY);
  wheel.add(new Entry('forever'), Number.POSITIVE_INFINITY);
  assert.deepEqual(visited(wheel, TURN - 2 * GRANULARITY), []);
  assert.deepEqual(visited(wheel, TURN - GRANULARITY), ['forever']);
});

test('a clock that stands still or goes back visits no entry', () => {
  const wheel = new TimerWheel<Entry>(1_000, GRANULARITY);
  wheel.add(new Entry('a'), 1_010);
  assert.deepEqual(visited(wheel, 1_000), []);
  assert.deepEqual(visited(wheel, 0), []);
  assert.deepEqual(visited(wheel, 1_050), ['a']);
});
