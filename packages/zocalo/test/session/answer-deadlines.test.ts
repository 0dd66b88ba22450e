import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reply } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { answering, closesAfter, Deferred, echo, finalReplies, never, noDeadlines } from './support.ts';

test('a client that takes nothing of its answer is closed, without a message', async () => {
  const talk = converse(answering(echo, finalReplies), { writeTimeoutMs: 1_000 });
  talk.stopReading();
  await talk.advance(3_000);
  talk.send('x\n');
  await closesAfter(talk, 1_000, 'write-timeout');
  talk.startReading();
  assert.equal(await talk.receive(), '');
});

test('the time to take an answer begins with the answer', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(
    answering(() => deferred.promise),
    { ...noDeadlines, writeTimeoutMs: 1_000 },
  );
  talk.stopReading();
  talk.send('x\n');
  await talk.advance(5_500);
  deferred.resolve('answer');
  await closesAfter(talk, 1_000, 'write-timeout');
});

test('a client that takes a byte now and then is given the time it needs', async () => {
  const talk = converse(
    answering(() => 'x'.repeat(20)),
    { writeTimeoutMs: 1_000 },
  );
  talk.stopReading();
  talk.send('x\n');
  for (let i = 0; i < 19; i++) {
    await talk.advance(999);
    talk.startReading(1);
  }
  assert.equal((await talk.receive()).length, 19);
  await closesAfter(talk, 1_000, 'write-timeout');
});

test('a farewell that the client does not take does not keep the conversation open', async () => {
  const talk = converse(answering(echo, finalReplies), { idleTimeoutMs: 5_000, writeTimeoutMs: 1_000 });
  talk.stopReading();
  await talk.advance(5_000);
  assert.equal(talk.closed, undefined);
  await talk.advance(999);
  assert.equal(talk.closed, undefined);
  await talk.advance(1);
  assert.notEqual(talk.closed, undefined);
});

test('a handler that never settles is closed with a farewell', async () => {
  const talk = converse(
    answering(() => never, finalReplies),
    { handlerTimeoutMs: 1_000 },
  );
  await talk.advance(500);
  talk.send('x\n');
  await closesAfter(talk, 1_000, 'handler-timeout');
  assert.equal(await talk.receive(), 'farewell: handler-timeout\n');
});

test('each piece of an answer has a time of its own', async () => {
  const deferreds = Array.from({ length: 5 }, () => new Deferred<string>());
  async function* slow(): AsyncGenerator<Reply> {
    for (const deferred of deferreds) yield deferred.promise;
  }
  const talk = converse(answering(slow, finalReplies), { handlerTimeoutMs: 1_000 });
  talk.send('x\n');
  for (const [i, deferred] of deferreds.slice(0, 4).entries()) {
    await talk.advance(999);
    deferred.resolve(`${i}`);
    await talk.settle();
  }
  await closesAfter(talk, 1_000, 'handler-timeout');
  // Words now would be taken for the rest of the answer.
  assert.equal(await talk.receive(), '0123');
});

test('a generator that is not asked because the client does not read is not late', async () => {
  function* endless(): Generator<Reply> {
    for (;;) yield Promise.resolve('x'.repeat(1_000));
  }
  const talk = converse(answering(endless), { ...noDeadlines, handlerTimeoutMs: 1_000 });
  talk.stopReading();
  talk.send('x\n');
  await talk.advance(100_000);
  assert.equal(talk.closed, undefined);
});

test('with a concurrency, the handler that has been busy longest is the one that is late', async () => {
  const talk = converse(
    answering((line) => (line === 'never' ? never : `${line}\n`), { concurrency: 3 }),
    {
      handlerTimeoutMs: 1_000,
    },
  );
  talk.send('never\n');
  await talk.advance(600);
  talk.send('never\na\n');
  await closesAfter(talk, 400, 'handler-timeout');
  assert.equal(await talk.receive(), 'a\n');
});

test('a promise behind an answer that has begun has its own time from the beginning', async () => {
  const deferred = new Deferred<string>();
  async function* slow(): AsyncGenerator<Reply> {
    yield 'half';
    yield deferred.promise;
  }
  const talk = converse(
    answering((line) => (line === 'slow' ? slow() : never), { concurrency: 2 }),
    {
      handlerTimeoutMs: 1_000,
    },
  );
  talk.send('slow\n');
  await talk.advance(100);
  talk.send('never\n');
  await talk.advance(800);
  deferred.resolve('way');
  assert.equal(await talk.receive(), 'halfway');
  await closesAfter(talk, 200, 'handler-timeout');
});

test('a greeting and a final message have the same deadlines as answers', async () => {
  const greeting = converse(answering(echo, { open: () => never }), { handlerTimeoutMs: 1_000 });
  await closesAfter(greeting, 1_000, 'handler-timeout');
  const farewell = converse(answering(echo, { farewell: () => never }), { handlerTimeoutMs: 1_000 });
  await farewell.advance(100);
  farewell.drain();
  await closesAfter(farewell, 1_000, 'drain');
});
