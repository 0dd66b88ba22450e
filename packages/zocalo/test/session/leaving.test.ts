import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, CloseReason, Protocol, Reply } from '../../src/index.ts';
import { type Conversation, converse } from '../../src/testing/index.ts';
import { afterTurns, answering, Deferred, echo, finalReplies, never } from './support.ts';

/** A protocol whose answers are `reply`, and what becomes of its client. */
function watched(reply: (client: Client) => Reply, rest: Partial<Protocol<string>> = {}) {
  const events: string[] = [];
  const protocol = answering(
    (_line, client) => {
      client.signal.addEventListener('abort', () => events.push(`abort ${client.signal.reason}`));
      return reply(client);
    },
    { ...rest, close: (_client: Client, reason: CloseReason) => events.push(`close ${reason}`) },
  );
  return { protocol, events };
}

test('the signal of a client that breaks off aborts while its answer is pending, and close is called', async () => {
  const { protocol, events } = watched(() => never);
  const talk = converse(protocol);
  talk.send('x\n');
  await talk.settle();
  assert.deepEqual(events, []);
  talk.reset();
  assert.deepEqual(events, ['abort reset', 'close reset']);
  assert.equal(talk.closed, 'reset');
});

test('the signal of a client that half-closes aborts at once in a protocol without half-close', async () => {
  const { protocol, events } = watched(() => never, { halfClose: false });
  const talk = converse(protocol);
  talk.send('x\n');
  talk.end();
  assert.deepEqual(events, ['abort client', 'close client']);
});

test('a pending answer of a client that half-closes goes on in a protocol with half-close', async () => {
  const deferred = new Deferred<string>();
  const { protocol, events } = watched(() => deferred.promise);
  const talk = converse(protocol);
  talk.send('x\n');
  talk.end();
  await talk.settle();
  assert.deepEqual(events, []);
  deferred.resolve('answer');
  assert.equal(await talk.receive(), 'answer');
  assert.deepEqual(events, ['abort client', 'close client']);
});

test('the signal carries the reason of every end', async () => {
  const { protocol, events } = watched(() => never);
  const talk = converse(protocol, { handlerTimeoutMs: 1_000 });
  talk.send('x\n');
  await talk.advance(1_000);
  assert.deepEqual(events, ['abort handler-timeout', 'close handler-timeout']);
});

test('a signal that is first asked for after the end has aborted', () => {
  const talk = converse(answering(echo));
  talk.reset();
  assert.equal(talk.client.signal.aborted, true);
  assert.equal(talk.client.signal.reason, 'reset');
});

test('a signal is the same one each time, and has not aborted while the conversation goes on', () => {
  const talk = converse(answering(echo));
  const { signal } = talk.client;
  assert.equal(signal, talk.client.signal);
  assert.equal(signal.aborted, false);
  talk.stop();
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason, 'stopped');
});

const endings: { name: string; end: (talk: Conversation) => void | Promise<void> }[] = [
  { name: 'breaks off', end: (talk) => talk.reset() },
  { name: 'takes nothing any more', end: (talk) => talk.advance(1_000) },
  { name: 'is broken off by the server', end: (talk) => talk.stop() },
];

for (const { name, end } of endings) {
  test(`the finally of a generator runs when its client ${name}`, async () => {
    const closed: string[] = [];
    function* endless(): Generator<Reply> {
      try {
        for (;;) yield Buffer.alloc(1_000);
      } finally {
        closed.push('inner');
      }
    }
    function* outer(): Generator<Reply> {
      try {
        yield endless();
      } finally {
        closed.push('outer');
      }
    }
    const talk = converse(answering(outer), { writeTimeoutMs: 1_000 });
    talk.stopReading();
    talk.send('x\n');
    await talk.settle();
    assert.deepEqual(closed, []);
    await end(talk);
    assert.deepEqual(closed, ['inner', 'outer']);
    assert.notEqual(talk.closed, undefined);
  });

  test(`the finally of an async generator runs when its client ${name}`, async () => {
    let closed = 0;
    async function* endless(): AsyncGenerator<Reply> {
      try {
        for (;;) yield Buffer.alloc(1_000);
      } finally {
        closed++;
      }
    }
    const talk = converse(answering(endless), { writeTimeoutMs: 1_000 });
    talk.stopReading();
    talk.send('x\n');
    await talk.settle();
    assert.equal(closed, 0);
    await end(talk);
    await talk.settle();
    assert.equal(closed, 1);
  });
}

test('the finally of a generator runs also when an unsolicited message of it ends its client’s conversation', async () => {
  let closed = 0;
  const talk = converse(
    answering(function* (_line: string, client: Client): Generator<Reply> {
      try {
        yield 'a';
        for (let i = 0; i < 2; i++) client.send(Buffer.alloc(2_000_000));
        yield 'b';
      } finally {
        closed++;
      }
    }),
  );
  talk.stopReading();
  talk.send('x\n');
  await talk.settle();
  assert.equal(talk.closed, 'overflow');
  assert.equal(closed, 1);
});

test('a generator that was never asked is not begun when its client leaves', async () => {
  let begun = 0;
  function* reply(): Generator<Reply> {
    begun++;
    yield 'x';
  }
  const talk = converse(
    answering((line) => (line === 'full' ? 'x'.repeat(100) : reply())),
    { highWater: 10 },
  );
  talk.stopReading();
  talk.send('full\nnext\n');
  await talk.settle();
  talk.reset();
  await talk.settle();
  assert.equal(begun, 0);
});

test('what a handler answers after its client has left is dropped, and its failure is ignored', async () => {
  for (const settle of ['open', 'fail'] as const) {
    const deferred = new Deferred<string>();
    const talk = converse(answering(() => deferred.promise, finalReplies));
    talk.send('x\n');
    await talk.settle();
    talk.reset();
    if (settle === 'open') deferred.resolve('too late');
    else deferred.reject(new Error('too late'));
    assert.equal(await talk.receive(), '');
    assert.deepEqual(talk.errors, []);
  }
});

test('a handler may fail when its signal says that the client has left, before or after', async () => {
  const aborted = (signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      if (signal.aborted) reject(signal.reason);
    });
  const talk = converse(
    answering((line, client) => {
      if (line === 'flood') for (let i = 0; i < 2; i++) client.send(Buffer.alloc(2_000_000));
      return aborted(client.signal);
    }),
  );
  talk.stopReading();
  talk.send('flood\n');
  assert.equal(talk.closed, 'overflow');
  // An unhandled rejection would end the process of a server; here, it fails the test.
  await talk.settle();
  const other = converse(answering((_line, client) => aborted(client.signal)));
  other.send('x\n');
  other.reset();
  await other.settle();
});

test('what arrives after the end is not looked at', async () => {
  const talk = converse(
    answering((line, client) => {
      client.end();
      return afterTurns(`${line}\n`);
    }),
  );
  talk.send('one\ntwo\n');
  talk.send('three\n');
  assert.equal(await talk.receive(), 'one\n');
  assert.equal(talk.messages, 1);
  assert.equal(talk.closed, 'protocol');
});

test('what the client had not taken when it broke off is dropped', async () => {
  const talk = converse(answering(echo));
  talk.stopReading();
  talk.send('x\n');
  talk.reset();
  talk.startReading();
  assert.equal(await talk.receive(), '');
  assert.equal(talk.bytesOut, 0);
});
