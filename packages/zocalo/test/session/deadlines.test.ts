import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fixedSize, type Reply } from '../../src/index.ts';
import { defaultSessionLimits } from '../../src/session/limits.ts';
import { Session } from '../../src/session/session.ts';
import { converse } from '../../src/testing/index.ts';
import { MemoryHost } from '../../src/testing/memory-host.ts';
import { answering, closesAfter, Deferred, echo, finalReplies, never, noDeadlines } from './support.ts';

const identity = { id: 1, remoteAddress: '', remotePort: 0, localPort: 0, dialect: 'test' };

test('a client that never sends anything is idle from its beginning', async () => {
  await closesAfter(converse(answering(echo)), 300_000, 'idle');
  await closesAfter(converse(answering(echo), { idleTimeoutMs: 1_000 }), 1_000, 'idle');
});

test('a client is idle from its last message or its last answer', async () => {
  const talk = converse(answering(echo), { idleTimeoutMs: 1_000 });
  await talk.advance(999);
  talk.send('a\n');
  await closesAfter(talk, 1_000, 'idle');
});

test('an unsolicited message does not count as activity of its client, whether it is taken or not', async () => {
  for (const reads of [true, false]) {
    const talk = converse(answering(echo), { idleTimeoutMs: 1_000, writeTimeoutMs: 5_000 });
    if (!reads) talk.stopReading();
    for (let i = 0; i < 9; i++) {
      await talk.advance(100);
      talk.client.send('news\n');
    }
    await talk.advance(99);
    assert.equal(talk.closed, undefined);
    await talk.advance(1);
    talk.startReading();
    await talk.settle();
    assert.equal(talk.closed, 'idle');
  }
});

test('an idle client is sent a farewell', async () => {
  const talk = converse(answering(echo, finalReplies), { idleTimeoutMs: 1_000 });
  await talk.advance(1_000);
  assert.equal(await talk.receive(), 'farewell: idle\n');
});

test('a client that waits for an answer is not idle, and is from when it has it', async () => {
  for (const answer of ['answer', undefined]) {
    const deferred = new Deferred<string | undefined>();
    const talk = converse(
      answering(() => deferred.promise),
      { ...noDeadlines, idleTimeoutMs: 1_000 },
    );
    talk.send('x\n');
    // Not a multiple of the time: the session is looked at in between.
    await talk.advance(5_500);
    assert.equal(talk.closed, undefined);
    deferred.resolve(answer);
    await closesAfter(talk, 1_000, 'idle');
  }
});

test('a client that takes its time for an answer is not idle, and is from when it has it', async () => {
  const talk = converse(answering(echo), { ...noDeadlines, idleTimeoutMs: 1_000 });
  talk.stopReading();
  talk.send('x\n');
  await talk.advance(5_000);
  assert.equal(talk.closed, undefined);
  talk.startReading();
  await closesAfter(talk, 1_000, 'idle');
});

test('a frame must be complete within its time from its first byte, however often another byte comes', async () => {
  const talk = converse(answering(echo, finalReplies), { frameTimeoutMs: 10_000 });
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
  const talk = converse(answering(echo), { frameTimeoutMs: 1_000, idleTimeoutMs: 5_000 });
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
    { frameTimeoutMs: 1_000 },
  );
  talk.send('a');
  await talk.advance(600);
  talk.send('abbc');
  await closesAfter(talk, 1_000, 'frame-timeout');
  assert.equal(await talk.receive(), 'aabb');
});

test('a frame that is begun while an answer is pending has its time from when the server looks for it', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(
    answering(() => deferred.promise),
    { frameTimeoutMs: 1_000 },
  );
  talk.send('x\nhalf');
  await talk.advance(5_000);
  assert.equal(talk.closed, undefined);
  deferred.resolve('answer');
  await closesAfter(talk, 1_000, 'frame-timeout');
});

test('a conversation lasts its time and no longer, whatever goes on in it', async () => {
  const talk = converse(answering(echo, finalReplies), { maxSessionMs: 10_000 });
  for (let second = 0; second < 9; second++) {
    talk.send('x\n');
    await talk.advance(1_000);
  }
  await closesAfter(talk, 1_000, 'max-session');
  assert.equal(await talk.receive(), `${'x\n'.repeat(9)}farewell: max-session\n`);
});

test('at the end of its time half an answer is not followed by a message', async () => {
  function* endless(): Generator<Reply> {
    yield 'half';
    yield never;
  }
  const talk = converse(answering(endless, finalReplies), { maxSessionMs: 1_000 });
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
    fc.asyncProperty(
      time,
      time,
      time,
      time,
      async (frameTimeoutMs, handlerTimeoutMs, maxSessionMs, begun) => {
        const options = { ...noDeadlines, frameTimeoutMs, handlerTimeoutMs, maxSessionMs };
        const talk = converse(
          answering(() => never, { concurrency: 2 }),
          options,
        );
        // The handler is busy from 0 on, a frame is incomplete from `begun` on.
        talk.send('x\n');
        await talk.advance(begun);
        if (talk.closed === undefined) talk.send('half');
        const first = Math.min(handlerTimeoutMs, maxSessionMs, begun + frameTimeoutMs);
        if (first > begun) {
          await talk.advance(first - begun - 1);
          assert.equal(talk.closed, undefined);
          await talk.advance(1);
        }
        const reasons = {
          'handler-timeout': handlerTimeoutMs,
          'max-session': maxSessionMs,
          'frame-timeout': begun + frameTimeoutMs,
        };
        assert.ok(talk.closed !== undefined && talk.closed in reasons);
        assert.equal(reasons[talk.closed as keyof typeof reasons], first);
      },
    ),
    { numRuns: 100 },
  );
});

