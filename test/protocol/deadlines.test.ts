import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fixedSize, type Reply } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { answering, closesAfter, echo, Gate, lastWords, never, noDeadlines } from './support.ts';

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

test('a client that is silent while others wait is closed sooner', async () => {
  await closesAfter(
    converse(answering(echo), {
      ...noDeadlines,
      idleTimeout: 1_000,
      crowdedIdleTimeout: 300,
      waitingClients: 1,
    }),
    300,
    'idle',
  );
  await closesAfter(
    converse(answering(echo), { ...noDeadlines, idleTimeout: 1_000, crowdedIdleTimeout: 300 }),
    1_000,
    'idle',
  );
});
