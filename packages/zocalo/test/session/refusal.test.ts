import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/session/refusal.ts';
import { WRITE } from '../../src/session/session-port.ts';

test('the message of a refusal is sent, however few bytes of it are taken at a time, then it is over', () => {
  const refusal = new Refusal(Buffer.from('né, full\n'), 1_000);
  let said = '';
  while (!refusal.finished) {
    assert.equal(refusal.interest, WRITE);
    said += Buffer.from(refusal.outgoing()?.subarray(0, 1) as Uint8Array).toString('latin1');
    refusal.sent(1);
  }
  assert.equal(Buffer.from(said, 'latin1').toString(), 'né, full\n');
  assert.deepEqual([refusal.interest, refusal.outgoing()], [0, undefined]);
});

test('a refusal without a message is over when nothing has been sent', () => {
  const refusal = new Refusal(Buffer.alloc(0), 1_000);
  assert.equal(refusal.outgoing()?.length, 0);
  refusal.sent(0);
  assert.equal(refusal.finished, true);
});

test('a message that is not taken is given up at its deadline, and not before', () => {
  const refusal = new Refusal(Buffer.from('full\n'), 1_000);
  assert.equal(refusal.tick(999), 1_000);
  assert.equal(refusal.finished, false);
  refusal.tick(1_000);
  assert.equal(refusal.finished, true);
});

test('a refused client is not read from, and may leave or be cut off', () => {
  const refusal = new Refusal(Buffer.from('full\n'), 1_000);
  assert.equal(refusal.receive(), false);
  refusal.receiveEnd();
  refusal.drain();
  assert.equal(refusal.finished, false);
  let woken = 0;
  refusal.waker = { wake: () => woken++, tickBy: () => {} };
  refusal.broken();
  assert.deepEqual([refusal.finished, woken], [true, 1]);
});
