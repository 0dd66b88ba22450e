import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { freePorts } from '../src/command/demo-ring.ts';
import { Ring, toAll } from './ring-processes.ts';

test('a node that is killed in the midst of it and started again resumes: nothing is lost, nothing comes twice', async (t) => {
  const ring = await Ring.start(t, { nodes: 4, messages: toAll(4, 150) });
  for (const [target, after] of [
    [2, 30],
    [0, 200],
  ] as const) {
    await ring.deliveredAtLeast(after);
    await ring.kill(target);
    await ring.formed(ring.ids.filter((id) => id !== target));
    ring.start(target);
    await ring.formed();
  }
  await ring.stop();
  ring.assertAllDeliveredOnce();
});

test('with a window of 64 order and once-only hold across kills of a destination and of a sender', async (t) => {
  // With the delay there is nearly always a window out when a node is killed.
  const settings = 'window = 64\nhop-delay = 5';
  const ring = await Ring.start(t, { nodes: 3, messages: toAll(3, 2_000), settings });
  for (const [target, after] of [
    [1, 500],
    [2, 2_000],
    [0, 3_500],
  ] as const) {
    await ring.deliveredAtLeast(after);
    await ring.kill(target);
    ring.start(target);
  }
  await ring.stop();
  ring.assertAllDeliveredOnce();
});

test('a node that transmits is killed, and the others go on without it', async (t) => {
  // The frame waits before every hop, so a node that is seen to transmit still does when it is killed.
  const ring = await Ring.start(t, { nodes: 3, messages: toAll(3, 20), settings: 'hop-delay = 30' });
  const holder = await eventually('a node transmits', async () => {
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

test('a second process with the ID of another is refused, and ends with an error', async (t) => {
  const ring = await Ring.start(t, {
    nodes: 3,
    messages: () => '',
    settings: '[timing]\nduplicate = 600\ndial-last = 100',
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
  await ring.formed();
  first.signal('SIGTERM');
  assert.equal(await first.exited(), 0);
});
