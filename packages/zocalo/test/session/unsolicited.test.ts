import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Client } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { afterTurns, answering, Deferred, echo, never } from './support.ts';

test('an unsolicited message goes out at once', async () => {
  const talk = converse(answering(echo));
  assert.equal(talk.client.send('news\n'), true);
  assert.equal(await talk.receive(), 'news\n');
  talk.client.send(Buffer.from('more\n'));
  talk.send('line\n');
  assert.equal(await talk.receive(), 'more\nline\n');
});

test('what a handler sends comes before what it answers', async () => {
  const talk = converse(
    answering((line, client) => {
      client.send('news\n');
      return `${line}\n`;
    }),
  );
  talk.send('a\nb\n');
  assert.equal(await talk.receive(), 'news\na\nnews\nb\n');
});

test('what is sent while an answer is being written goes out after it', async () => {
  const deferred = new Deferred<string>();
  async function* answer() {
    yield 'half';
    yield deferred.promise;
  }
  const talk = converse(answering((line) => (line === 'half' ? answer() : `${line}\n`)));
  talk.send('half\nnext\n');
  assert.equal(await talk.receive(), 'half');
  talk.client.send('one\n');
  talk.client.send('two\n');
  assert.equal(await talk.receive(), '');
  deferred.resolve('way\n');
  assert.equal(await talk.receive(), 'way\none\ntwo\nnext\n');
});

test('what is sent while a handler has not answered yet does not wait for it', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(answering(() => deferred.promise));
  talk.send('x\n');
  await talk.settle();
  talk.client.send('news\n');
  assert.equal(await talk.receive(), 'news\n');
  deferred.resolve('answer\n');
  assert.equal(await talk.receive(), 'answer\n');
});

test('what a generator sends while it is answering comes after its answer', async () => {
  const talk = converse(
    answering(function* (_line: string, client: Client) {
      yield 'a';
      client.send('news');
      yield 'b';
    }),
  );
  talk.send('x\n');
  assert.equal(await talk.receive(), 'abnews');
});

test('an unsolicited message is never inside an answer', async () => {
  const piece = fc.record({ turns: fc.nat(2), news: fc.boolean() });
  const conversations = fc.array(fc.array(piece, { maxLength: 4 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(conversations, fc.integer({ min: 1, max: 3 }), async (answers, concurrency) => {
      let sent = 0;
      const talk = converse(
        answering(
          async function* (line: string, client: Client) {
            yield '<';
            for (const { turns, news } of answers[Number(line)] ?? []) {
              if (news) client.send(`[${sent++}]`);
              yield afterTurns('.', turns);
            }
            yield '>';
          },
          { concurrency },
        ),
      );
      talk.send(answers.map((_, id) => `${id}\n`).join(''));
      const received = await talk.receive();
      assert.match(received, /^(<\.*>|\[\d+\])*$/);
      const news = received.match(/\d+/g) ?? [];
      assert.deepEqual(
        news.map(Number),
        Array.from({ length: sent }, (_, i) => i),
      );
    }),
    { numRuns: 150 },
  );
});

test('send returns whether there is room', () => {
  const talk = converse(answering(echo), { highWater: 10 });
  talk.stopReading();
  assert.equal(talk.client.send('12345'), true);
  assert.equal(talk.client.send('1234'), true);
  assert.equal(talk.client.send('1'), false);
  assert.equal(talk.client.send('1'), false);
});

test('send has room again when the client has read', async () => {
  const talk = converse(answering(echo), { highWater: 10 });
  talk.stopReading();
  assert.equal(talk.client.send('1234567890'), false);
  talk.startReading();
  await talk.settle();
  assert.equal(talk.client.send('123'), true);
});

test('a client that lets more than maxUnsolicited pile up is closed', async () => {
  const reasons: unknown[] = [];
  const protocol = answering(echo, { close: (_client, reason) => reasons.push(reason) });
  const talk = converse(protocol, { maxUnsolicited: 100 });
  talk.stopReading();
  for (let i = 0; i < 10; i++) talk.client.send('1234567890');
  assert.equal(talk.closed, undefined);
  assert.equal(talk.client.send('1'), false);
  assert.equal(talk.closed, 'overflow');
  assert.deepEqual(reasons, ['overflow']);
  talk.startReading();
  assert.equal(await talk.receive(), '');
});

test('a client that reads may be sent any amount', async () => {
  const talk = converse(answering(echo), { maxUnsolicited: 100 });
  for (let i = 0; i < 100; i++) {
    talk.client.send('x'.repeat(60));
    await talk.settle();
  }
  assert.equal(talk.bytesOut, 6_000);
  assert.equal(talk.closed, undefined);
});

test('a client that reads may be sent any amount while its answer is pending', async () => {
  const talk = converse(
    answering(() => never),
    { maxUnsolicited: 100 },
  );
  talk.send('x\n');
  for (let i = 0; i < 100; i++) {
    talk.client.send('x'.repeat(60));
    await talk.settle();
  }
  assert.equal(talk.bytesOut, 6_000);
  assert.equal(talk.closed, undefined);
});

test('what waited behind one answer and was read does not count against what waits behind the next', async () => {
  const deferreds = [new Deferred<string>(), new Deferred<string>()];
  async function* slow(line: string) {
    yield 'half';
    yield deferreds[Number(line)]?.promise;
  }
  const talk = converse(answering(slow), { maxUnsolicited: 100 });
  for (const [i, deferred] of deferreds.entries()) {
    talk.send(`${i}\n`);
    await talk.settle();
    talk.client.send('x'.repeat(60));
    deferred.resolve('way');
    assert.equal(await talk.receive(), `halfway${'x'.repeat(60)}`);
  }
  assert.equal(talk.closed, undefined);
});

test('answers that wait are not counted as unsolicited', async () => {
  const talk = converse(
    answering(() => Buffer.alloc(10_000)),
    { maxUnsolicited: 100 },
  );
  talk.stopReading();
  talk.send('x\n');
  for (let i = 0; i < 10; i++) talk.client.send('1234567890');
  assert.equal(talk.closed, undefined);
  talk.client.send('1');
  assert.equal(talk.closed, 'overflow');
});

test('what is sent while an answer is being written is counted as well', async () => {
  const talk = converse(
    answering(async function* () {
      yield 'half';
      await new Promise<never>(() => {});
    }),
    { maxUnsolicited: 100 },
  );
  talk.send('x\n');
  await talk.settle();
  for (let i = 0; i < 10; i++) talk.client.send('1234567890');
  assert.equal(talk.closed, undefined);
  talk.client.send('1');
  assert.equal(talk.closed, 'overflow');
});

test('nothing is sent after the end of the conversation', async () => {
  const protocol = answering(echo, {
    close: (client) => {
      assert.equal(client.send('too late'), false);
    },
    farewell(_reason, client) {
      assert.equal(client.send('too late'), false);
      return 'bye\n';
    },
  });
  const talk = converse(protocol);
  talk.drain();
  assert.equal(talk.client.send('too late'), false);
  assert.equal(await talk.receive(), 'bye\n');
  assert.deepEqual(talk.errors, []);
});

test('what was sent before the end still goes out, and what is sent while the last answers are in progress', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(
    answering((_line, client) => {
      client.end();
      client.send('a ');
      return deferred.promise;
    }),
  );
  talk.send('x\n');
  await talk.settle();
  assert.equal(talk.client.send('b '), true);
  deferred.resolve('c');
  assert.equal(await talk.receive(), 'a b c');
  assert.equal(talk.closed, 'protocol');
});
