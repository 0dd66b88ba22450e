import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameTooLongError, lines, type Protocol, type Reply } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { afterTurns, answering, Deferred, echo, finalReplies, never } from './support.ts';

const failure = new Error('failure');
const fail = (): never => {
  throw failure;
};

const failing: { name: string; reply: () => Reply }[] = [
  { name: 'throws', reply: fail },
  { name: 'rejects', reply: () => Promise.reject(failure) },
  { name: 'rejects later', reply: () => afterTurns(undefined, 2).then(fail) },
  {
    name: 'returns a generator that throws at once',
    // biome-ignore lint/correctness/useYield: it fails before it comes to that.
    *reply() {
      fail();
    },
  },
  {
    name: 'returns an async generator that throws at once',
    // biome-ignore lint/correctness/useYield: it fails before it comes to that.
    async *reply() {
      fail();
    },
  },
  { name: 'returns an array with a promise that fails', reply: () => [afterTurns(undefined).then(fail)] },
  { name: 'returns an iterable that cannot be iterated', reply: () => ({ [Symbol.iterator]: fail }) },
];

for (const { name, reply } of failing) {
  test(`a handler that ${name} is reported, and its client is sent a message and closed`, async () => {
    const talk = converse(
      answering((line) => (line === 'fail' ? reply() : afterTurns(echo(line))), finalReplies),
    );
    talk.send('before\nfail\nafter\n');
    assert.equal(await talk.receive(), 'before\nerror: failure\n');
    assert.deepEqual(talk.errors, [failure]);
    assert.equal(talk.closed, 'error');
    assert.equal(talk.messages, 2);
  });

  test(`a greeting that ${name} is reported, and its client is sent a message and closed`, async () => {
    const talk = converse(answering(echo, { ...finalReplies, open: reply }));
    talk.send('x\n');
    assert.equal(await talk.receive(), 'error: failure\n');
    assert.deepEqual(talk.errors, [failure]);
    assert.equal(talk.closed, 'error');
    assert.equal(talk.messages, 0);
  });

  test(`a final message and a farewell that fail (${name}) are reported, and the conversation ends as it would`, async () => {
    const failed = converse(answering(() => Promise.reject(new Error('first')), { error: reply }));
    failed.send('x\n');
    assert.equal(await failed.receive(), '');
    assert.deepEqual(failed.errors.map(String), ['Error: first', 'Error: failure']);
    assert.equal(failed.closed, 'error');

    const leaving = converse(answering(echo, { farewell: reply }));
    leaving.drain();
    assert.equal(await leaving.receive(), '');
    assert.deepEqual(leaving.errors, [failure]);
    assert.equal(leaving.closed, 'drain');
  });
}

const halfWay: { name: string; reply: () => Reply }[] = [
  {
    name: 'a generator',
    *reply() {
      yield 'half';
      fail();
    },
  },
  {
    name: 'an async generator',
    async *reply() {
      yield 'half';
      await afterTurns(undefined);
      fail();
    },
  },
  { name: 'a nested reply', reply: () => ['half', ['', afterTurns(undefined).then(fail)]] },
];

for (const { name, reply } of halfWay) {
  test(`after the half of ${name} that fails no message is sent`, async () => {
    const talk = converse(answering(reply, finalReplies));
    talk.send('x\n');
    assert.equal(await talk.receive(), 'half');
    assert.deepEqual(talk.errors, [failure]);
    assert.equal(talk.closed, 'error');
  });
}

test('the finally of the generators around a failed piece runs', async () => {
  const closed: string[] = [];
  function* generator(name: string, content: () => Reply): Generator<Reply> {
    try {
      yield content();
    } finally {
      closed.push(name);
    }
  }
  const talk = converse(
    answering(() => generator('outer', () => generator('inner', () => Promise.reject(failure)))),
  );
  talk.send('x\n');
  await talk.settle();
  assert.deepEqual(closed, ['inner', 'outer']);
  assert.deepEqual(talk.errors, [failure]);
});

test('a promise in an array that fails before its turn is reported in its turn', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(answering(() => [deferred.promise, Promise.reject(failure)], finalReplies));
  talk.send('x\n');
  // An unhandled rejection would end the process of a server; here, it fails the test.
  await talk.settle();
  deferred.resolve('half');
  assert.equal(await talk.receive(), 'half');
  assert.deepEqual(talk.errors, [failure]);
});

