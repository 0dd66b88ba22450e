import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission, type AdmissionOptions } from '../../src/admission/admission.ts';
import { OptionError } from '../../src/index.ts';

const none = Number.POSITIVE_INFINITY;

test('clients enter while there is room, then wait, then are refused', () => {
  const admission = new Admission<string>({ maxClients: 2, maxWaiting: 1, waitTimeoutMs: none });
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((connection) => admission.arrive(connection, 0)),
    ['enter', 'enter', 'wait', 'refuse'],
  );
  assert.equal(admission.full, true);
});

test('when one leaves, the one that has waited longest enters, and no other', () => {
  const admission = new Admission<string>({ maxClients: 1, maxWaiting: 3, waitTimeoutMs: none });
  for (const connection of ['a', 'b', 'c', 'd']) admission.arrive(connection, 0);
  assert.equal(admission.leave(5), 'b');
  assert.deepEqual([admission.active, ...admission.line()], [1, 'c', 'd']);
  assert.equal(admission.leave(7), 'c');
  assert.equal(admission.longestWaitMs, 7);
});

test('a client that stops waiting does not enter', () => {
  const admission = new Admission<string>({ maxClients: 1, maxWaiting: 3, waitTimeoutMs: none });
  for (const connection of ['a', 'b', 'c']) admission.arrive(connection, 0);
  assert.equal(admission.cancel('b'), true);
  assert.equal(admission.cancel('b'), false);
  assert.equal(admission.cancel('a'), false);
  assert.equal(admission.leave(0), 'c');
  assert.equal(admission.leave(0), undefined);
  assert.equal(admission.active, 0);
});

test('who has waited for the whole time-out is sent away, and not a moment before', () => {
  const admission = new Admission<string>({ maxClients: 1, maxWaiting: 3, waitTimeoutMs: 100 });
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

test('200 clients that come while 3 are allowed are all served, in the order in which they came', () => {
  const admission = new Admission<number>({ maxClients: 3, maxWaiting: 197, waitTimeoutMs: none });
  const served: number[] = [];
  for (let connection = 0; connection < 200; connection++) {
    if (admission.arrive(connection, connection) === 'enter') served.push(connection);
  }
  assert.equal(served.length, 3);
  for (
    let connection = admission.leave(1_000);
    connection !== undefined;
    connection = admission.leave(1_000)
  ) {
    served.push(connection);
    assert.equal(admission.active, 3);
  }
  assert.deepEqual(
    served,
    Array.from({ length: 200 }, (_, i) => i),
  );
});

test('limits that cannot be used are refused with name and value', () => {
  const good: AdmissionOptions = { maxClients: 1, maxWaiting: 0, waitTimeoutMs: 0 };
  const bad: Partial<AdmissionOptions>[] = [
    { maxClients: 0 },
    { maxClients: 1.5 },
    { maxClients: Number.NaN },
    { maxClients: none },
    { maxWaiting: -1 },
    { maxWaiting: none },
    { waitTimeoutMs: -1 },
    { waitTimeoutMs: Number.NaN },
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
