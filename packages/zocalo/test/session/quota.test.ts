import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quota } from '../../src/admission/quota.ts';
import { defaultSessionLimits } from '../../src/session/limits.ts';
import { Session } from '../../src/session/session.ts';
import { converse } from '../../src/testing/index.ts';
import { MemoryHost } from '../../src/testing/memory-host.ts';
import { afterTurns, answering, Deferred, echo, finalReplies } from './support.ts';

test('as many messages are answered as the quota allows, then comes the farewell', async () => {
  const talk = converse(answering(echo, finalReplies), { quota: 3 });
  talk.send('1\n2\n3\n4\n5\n');
  assert.equal(await talk.receive(), '1\n2\n3\nfarewell: quota\n');
  assert.equal(talk.closed, 'quota');
  assert.equal(talk.messages, 3);
});

test('the last message is answered in full before the farewell', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(
    answering((line) => (line === '2' ? deferred.promise : echo(line)), finalReplies),
    { quota: 2 },
  );
  talk.send('1\n2\n3\n');
  assert.equal(await talk.receive(), '1\n');
  assert.equal(talk.closed, undefined);
  deferred.resolve('two\n');
  assert.equal(await talk.receive(), 'two\nfarewell: quota\n');
  assert.equal(talk.closed, 'quota');
});

test('all answers in progress come before the farewell', async () => {
  const talk = converse(
    answering((line) => afterTurns(line, Number(line)), { ...finalReplies, concurrency: 3 }),
    {
      quota: 3,
    },
  );
  talk.send('5\n1\n3\n1\n');
  assert.equal(await talk.receive(), '135farewell: quota\n');
  assert.equal(talk.messages, 3);
});

test('a quota that fills up again is not spent by those who are slow enough', async () => {
  const talk = converse(answering(echo, finalReplies), { quota: 2, quotaRefillMs: 1_000 });
  for (let i = 0; i < 20; i++) {
    talk.send('x\n');
    await talk.advance(500);
  }
  assert.equal(talk.closed, undefined);
  assert.equal(talk.messages, 20);
  talk.send('x\nx\n');
  assert.equal(talk.closed, 'quota');
});

test('a message that finds the quota of its address spent by others is not answered', async () => {
  const quota = new Quota({ messages: 2, refillIntervalMs: Number.POSITIVE_INFINITY }, 'address');
  const host = new MemoryHost(defaultSessionLimits, { activeClients: 2 });
  const identity = { id: 1, remoteAddress: '127.0.0.1', remotePort: 1, localPort: 1, dialect: 'x' };
  const enter = () => new Session(answering(echo, finalReplies), identity, host, quota.admit('127.0.0.1', 0));
  const [one, other] = [enter(), enter()];
  const say = (session: typeof one) => {
    session.receive(Buffer.from('x\n'), 2);
    const said = session.outgoing();
    if (said !== undefined) session.sent(said.length);
    return said === undefined ? undefined : String(said);
  };
  assert.equal(say(one), 'x\n');
  assert.equal(say(other), 'x\nfarewell: quota\n');
  assert.equal(say(one), 'farewell: quota\n');
  assert.equal(one.messages, 1);
  assert.equal(host.closed, 'quota');
  assert.ok(one.finished && other.finished);
});

test('a greeting and unsolicited messages cost nothing of the quota', async () => {
  const talk = converse(answering(echo, { ...finalReplies, open: () => 'welcome\n' }), { quota: 1 });
  talk.client.send('news\n');
  await talk.settle();
  assert.equal(talk.closed, undefined);
  talk.send('x\n');
  assert.equal(await talk.receive(), 'welcome\nnews\nx\nfarewell: quota\n');
});
