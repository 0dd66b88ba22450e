import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CloseReason, fixedSize, type Reply } from '../../src/index.ts';
import { type Conversation, type ConverseOptions, converse } from '../../src/testing/index.ts';
import { answering, echo, Gate, lastWords, never } from './support.ts';

/** The conversation goes on for all of `milliseconds` but the last one, and ends then. */
async function closesAfter<State>(talk: Conversation<State>, milliseconds: number, reason: CloseReason) {
  await talk.advance(milliseconds - 1);
  assert.equal(talk.closed, undefined, `it was over before ${milliseconds} ms had passed`);
  await talk.advance(1);
  assert.equal(talk.closed, reason);
}

const none = Number.POSITIVE_INFINITY;
const noDeadlines: ConverseOptions = {
  idleTimeout: none,
  frameTimeout: none,
  writeTimeout: none,
  handlerTimeout: none,
  maxSession: none,
};

test('a client that never says anything is idle from its beginning', async () => {
  await closesAfter(converse(answering(echo)), 300_000, 'idle');
  await closesAfter(converse(answering(echo), { idleTimeout: 1_000 }), 1_000, 'idle');
});

test('a client is idle from its last message or its last answer', async () => {
  const talk = converse(answering(echo), { idleTimeout: 1_000 });
  await talk.advance(999);
  talk.send('a\n');
  await talk.advance(999);
  talk.client.send('news\n');
  await closesAfter(talk, 1_000, 'idle');
});

test('an idle client hears a farewell', async () => {
  const talk = converse(answering(echo, lastWords), { idleTimeout: 1_000 });
  await talk.advance(1_000);
  assert.equal(await talk.receive(), 'farewell: idle\n');
});

test('a client that waits for an answer is not idle, and is from when it has it', async () => {
  for (const answer of ['answer', undefined]) {
    const gate = new Gate<string | undefined>();
    const talk = converse(
      answering(() => gate.opened),
      { ...noDeadlines, idleTimeout: 1_000 },
    );
    talk.send('x\n');
    // Not a multiple of the time: the session is looked at in between.
    await talk.advance(5_500);
    assert.equal(talk.closed, undefined);
    gate.open(answer);
    await closesAfter(talk, 1_000, 'idle');
  }
});

test('a client that takes its time for an answer is not idle, and is from when it has it', async () => {
  const talk = converse(answering(echo), { ...noDeadlines, idleTimeout: 1_000 });
  talk.stopReading();
  talk.send('x\n');
  await talk.advance(5_000);
  assert.equal(talk.closed, undefined);
  talk.startReading();
  await closesAfter(talk, 1_000, 'idle');
});

test('a frame must be complete within its time from its first byte, however often another byte comes', async () => {
  const talk = converse(answering(echo, lastWords), { frameTimeout: 10_000 });
  await talk.advance(5_000);
  for (let second = 0; second < 9; second++) {
    talk.send('x');
    await talk.advance(1_000);
  }
  talk.send('x');
  await closesAfter(talk, 1_000, 'frame-timeout');
  assert.equal(await talk.receive(), 'farewell: frame-timeout\n');
});

test('each frame has a time of its own', async () => {
  const talk = converse(answering(echo), { frameTimeout: 1_000, idleTimeout: 5_000 });
  talk.send('a');
  await talk.advance(999);
  talk.send('b\nc');
  await talk.advance(999);
  talk.send('d\n');
  await closesAfter(talk, 5_000, 'idle');
  assert.equal(await talk.receive(), 'ab\ncd\n');
});

test('a frame that is begun in one piece with others has its time from then', async () => {
  const talk = converse(
    { name: 'pairs', framing: fixedSize(2), message: (pair) => pair },
    { frameTimeout: 1_000 },
  );
  talk.send('a');
  await talk.advance(600);
  talk.send('abbc');
  await closesAfter(talk, 1_000, 'frame-timeout');
  assert.equal(await talk.receive(), 'aabb');
});

test('a frame that is begun while an answer is pending has its time from when the server looks for it', async () => {
  const gate = new Gate<string>();
  const talk = converse(
    answering(() => gate.opened),
    { frameTimeout: 1_000 },
  );
  talk.send('x\nhalf');
  await talk.advance(5_000);
  assert.equal(talk.closed, undefined);
  gate.open('answer');
  await closesAfter(talk, 1_000, 'frame-timeout');
});

test('a client that takes nothing of its answer is closed, without a word', async () => {
  const talk = converse(answering(echo, lastWords), { writeTimeout: 1_000 });
  talk.stopReading();
  await talk.advance(3_000);
  talk.send('x\n');
  await closesAfter(talk, 1_000, 'write-timeout');
  talk.startReading();
  assert.equal(await talk.receive(), '');
});

test('the time to take an answer begins with the answer', async () => {
  const gate = new Gate<string>();
  const talk = converse(
    answering(() => gate.opened),
    { ...noDeadlines, writeTimeout: 1_000 },
  );
  talk.stopReading();
  talk.send('x\n');
  await talk.advance(5_500);
  gate.open('answer');
  await closesAfter(talk, 1_000, 'write-timeout');
});

