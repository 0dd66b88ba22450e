import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines, type Reply } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { afterTurns, answering, Deferred, echo, finalReplies } from './support.ts';

test('a client that sends no more still gets all its answers, then the conversation is over', async () => {
  const talk = converse(answering((line) => afterTurns(`${line}\n`, 2), finalReplies));
  talk.send('one\ntwo\nthree\n');
  talk.end();
  assert.equal(talk.closed, undefined);
  assert.equal(await talk.receive(), 'one\ntwo\nthree\n');
  assert.equal(talk.closed, 'client');
});

test('with a concurrency as well', async () => {
  const talk = converse(answering((line) => afterTurns(line, Number(line)), { concurrency: 2 }));
  talk.send('5\n1\n2\n');
  talk.end();
  assert.equal(await talk.receive(), '125');
  assert.equal(talk.closed, 'client');
});

test('answers that the client has not taken yet keep the conversation open', async () => {
  const talk = converse(answering(echo));
  talk.stopReading();
  talk.send('one\ntwo\n');
  talk.end();
  await talk.settle();
  assert.equal(talk.closed, undefined);
  talk.startReading(4);
  assert.equal(await talk.receive(), 'one\n');
  assert.equal(talk.closed, undefined);
  talk.startReading();
  assert.equal(await talk.receive(), 'two\n');
  assert.equal(talk.closed, 'client');
});

test('a client that has sent nothing and sends no more is closed at once', () => {
  const talk = converse(answering(echo));
  talk.end();
  assert.equal(talk.closed, 'client');
});

test('a greeting is still sent to a client that sends no more', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(answering(echo, { open: () => deferred.promise }));
  talk.end();
  await talk.settle();
  assert.equal(talk.closed, undefined);
  deferred.resolve('welcome');
  assert.equal(await talk.receive(), 'welcome');
  assert.equal(talk.closed, 'client');
});

test('the last line, though it was not ended, is answered in a framing that delivers it', async () => {
  const protocol = {
    ...answering((line) => afterTurns(`<${line}>`)),
    framing: lines({ unterminated: 'deliver' }),
  };
  const talk = converse(protocol);
  talk.send('one\ntwo');
  talk.end();
  assert.equal(await talk.receive(), '<one><two>');
  assert.equal(talk.closed, 'client');
});

test('the last line is delivered once, and in its turn', async () => {
  const protocol = { ...answering(echo), framing: lines({ unterminated: 'deliver' }) };
  const talk = converse(protocol, { messagesPerTurn: 1 });
  talk.send('a\nb\nc');
  talk.end();
  assert.equal(await talk.receive(), 'a\nb\nc\n');
  assert.equal(talk.messages, 3);
  assert.equal(talk.closed, 'client');
});

test('without half-close the end of sending is the end, and what was in progress is dropped', async () => {
  const deferred = new Deferred<string>();
  let closed = 0;
  async function* slow(): AsyncGenerator<Reply> {
    try {
      yield 'half';
      yield deferred.promise;
    } finally {
      closed++;
    }
  }
  const talk = converse(answering(slow, { halfClose: false }));
  talk.send('x\n');
  assert.equal(await talk.receive(), 'half');
  talk.end();
  assert.equal(talk.closed, 'client');
  deferred.resolve('way');
  assert.equal(await talk.receive(), '');
  assert.equal(closed, 1);
});

test('without half-close what came before the end is still answered, as far as it could be', async () => {
  const talk = converse(answering(echo, { halfClose: false }));
  talk.send('one\ntwo\n');
  talk.end();
  assert.equal(await talk.receive(), 'one\ntwo\n');
  assert.equal(talk.closed, 'client');
});

test('end is after the answers in progress and before later messages', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(
    answering(
      (line, client) => {
        if (line === 'bye') client.end();
        return line === 'slow' ? deferred.promise : `${line}\n`;
      },
      { ...finalReplies, concurrency: 3 },
    ),
  );
  talk.send('slow\nbye\nmore\n');
  assert.equal(await talk.receive(), 'bye\n');
  assert.equal(talk.closed, undefined);
  deferred.resolve('slow\n');
  assert.equal(await talk.receive(), 'slow\n');
  assert.equal(talk.closed, 'protocol');
  assert.equal(talk.messages, 2);
});

test('end can come from outside a handler', async () => {
  const talk = converse(answering(echo, finalReplies));
  talk.send('one\n');
  talk.client.end();
  assert.equal(await talk.receive(), 'one\n');
  assert.equal(talk.closed, 'protocol');
});

test('end in the greeting is the end after the greeting', async () => {
  const talk = converse(
    answering(echo, {
      open(client) {
        client.end();
        return ['too ', afterTurns('busy')];
      },
    }),
  );
  talk.send('x\n');
  assert.equal(await talk.receive(), 'too busy');
  assert.equal(talk.closed, 'protocol');
  assert.equal(talk.messages, 0);
});

test('end in the middle of a generator lets it finish', async () => {
  const talk = converse(
    answering(function* (_line, client): Generator<Reply> {
      yield 'a';
      client.end();
      yield 'b';
    }),
  );
  talk.send('x\ny\n');
  assert.equal(await talk.receive(), 'ab');
  assert.equal(talk.closed, 'protocol');
});

test('after end the output is flushed before the conversation is over', async () => {
  const talk = converse(
    answering((_line, client) => {
      client.end();
      return 'x'.repeat(1_000);
    }),
  );
  talk.stopReading();
  talk.send('x\n');
  await talk.settle();
  assert.equal(talk.closed, undefined);
  assert.equal(talk.serverReads, false);
  talk.startReading();
  assert.equal((await talk.receive()).length, 1_000);
  assert.equal(talk.closed, 'protocol');
});