test('with a concurrency, answers in progress are finished before the message for one that failed', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(
    answering((line) => (line === 'fail' ? Promise.reject(failure) : deferred.promise), {
      ...finalReplies,
      concurrency: 3,
    }),
  );
  talk.send('slow\nfail\nmore\n');
  await talk.settle();
  assert.equal(talk.closed, undefined);
  deferred.resolve('slow\n');
  assert.match(await talk.receive(), /^(slow\n){1,2}error: failure\n$/);
  assert.equal(talk.closed, 'error');
});

test('with a concurrency, a handler that fails behind an answer that has begun is reported', async () => {
  const deferred = new Deferred<string>();
  async function* slow(): AsyncGenerator<Reply> {
    yield 'half';
    yield deferred.promise;
  }
  const talk = converse(
    answering((line) => (line === 'slow' ? slow() : Promise.reject(failure)), {
      ...finalReplies,
      concurrency: 2,
    }),
  );
  talk.send('slow\n');
  assert.equal(await talk.receive(), 'half');
  talk.send('fail\n');
  await talk.settle();
  deferred.resolve('way\n');
  assert.equal(await talk.receive(), 'way\nerror: failure\n');
  assert.deepEqual(talk.errors, [failure]);
});

test('a message that a failed handler left unanswered is not answered because the server drains', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(
    answering((line) => (line === 'fail' ? fail() : line === 'slow' ? deferred.promise : echo(line)), {
      ...finalReplies,
      concurrency: 2,
    }),
  );
  talk.send('slow\nfail\nafter\n');
  talk.drain();
  deferred.resolve('slow\n');
  assert.equal(await talk.receive(), 'slow\nerror: failure\n');
  assert.equal(talk.closed, 'error');
});

test('a handler that never settles holds up its own client alone', async () => {
  const protocol = answering((line) => (line === 'never' ? never : echo(line)));
  const [stuck, other] = [converse(protocol), converse(protocol)];
  stuck.send('never\nx\n');
  other.send('x\n');
  assert.equal(await other.receive(), 'x\n');
  assert.equal(await stuck.receive(), '');
});

test('a state that cannot be made is reported, and costs its client the conversation, not the server', () => {
  const talk = converse(answering(echo, { state: fail }));
  talk.send('x\n');
  assert.deepEqual(talk.errors, [failure]);
  assert.equal(talk.closed, 'error');
  assert.equal(talk.messages, 0);
});

test('a close that throws is reported, and the conversation is over all the same', () => {
  const talk = converse(answering(echo, { close: fail }));
  talk.reset();
  assert.deepEqual(talk.errors, [failure]);
  assert.equal(talk.closed, 'reset');
});

test('the message for a bad frame names what was wrong with it, and comes after the answers before it', async () => {
  const wrong: unknown[] = [];
  const talk = converse({
    ...answering((line) => afterTurns(echo(line), 2)),
    framing: lines({ maxLength: 10 }),
    error: (error) => {
      wrong.push(error);
      return 'too long\n';
    },
  });
  talk.send(`one\ntwo\n${'x'.repeat(100)}\nthree\n`);
  assert.equal(await talk.receive(), 'one\ntwo\ntoo long\n');
  assert.ok(wrong[0] instanceof FrameTooLongError && wrong.length === 1);
  // The client's mistake, not the server's.
  assert.deepEqual(talk.errors, []);
  assert.equal(talk.closed, 'frame-too-long');
});

test('a protocol without messages of its own sends none', async () => {
  const talk = converse(answering(fail));
  talk.send('x\n');
  assert.equal(await talk.receive(), '');
  assert.equal(talk.closed, 'error');
});

test('the final message is flushed before the conversation is over', async () => {
  const talk = converse(answering(fail, finalReplies));
  talk.stopReading();
  talk.send('x\n');
  await talk.settle();
  assert.equal(talk.closed, undefined);
  talk.startReading();
  assert.equal(await talk.receive(), 'error: failure\n');
  assert.equal(talk.closed, 'error');
});

test('a failed answer suppresses only the final message, not what was sent before it', async () => {
  const protocol: Protocol<string> = answering((_line, client) => {
    client.send('news\n');
    return fail();
  }, finalReplies);
  const talk = converse(protocol);
  talk.send('x\n');
  assert.equal(await talk.receive(), 'news\nerror: failure\n');
});