test('a client that takes a byte now and then is given the time it needs', async () => {
  const talk = converse(
    answering(() => 'x'.repeat(20)),
    { writeTimeout: 1_000 },
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
  const talk = converse(answering(echo, lastWords), { idleTimeout: 5_000, writeTimeout: 1_000 });
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
    answering(() => never, lastWords),
    { handlerTimeout: 1_000 },
  );
  await talk.advance(500);
  talk.send('x\n');
  await closesAfter(talk, 1_000, 'handler-timeout');
  assert.equal(await talk.receive(), 'farewell: handler-timeout\n');
});

test('each piece of an answer has a time of its own', async () => {
  const gates = Array.from({ length: 5 }, () => new Gate<string>());
  async function* slow(): AsyncGenerator<Reply> {
    for (const gate of gates) yield gate.opened;
  }
  const talk = converse(answering(slow, lastWords), { handlerTimeout: 1_000 });
  talk.send('x\n');
  for (const [i, gate] of gates.slice(0, 4).entries()) {
    await talk.advance(999);
    gate.open(`${i}`);
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
  const talk = converse(answering(endless), { ...noDeadlines, handlerTimeout: 1_000 });
  talk.stopReading();
  talk.send('x\n');
  await talk.advance(100_000);
  assert.equal(talk.closed, undefined);
});

test('with a concurrency, the handler that has been busy longest is the one that is late', async () => {
  const talk = converse(
    answering((line) => (line === 'never' ? never : `${line}\n`), { concurrency: 3 }),
    {
      handlerTimeout: 1_000,
    },
  );
  talk.send('never\n');
  await talk.advance(600);
  talk.send('never\na\n');
  await closesAfter(talk, 400, 'handler-timeout');
  assert.equal(await talk.receive(), 'a\n');
});

test('a promise behind an answer that has begun has its own time from the beginning', async () => {
  const gate = new Gate<string>();
  async function* slow(): AsyncGenerator<Reply> {
    yield 'half';
    yield gate.opened;
  }
  const talk = converse(
    answering((line) => (line === 'slow' ? slow() : never), { concurrency: 2 }),
    {
      handlerTimeout: 1_000,
    },
  );
  talk.send('slow\n');
  await talk.advance(100);
  talk.send('never\n');
  await talk.advance(800);
  gate.open('way');
  assert.equal(await talk.receive(), 'halfway');
  await closesAfter(talk, 200, 'handler-timeout');
});

test('a greeting and last words have their time as answers do', async () => {
  const greeting = converse(answering(echo, { open: () => never }), { handlerTimeout: 1_000 });
  await closesAfter(greeting, 1_000, 'handler-timeout');
  const farewell = converse(answering(echo, { farewell: () => never }), { handlerTimeout: 1_000 });
  await farewell.advance(100);
  farewell.drain();
  await closesAfter(farewell, 1_000, 'drain');
});

test('a conversation lasts its time and no longer, whatever goes on in it', async () => {
  const talk = converse(answering(echo, lastWords), { maxSession: 10_000 });
  for (let second = 0; second < 9; second++) {
    talk.send('x\n');
    await talk.advance(1_000);
  }
  await closesAfter(talk, 1_000, 'max-session');
  assert.equal(await talk.receive(), `${'x\n'.repeat(9)}farewell: max-session\n`);
});

test('at the end of its time half an answer is not followed by words', async () => {
  function* endless(): Generator<Reply> {
    yield 'half';
    yield never;
  }
  const talk = converse(answering(endless, lastWords), { maxSession: 1_000 });
  talk.send('x\n');
  await closesAfter(talk, 1_000, 'max-session');
  assert.equal(await talk.receive(), 'half');
});

test('without deadlines a conversation lasts', async () => {
  const talk = converse(
    answering(() => never),
    noDeadlines,
  );
  talk.send('x\nhalf');
  await talk.advance(1_000_000_000);
  assert.equal(talk.closed, undefined);
});

test('whichever deadline comes first is the one that counts, at its exact time', async () => {
  const time = fc.integer({ min: 1, max: 5_000 });
  await fc.assert(
    fc.asyncProperty(time, time, time, time, async (frameTimeout, handlerTimeout, maxSession, begun) => {
      const options = { ...noDeadlines, frameTimeout, handlerTimeout, maxSession };
      const talk = converse(
        answering(() => never, { concurrency: 2 }),
        options,
      );
      // The handler is busy from 0 on, a frame is incomplete from `begun` on.
      talk.send('x\n');
      await talk.advance(begun);
      if (talk.closed === undefined) talk.send('half');
      const first = Math.min(handlerTimeout, maxSession, begun + frameTimeout);
      if (first > begun) {
        await talk.advance(first - begun - 1);
        assert.equal(talk.closed, undefined);
        await talk.advance(1);
      }
      const reasons = {
        'handler-timeout': handlerTimeout,
        'max-session': maxSession,
        'frame-timeout': begun + frameTimeout,
      };
      assert.ok(talk.closed !== undefined && talk.closed in reasons);
      assert.equal(reasons[talk.closed as keyof typeof reasons], first);
    }),
    { numRuns: 100 },
  );
});
