import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { afterTurns, answering, Deferred, echo, finalReplies, never } from './support.ts';

test('a client that waits for no answer is sent the farewell at once', async () => {
  const talk = converse(answering(echo, finalReplies));
  talk.drain();
  assert.equal(talk.closed, 'drain');
  assert.equal(await talk.receive(), 'farewell: drain\n');
});

test('the answer in progress and the messages that have come are answered, then comes the farewell', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(
    answering((line) => (line === '1' ? deferred.promise : afterTurns(echo(line), 2)), finalReplies),
  );
  talk.send('1\n2\n3\n');
  await talk.settle();
  talk.drain();
  assert.equal(await talk.receive(), '');
  assert.equal(talk.closed, undefined);
  deferred.resolve('1\n');
  assert.equal(await talk.receive(), '1\n2\n3\nfarewell: drain\n');
  assert.equal(talk.closed, 'drain');
});

test('messages left for a later turn are answered as well', async () => {
  const talk = converse(answering(echo, finalReplies), { messagesPerTurn: 2 });
  talk.send('x\n'.repeat(9));
  assert.equal(talk.messages, 2);
  talk.drain();
  assert.equal(await talk.receive(), `${'x\n'.repeat(9)}farewell: drain\n`);
});

test('messages held back by a client that does not read are answered when it reads', async () => {
  const talk = converse(
    answering((line) => line.padEnd(100, '.'), finalReplies),
    { highWater: 100 },
  );
  talk.stopReading();
  talk.send('a\nb\nc\n');
  await talk.settle();
  talk.drain();
  await talk.settle();
  assert.equal(talk.messages, 1);
  talk.startReading();
  assert.equal((await talk.receive()).replaceAll('.', ''), 'abcfarewell: drain\n');
});

test('half a message is dropped, also in a framing that delivers it at the end of input', async () => {
  const protocol = { ...answering(echo, finalReplies), framing: lines({ unterminated: 'deliver' }) };
  const talk = converse(protocol);
  talk.send('one\ntw');
  talk.drain();
  assert.equal(await talk.receive(), 'one\nfarewell: drain\n');
  assert.equal(talk.closed, 'drain');
});

test('what arrives after the drain has begun is not answered', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(answering((line) => (line === 'slow' ? deferred.promise : echo(line)), finalReplies));
  talk.send('slow\n');
  await talk.settle();
  talk.drain();
  talk.send('late\n');
  deferred.resolve('answer\n');
  assert.equal(await talk.receive(), 'answer\nfarewell: drain\n');
});

test('several answers in progress are all finished', async () => {
  const talk = converse(
    answering((line) => afterTurns(line, Number(line)), { ...finalReplies, concurrency: 2 }),
  );
  talk.send('5\n1\n2\n');
  talk.drain();
  assert.equal(await talk.receive(), '125farewell: drain\n');
});

test('a quota that is spent meanwhile ends it as it does otherwise', async () => {
  const talk = converse(answering(echo, finalReplies), { quota: 2, messagesPerTurn: 1 });
  talk.send('1\n2\n3\n');
  talk.drain();
  assert.equal(await talk.receive(), '1\n2\nfarewell: quota\n');
  assert.equal(talk.closed, 'quota');
});

test('a handler that fails meanwhile ends it as it does otherwise', async () => {
  const talk = converse(
    answering(
      (line) => (line === 'fail' ? Promise.reject(new Error('failure')) : afterTurns(echo(line))),
      finalReplies,
    ),
  );
  talk.send('1\nfail\n2\n');
  talk.drain();
  assert.equal(await talk.receive(), '1\nerror: failure\n');
  assert.equal(talk.errors.length, 1);
  assert.equal(talk.closed, 'error');
});

test('a client that half-closes while it drains gets the rest all the same', async () => {
  const talk = converse(answering((line) => afterTurns(echo(line), 3), finalReplies));
  talk.send('1\n2\n');
  talk.drain();
  talk.end();
  assert.equal(await talk.receive(), '1\n2\nfarewell: drain\n');
  assert.equal(talk.closed, 'drain');
});

test('draining twice is draining once', async () => {
  const talk = converse(answering((line) => afterTurns(echo(line), 3), finalReplies));
  talk.send('1\n');
  talk.drain();
  talk.drain();
  assert.equal(await talk.receive(), '1\nfarewell: drain\n');
});

test('a conversation that is ending anyway ends for its own reason', async () => {
  const talk = converse(
    answering((line, client) => {
      client.end();
      return afterTurns(echo(line), 2);
    }, finalReplies),
  );
  talk.send('1\n2\n');
  talk.drain();
  assert.equal(await talk.receive(), '1\n');
  assert.equal(talk.closed, 'protocol');
});

test('deadlines hold while it drains', async () => {
  const talk = converse(
    answering(() => never, finalReplies),
    { handlerTimeoutMs: 1_000 },
  );
  talk.send('1\n2\n');
  talk.drain();
  await talk.advance(999);
  assert.equal(talk.closed, undefined);
  await talk.advance(1);
  assert.notEqual(talk.closed, undefined);
});

test('a stop does not wait for anything', async () => {
  const talk = converse(answering(() => never, finalReplies));
  talk.send('1\n');
  talk.drain();
  talk.stop();
  assert.equal(talk.closed, 'stopped');
  assert.equal(await talk.receive(), '');
});