test('a client that is silent while others wait is closed sooner', async () => {
  await closesAfter(
    converse(answering(echo), {
      ...noDeadlines,
      idleTimeoutMs: 1_000,
      idleTimeoutWhenFullMs: 300,
      waitingClients: 1,
    }),
    300,
    'idle',
  );
  await closesAfter(
    converse(answering(echo), { ...noDeadlines, idleTimeoutMs: 1_000, idleTimeoutWhenFullMs: 300 }),
    1_000,
    'idle',
  );
});

/** Deadlines of a server with a line, and no other that would come first. */
const withLine = { ...noDeadlines, idleTimeoutWhenFullMs: 300, waitingClients: 1 };

test('while a client waits in line, half a message keeps a place for idleTimeoutWhenFullMs, however slowly it goes on', async () => {
  const silent = converse(answering(echo), withLine);
  silent.send('h');
  await closesAfter(silent, 300, 'frame-timeout');
  const slow = converse(answering(echo), withLine);
  for (let i = 0; i < 6; i++) {
    slow.send('h');
    await slow.advance(49);
  }
  await closesAfter(slow, 6, 'frame-timeout');
  const alone = converse(answering(echo), { ...withLine, waitingClients: 0, frameTimeoutMs: 1_000 });
  alone.send('h');
  await closesAfter(alone, 1_000, 'frame-timeout');
});

test('while another waits in line, a client that takes nothing of its answer is cut after idleTimeoutWhenFullMs', async () => {
  const talk = converse(answering(echo), withLine);
  talk.stopReading();
  talk.send('x\n');
  await closesAfter(talk, 300, 'write-timeout');
});

test('maxSessionMs bounds what is still to be flushed, too, plus a second for the final message', async () => {
  const limits = { ...noDeadlines, maxSessionMs: 10_000 };
  const talk = converse(
    answering(() => 'x'.repeat(1_000), finalReplies),
    limits,
  );
  talk.stopReading();
  talk.send('x\n');
  for (let i = 0; i < 10; i++) {
    await talk.advance(1_000);
    talk.startReading(1);
  }
  assert.equal(talk.closed, undefined);
  await closesAfter(talk, 1_000, 'max-session');
  const reader = converse(
    answering(() => 'x'.repeat(1_000), finalReplies),
    limits,
  );
  reader.stopReading();
  reader.send('x\n');
  await reader.advance(10_500);
  reader.startReading();
  assert.match(await reader.receive(), /^x{1000}farewell: max-session\n$/);
});

test('a client whose side has not acknowledged what the kernel took makes no progress by it', async () => {
  const host = new MemoryHost({ ...defaultSessionLimits, ...noDeadlines, writeTimeoutMs: 1_000 }, {});
  const session = new Session(
    answering(() => 'x'.repeat(100_000)),
    identity,
    host,
  );
  let taken = 0;
  let acknowledged = 0;
  session.waker = { wake() {}, tickBy() {}, unacknowledged: () => taken - acknowledged };
  session.receive(Buffer.from('x\n'), 2);
  const step = (milliseconds: number, takes: number, acknowledges: number) => {
    host.clock.now += milliseconds;
    const bytes = session.outgoing();
    if (bytes !== undefined && takes > 0) session.sent(takes);
    taken += takes;
    acknowledged += acknowledges;
    session.tick(host.clock.now);
  };
  for (let i = 0; i < 9; i++) step(900, 100, 100);
  assert.equal(host.closed, undefined);
  for (let i = 0; i < 3; i++) step(333, 100, 0);
  assert.equal(host.closed, undefined);
  step(1, 100, 0);
  assert.equal(host.closed, 'write-timeout');
});

test('a reader is looked at often enough to be cut at most a quarter of writeTimeoutMs late', () => {
  const host = new MemoryHost({ ...defaultSessionLimits, writeTimeoutMs: 8_000 }, {});
  const session = new Session(
    answering(() => 'x'.repeat(100_000)),
    identity,
    host,
  );
  const asked: number[] = [];
  session.waker = { wake() {}, tickBy: (at) => asked.push(at), unacknowledged: () => 0 };
  assert.equal(session.tick(0), 8_000);
  session.receive(Buffer.from('x\n'), 2);
  assert.deepEqual(asked, [2_000]);
  assert.equal(session.tick(2_000), 4_000);
});
