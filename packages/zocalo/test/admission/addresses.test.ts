import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Admission } from '../../src/admission/admission.ts';
import { RecentWaits } from '../../src/admission/recent-waits.ts';
import { OptionError } from '../../src/index.ts';

const none = Number.POSITIVE_INFINITY;
const open = { maxClients: 3, maxWaiting: 9, waitTimeoutMs: none };

test('an address that has its share in is passed over while others wait, and keeps its place', () => {
  const admission = new Admission<string>({ ...open, fairSharePerAddress: 1 });
  for (const connection of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1'])
    admission.arrive(connection, 0, connection[0]);
  assert.equal(admission.leave(1, 'a'), 'b1');
  assert.deepEqual([...admission.line()], ['a4', 'c1']);
  assert.equal(admission.leave(2, 'a'), 'c1');
  assert.equal(admission.heldBack, 2);
  assert.equal(admission.leave(3, 'a'), 'a4');
  assert.equal(admission.reordered, 0);
});

test('a place is not left empty when all who wait have their share in', () => {
  const admission = new Admission<string>({ ...open, fairSharePerAddress: 1 });
  for (const connection of ['a1', 'b1', 'c1', 'b2', 'a2']) admission.arrive(connection, 0, connection[0]);
  assert.equal(admission.leave(0, 'c'), 'b2');
  assert.equal(admission.active, 3);
});

test('so many of one address are in and wait together, also when there is room for more', () => {
  const admission = new Admission<string>({ ...open, maxPerAddress: 2 });
  const arrive = (connection: string) => admission.arrive(connection, 0, connection[0]);
  assert.deepEqual(['a1', 'a2', 'a3'].map(arrive), ['enter', 'enter', 'refuse-address-limit']);
  assert.deepEqual(['b1', 'b2', 'b3', 'c1'].map(arrive), ['enter', 'wait', 'refuse-address-limit', 'wait']);
  assert.equal(admission.leave(0, 'a'), 'b2');
  assert.deepEqual(['b4', 'a4', 'a5'].map(arrive), ['refuse-address-limit', 'wait', 'refuse-address-limit']);
  admission.cancel('a4');
  assert.equal(arrive('a6'), 'wait');
  for (let i = 0; i < 4; i++)
    assert.equal(admission.arrive(`u${i}`, 0, ''), 'wait', 'who has no address is not counted');
});

test('so many of one address wait, and no more; connections without one are not counted', () => {
  const admission = new Admission<string>({ ...open, maxClients: 1, maxWaitingPerAddress: 2 });
  const arrive = (connection: string, address: string) => admission.arrive(connection, 0, address);
  assert.equal(arrive('a1', 'a'), 'enter');
  assert.deepEqual(
    ['a2', 'a3', 'a4'].map((connection) => arrive(connection, 'a')),
    ['wait', 'wait', 'refuse-address'],
  );
  assert.deepEqual(
    ['u1', 'u2', 'u3'].map((connection) => arrive(connection, '')),
    ['wait', 'wait', 'wait'],
  );
  admission.cancel('a2');
  assert.equal(arrive('a5', 'a'), 'wait');
  admission.expire(0);
  admission.rejectAll();
  assert.equal(arrive('a6', 'a'), 'wait');
});

test('a client may have its own time-out for waiting', () => {
  const admission = new Admission<string>({ ...open, maxClients: 1, waitTimeoutMs: 100 });
  admission.arrive('in', 0);
  admission.arrive('patient', 0);
  admission.arrive('hurried', 10, '', 5);
  assert.equal(admission.nextExpiry, 15);
  assert.deepEqual(admission.expire(15), ['hurried']);
  assert.equal(admission.nextExpiry, 100);
  admission.arrive('hurried too', 20, '', 5);
  admission.arrive('patient too', 30);
  assert.deepEqual(admission.expire(130), ['patient', 'hurried too', 'patient too'], 'as they came');
});

test('limits of addresses that cannot be used are refused with name and value', () => {
  for (const bad of [
    { fairSharePerAddress: 0 },
    { maxWaitingPerAddress: -1 },
    { maxWaitingPerAddress: 0.5 },
  ]) {
    const [[name, value] = ['', 0]] = Object.entries(bad);
    assert.throws(
      () => new Admission({ ...open, ...bad }),
      (error) =>
        error instanceof OptionError &&
        error.message.startsWith(name) &&
        error.message.endsWith(`not ${value}`),
    );
  }
});

test('waits are reported by the nearest rank, of the most recent 1,024', () => {
  const waits = new RecentWaits();
  assert.deepEqual([waits.longestMs, waits.percentile(50)], [0, 0]);
  for (let wait = 1; wait <= 100; wait++) waits.add(wait);
  assert.deepEqual(
    [50, 99, 100].map((percent) => waits.percentile(percent)),
    [50, 99, 100],
  );
  for (let i = 0; i < 1_024; i++) waits.add(7);
  assert.deepEqual([waits.longestMs, waits.percentile(99)], [100, 7]);
});

type Step = { kind: 'arrive' | 'leave' | 'giveUp' | 'expire'; pick: number; time: number };

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind']>('arrive', 'arrive', 'leave', 'giveUp', 'expire'),
    pick: fc.nat(50),
    time: fc.nat(5),
  }),
  { maxLength: 120 },
);
const limits = fc.record({
  maxClients: fc.integer({ min: 1, max: 4 }),
  maxWaiting: fc.integer({ min: 0, max: 8 }),
  waitTimeoutMs: fc.constantFrom(10, none),
  maxPerAddress: fc.constantFrom(1, 3, none, none),
  fairSharePerAddress: fc.constantFrom(1, 2, none),
  maxWaitingPerAddress: fc.constantFrom(0, 1, 3, none),
});

