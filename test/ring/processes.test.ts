import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { run } from '../cli/support.ts';
import { eventually } from '../support/eventually.ts';
import { freePorts, Ring, toAll } from './ring-processes.ts';

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

test('a node that is killed in the midst of it and started again resumes: nothing is lost, nothing comes twice', async (t) => {
  const ring = await Ring.start(t, { nodes: 4, messages: toAll(4, 150) });
  for (const [victim, after] of [
    [2, 30],
    [0, 200],
  ] as const) {
    await ring.deliveredAtLeast(after);
    await ring.kill(victim);
    await ring.formed(ring.ids.filter((id) => id !== victim));
    ring.start(victim);
    await ring.formed();
  }
  await ring.stop();
  ring.assertAllDeliveredOnce();
});

test('a node that transmits is killed, and the others go on without it', async (t) => {
  // The frame waits before every hop, so a node that is seen to transmit still does when it is killed.
  const ring = await Ring.start(t, { nodes: 3, messages: toAll(3, 20), settings: 'hop-delay = 30' });
  const holder = await eventually('somebody transmits', async () => {
    const all = await Promise.all([1, 2].map((id) => ring.status(id)));
    return all.find((status) => status?.lanes.some(({ held, inFlight }) => held && inFlight.length > 0))?.id;
  });
  await ring.kill(holder);
  const rest = ring.ids.filter((id) => id !== holder);
  await ring.formed(rest);
  const before = ring.delivered(rest).length;
  await eventually('messages go on', () => ring.delivered(rest).length >= before + 3);
  ring.start(holder);
  await ring.stop();
  ring.assertAllDeliveredOnce();
});

test('a node that stands still is passed by, and comes back when it goes on', async (t) => {
  const ring = await Ring.start(t, { nodes: 4, messages: toAll(4, 150) });
  await ring.deliveredAtLeast(40);
  ring.node(1).signal('SIGSTOP');
  await ring.formed([0, 2, 3]);
  ring.node(1).signal('SIGCONT');
  await ring.formed();
  await ring.stop();
  ring.assertAllDeliveredOnce();
});

test('a minority freezes and says so; with the others back it goes on', async (t) => {
  const ring = await Ring.start(t, { nodes: 5, messages: toAll(5, 60) });
  await ring.deliveredAtLeast(20);
  await Promise.all([2, 3, 4].map((id) => ring.kill(id)));
  for (const id of [0, 1]) await ring.node(id).printed(/"event":"frozen".*"needed":3/, 'stderr');
  await eventually('both are out of any ring', async () => {
    const all = await Promise.all([0, 1].map((id) => ring.status(id)));
    return all.every((status) => status !== undefined && status.members.length === 0);
  });
  for (const id of [2, 3, 4]) ring.start(id);
  await ring.stop();
  ring.assertAllDeliveredOnce();
});

test('all are killed and started again: every message file goes on where it was', async (t) => {
  const ring = await Ring.start(t, { nodes: 3, messages: toAll(3, 100) });
  await ring.deliveredAtLeast(30);
  await Promise.all(ring.ids.map((id) => ring.kill(id)));
  for (const id of ring.ids) ring.start(id);
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

test('a message to nobody is undeliverable: it is reported, and the next ones go', async (t) => {
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

test('a second process with the ID of another is refused, and ends with an error', async (t) => {
  const ring = await Ring.start(t, {
    nodes: 3,
    messages: () => '',
    settings: '[timing]\nduplicate = 300\ndial-last = 100',
  });
  await ring.formed();
  const [port = 0] = await freePorts(1);
  const { status, stderr } = await run(t, ['ring', 'node', '--id', '1', '--ring', ring.file('ring.toml')], {
    cwd: ring.path,
  });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^zocalo: node 1 cannot listen on 127\.0\.0\.1 port \d+: something listens there already\n$/,
  );
  // With an address of its own it gets as far as its neighbours.
  const other = ring.file('other.toml');
  const first = ring.node(1);
  ring.writeConfig('other.toml', (id) => (id === 1 ? port : undefined));
  const impostor = ring.start(1, { config: 'other.toml', state: 'impostor' });
  assert.equal(await impostor.exited(), 1, other);
  assert.match(impostor.stdout, /another process uses the ID 1/);
  assert.equal((await ring.status(1))?.state, 'ring');
  first.signal('SIGTERM');
  assert.equal(await first.exited(), 0);
});

test('the status of a ring is a table; a node that does not answer is in it, and the exit status says so', async (t) => {
  const ring = await Ring.start(t, { nodes: 3, messages: () => '' });
  await ring.formed();
  const ask = () => run(t, ['ring', 'status', '--ring', ring.file('ring.toml')]);
  const whole = await ask();
  assert.equal(whole.status, 0);
  assert.match(whole.stdout, /^node +state +view +ring +tokens/);
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
    assert.match(stdout, new RegExp(`\nnode ${id}: the ring has ended; 4 messages done`));
  assert.match(stdout, /\n3 nodes, 12 messages, [\d.]+ s: every message was delivered once\n$/);
  assert.equal(status, 0);
});
