import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission, type AdmissionOptions } from '../../src/admission/admission.ts';
import { OptionError } from '../../src/index.ts';

const none = Number.POSITIVE_INFINITY;

test('clients enter while there is room, then wait, then are refused', () => {
  const admission = new Admission<string>({ maxClients: 2, maxWaiting: 1, waitTimeout: none });
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((visitor) => admission.arrive(visitor, 0)),
    ['enter', 'enter', 'wait', 'refuse'],
  );
  assert.equal(admission.full, true);
});

test('when one leaves, the one that has waited longest enters, and no other', () => {
  const admission = new Admission<string>({ maxClients: 1, maxWaiting: 3, waitTimeout: none });
  for (const visitor of ['a', 'b', 'c', 'd']) admission.arrive(visitor, 0);
  assert.equal(admission.leave(5), 'b');
  assert.deepEqual([admission.active, ...admission.line()], [1, 'c', 'd']);
  assert.equal(admission.leave(7), 'c');
  assert.equal(admission.longestWait, 7);
});

test('whoever gives up waiting is not let in', () => {
  const admission = new Admission<string>({ maxClients: 1, maxWaiting: 3, waitTimeout: none });
  for (const visitor of ['a', 'b', 'c']) admission.arrive(visitor, 0);
  assert.equal(admission.giveUp('b'), true);
  assert.equal(admission.giveUp('b'), false);
  assert.equal(admission.giveUp('a'), false);
  assert.equal(admission.leave(0), 'c');
  assert.equal(admission.leave(0), undefined);
  assert.equal(admission.active, 0);
});

test('who has waited for the whole time-out is sent away, and not a moment before', () => {
  const admission = new Admission<string>({ maxClients: 1, maxWaiting: 3, waitTimeout: 100 });
  admission.arrive('a', 0);
  assert.equal(admission.nextExpiry, none);
  admission.arrive('b', 10);
  admission.arrive('c', 50);
  assert.equal(admission.nextExpiry, 110);
  assert.deepEqual(admission.expire(109), []);
  assert.deepEqual(admission.expire(110), ['b']);
  assert.equal(admission.nextExpiry, 150);
  assert.deepEqual(admission.expire(1_000), ['c']);
  assert.deepEqual(admission.expire(1_000), []);
  assert.equal(admission.waiting, 0);
});

test('200 who come while 3 are allowed are all served, in the order in which they came', () => {
  const admission = new Admission<number>({ maxClients: 3, maxWaiting: 197, waitTimeout: none });
  const served: number[] = [];
  for (let visitor = 0; visitor < 200; visitor++) {
    if (admission.arrive(visitor, visitor) === 'enter') served.push(visitor);
  }
  assert.equal(served.length, 3);
  for (let visitor = admission.leave(1_000); visitor !== undefined; visitor = admission.leave(1_000)) {
    served.push(visitor);
    assert.equal(admission.active, 3);
  }
  assert.deepEqual(
    served,
    Array.from({ length: 200 }, (_, i) => i),
  );
});

test('limits that cannot be used are refused with name and value', () => {
  const good: AdmissionOptions = { maxClients: 1, maxWaiting: 0, waitTimeout: 0 };
  const bad: Partial<AdmissionOptions>[] = [
    { maxClients: 0 },
    { maxClients: 1.5 },
    { maxClients: Number.NaN },
    { maxClients: none },
    { maxWaiting: -1 },
    { maxWaiting: none },
    { waitTimeout: -1 },
    { waitTimeout: Number.NaN },
  ];
  for (const options of bad) {
    const [[name, value] = ['', 0]] = Object.entries(options);
    assert.throws(
      () => new Admission({ ...good, ...options }),
      (error) =>
        error instanceof OptionError &&
        error.code === 'ERR_OPTION' &&
        error.message.startsWith(`${name} must be`) &&
        error.message.endsWith(`not ${value}`),
    );
  }
});