test('in any order of addresses, the first whose address has not its share enters, no client is reordered or lost', () => {
  fc.assert(
    fc.property(limits, steps, (options, steps) => {
      const admission = new Admission<number>(options);
      const inside: { id: number; address: string }[] = [];
      let line: { id: number; address: string; until: number }[] = [];
      const count = (all: readonly { address: string }[], address: string) =>
        all.filter((each) => each.address === address).length;
      let now = 0;
      let ids = 0;
      for (const { kind, pick, time } of steps) {
        now += time;
        if (kind === 'arrive') {
          // Some have a time to wait of their own, so that those who came later may have to go earlier.
          const timeoutMs = [options.waitTimeoutMs, 4, 9][pick % 7] ?? options.waitTimeoutMs;
          const one = { id: ids++, address: 'abc'[pick % 3] as string, until: now + timeoutMs };
          let expected = 'wait';
          const ofAddress = count(inside, one.address) + count(line, one.address);
          if (ofAddress >= options.maxPerAddress) expected = 'refuse-address-limit';
          else if (inside.length < options.maxClients) expected = 'enter';
          else if (line.length >= options.maxWaiting) expected = 'refuse';
          else if (count(line, one.address) >= options.maxWaitingPerAddress) expected = 'refuse-address';
          assert.equal(admission.arrive(one.id, now, one.address, timeoutMs), expected);
          if (expected === 'enter') inside.push(one);
          if (expected === 'wait') line.push(one);
        } else if (kind === 'leave' && inside.length > 0) {
          const [gone] = inside.splice(pick % inside.length, 1);
          const free = line.find(({ address }) => count(inside, address) < options.fairSharePerAddress);
          const next = free ?? line[0];
          assert.equal(admission.leave(now, gone?.address), next?.id);
          if (next !== undefined) inside.push(next);
          line = line.filter((each) => each !== next);
        } else if (kind === 'giveUp' && line.length > 0) {
          const [gone] = line.splice(pick % line.length, 1);
          assert.ok(admission.cancel(gone?.id ?? -1));
        } else if (kind === 'expire') {
          const over = line.filter(({ until }) => now >= until);
          line = line.filter((each) => !over.includes(each));
          assert.deepEqual(
            admission.expire(now),
            over.map(({ id }) => id),
          );
        }
        assert.deepEqual(
          [...admission.line()],
          line.map(({ id }) => id),
        );
        assert.equal(admission.nextExpiry, Math.min(...line.map(({ until }) => until)));
        assert.equal(admission.active, inside.length);
        for (const address of 'abc') assert.ok(count(inside, address) <= options.maxPerAddress);
        assert.equal(admission.reordered, 0);
        assert.ok(
          line.length === 0 || inside.length === options.maxClients,
          'a place is empty, and a client waits',
        );
      }
    }),
    { numRuns: 500 },
  );
});
