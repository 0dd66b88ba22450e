import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Command, run } from '@zocalo/test-support/command.ts';
import { Ring, toAll } from './ring-processes.ts';

test('five processes deliver every message once and in order, and end together with a summary each', async (t) => {
  const ring = await Ring.start(t, { nodes: 5, messages: toAll(5, 40) });
  await ring.stop();
  ring.assertAllDeliveredOnce();
  for (const id of ring.ids)
    assert.match(ring.node(id).stdout, /: the ring has ended; 40 messages done, 0 undeliverable/);
});

test('with a window of 64 and without durable logs all of it holds as well', async (t) => {
  const settings = 'window = 64\ndurable = false';
  const ring = await Ring.start(t, { nodes: 3, messages: toAll(3, 2_000), settings });
  await ring.stop();
  ring.assertAllDeliveredOnce();
});

test('what is appended to a message file is sent at the next start, and nothing before it again', async (t) => {
  const ring = await Ring.start(t, { nodes: 2, messages: () => '' });
  await ring.stop();
  writeFileSync(ring.file('messages-0'), '# nothing\n1 first\n');
  for (const id of ring.ids) ring.start(id);
  await ring.stop();
  writeFileSync(ring.file('messages-0'), '# nothing\n1 first\n1 second\n');
  for (const id of ring.ids) ring.start(id);
  await ring.stop();
  assert.deepEqual(
    ring.delivered().map(({ message, text }) => [message, text]),
    [
      [2, 'first'],
      [3, 'second'],
    ],
  );
});

test('a message to an ID without a node is undeliverable: it is reported, and the next ones go', async (t) => {
  const messages = (id: number) => (id === 0 ? '1 before\n99 nobody\nnonsense\n1 after\n' : '');
  const ring = await Ring.start(t, { nodes: 3, messages });
  await ring.stop();
  assert.deepEqual(
    ring.delivered().map(({ at, text }) => [at, text]),
    [
      [1, 'before'],
      [1, 'after'],
    ],
  );
  const { stdout, stderr } = ring.node(0);
  assert.match(stdout, /2 messages done, 1 undeliverable/);
  assert.match(stderr, /"event":"undeliverable","message":2,"destination":99/);
  assert.match(stderr, /messages-0:3: a line is DESTINATION text/);
});

test('a message to a node that stays dead is undeliverable after a while, also at the end', async (t) => {
  const messages = (id: number) => (id === 0 ? '2 to the dead\n1 to the living\n' : '');
  const ring = await Ring.make(t, { nodes: 3, messages, settings: '[timing]\ngive-up = 300' });
  ring.start(0);
  ring.start(1);
  await ring.node(0).printed(/"event":"undeliverable","message":1,"destination":2/, 'stderr');
  await ring.stop([], [0, 1]);
  assert.deepEqual(
    ring.delivered().map(({ text }) => text),
    ['to the living'],
  );
});

test('stop --now does not wait for messages; the next start sends the rest', async (t) => {
  const ring = await Ring.start(t, { nodes: 3, messages: toAll(3, 100), settings: 'hop-delay = 10' });
  await ring.deliveredAtLeast(5);
  await ring.stop(['--now']);
  assert.ok(ring.delivered().length < 300);
  ring.writeConfig('ring.toml');
  for (const id of ring.ids) ring.start(id);
  await ring.deliveredAtLeast(60);
  await ring.stop(['--now']);
  const texts = ring.delivered().map(({ text }) => text);
  assert.equal(new Set(texts).size, texts.length, 'nothing came twice');
});

test('when node 0 is gone its deputy ends the ring', async (t) => {
  const ring = await Ring.start(t, {
    nodes: 4,
    messages: toAll(4, 5),
    settings: 'deputies = [2]\n[timing]\ngive-up = 200',
  });
  await ring.formed();
  await ring.kill(0);
  await ring.formed([1, 2, 3]);
  await ring.stop([], [1, 2, 3]);
});

test('SIGTERM takes a node out of the ring on purpose; the others go on at once', async (t) => {
  const ring = await Ring.start(t, { nodes: 4, messages: () => '' });
  await ring.formed();
  ring.node(3).signal('SIGTERM');
  assert.equal(await ring.node(3).exited(), 0);
  assert.match(ring.node(3).stdout, /^node 3: left the ring; /);
  await ring.formed([0, 1, 2]);
  ring.start(3);
  await ring.formed();
  await ring.stop();
});

test('the status of a ring is a table; a node that does not answer is in it, and the exit status says so', async (t) => {
  const ring = await Ring.start(t, { nodes: 3, messages: () => '' });
  await ring.formed();
  const ask = () => run(t, ['ring', 'status', '--ring', ring.file('ring.toml')]);
  const whole = await ask();
  assert.equal(whole.status, 0);
  assert.match(whole.stdout, /^node +state +view +ring +clockwise +counter +tokens/);
  assert.match(
    whole.stdout,
    /\nclockwise token: .*node \d.*; a lap takes [\d.]+ ms\ncounter-clockwise token: /,
  );
  assert.match(whole.stdout, /\n2 +ring +\d+ +0-1-2 /);
  await ring.kill(2);
  const rest = await ask();
  assert.equal(rest.status, 1);
  assert.match(rest.stdout, /\n2 +does not answer/);
});

test('the demonstration runs a ring, kills a node, and ends by itself with a summary', async (t) => {
  const { status, stdout } = await run(t, [
    'ring',
    'demo',
    '--nodes',
    '3',
    '--messages',
    '4',
    '--hop-delay',
    '20ms',
    '--kill',
  ]);
  assert.match(stdout, /node 1 is killed\n/);
  assert.match(stdout, /node 1 is started again\n/);
  for (const id of [0, 1, 2])
    assert.match(stdout, new RegExp(`\nnode ${id}: the ring has ended; \\d messages done`));
  assert.match(stdout, /\n3 nodes, 12 messages, [\d.]+ s: every message was delivered once\n$/);
  assert.equal(status, 0);
});

test('a node that is alone accepts to end, and the command waits and says what for', async (t) => {
  // Of two nodes both are the majority, so none can be too late for the ring.
  const ring = await Ring.make(t, { nodes: 2, messages: () => '' });
  const node = ring.start(0);
  await node.printed(/"event":"frozen"/, 'stderr');
  const stop = new Command(t, ['ring', 'stop', '--ring', ring.file('ring.toml')]);
  await stop.printed(/node 0 is in no ring now; it ends the ring when there is one/, 'stderr');
  ring.start(1);
  assert.equal(await stop.exited(), 0);
  for (const id of ring.ids) assert.equal(await ring.node(id).exited(), 0);
});
