import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Ring, toAll } from './ring-processes.ts';

/** So many messages for each of some nodes. */
function to(ids: readonly number[], count: number): string {
  return Array.from(
    { length: count },
    (_, i) => `${ids[i % ids.length]} from a guest, number ${i + 1}\n`,
  ).join('');
}

test('a node that is in no ring.toml joins a running ring, sends and receives, and ends with it', async (t) => {
  const messages = (id: number) =>
    id === 1 ? '9 for the guest\n2 for another\n9 for the guest again\n' : '';
  const settings = '[timing]\nloss = 2000';
  const ring = await Ring.make(t, { nodes: 3, messages, settings });
  for (const id of [0, 2]) ring.start(id);
  await ring.formed([0, 2]);
  await ring.join(9, to([0, 2], 20), 2);
  await ring.formed([0, 2, 9]);
  ring.start(1);
  await ring.formed([0, 1, 2, 9]);
  await ring.deliveredAtLeast(23);
  const { stdout, status } = await run(t, ['ring', 'status', '--ring', ring.file('ring.toml')]);
  assert.equal(status, 0);
  assert.match(stdout, /\n9 +ring +\d+ +0-1-2-9 /);
  await ring.stop();
  ring.assertAllDeliveredOnce();
});

test('guests find each other; one that is killed and comes back resumes where it was', async (t) => {
  const ring = await Ring.start(t, { nodes: 3, messages: toAll(3, 30) });
  await ring.join(7, to([0, 1], 150));
  await ring.formed([0, 1, 2, 7]);
  await ring.join(8, to([7, 2], 150), 1);
  await ring.formed([0, 1, 2, 7, 8]);
  await ring.deliveredAtLeast(120);
  await ring.kill(8);
  await ring.formed([0, 1, 2, 7]);
  ring.start(8);
  await ring.formed([0, 1, 2, 7, 8]);
  await ring.stop();
  ring.assertAllDeliveredOnce();
});

test('guests make no majority: with most of the configured nodes gone all others freeze', async (t) => {
  const ring = await Ring.start(t, { nodes: 3, messages: () => '' });
  for (const id of [5, 6, 7]) await ring.join(id, '');
  await ring.formed([0, 1, 2, 5, 6, 7]);
  await Promise.all([ring.kill(1), ring.kill(2)]);
  await ring.node(0).printed(/"event":"frozen".*"needed":2/, 'stderr');
  await eventually('all are out of any ring', async () => {
    const all = await Promise.all([0, 5, 6, 7].map((id) => ring.status(id)));
    return all.every((status) => status !== undefined && status.members.length === 0);
  });
  ring.start(1);
  await ring.formed([0, 1, 5, 6, 7]);
  await ring.stop([], [0, 1, 5, 6, 7]);
});

test('a second guest with the ID of another is refused, and ends with an error', async (t) => {
  const settings = '[timing]\nduplicate = 300\ndial-last = 100\ndead = 150';
  const ring = await Ring.start(t, { nodes: 2, messages: () => '', settings });
  const first = await ring.join(4, '');
  await ring.formed([0, 1, 4]);
  const [state, address] = [ring.file('second'), ring.address(4).replace(/\d+$/, '0')];
  const wrong = await run(t, ['ring', 'node', '--id', '4', '--join', ring.address(0), '--listen', address]);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /--listen must be HOST:PORT, not "127\.0\.0\.1:0"/);
  const second = await ring.join(4, '');
  assert.equal(await second.exited(), 1, state);
  assert.match(second.stdout, /another process uses the ID 4/);
  first.signal('SIGTERM');
  assert.equal(await first.exited(), 0);
  assert.match(first.stdout, /^node 4: left the ring; /);
  await ring.formed([0, 1]);
});

test('what a guest cannot be told or asked is one clear error', async (t) => {
  const ring = await Ring.make(t, { nodes: 2, messages: () => '' });
  const file = ring.file('ring.toml');
  const refused = async (text: RegExp, ...flags: string[]) => {
    const { status, stderr } = await run(t, ['ring', 'node', ...flags], { cwd: ring.path });
    assert.notEqual(status, 0);
    assert.match(stderr, text);
  };
  await refused(
    /--id 9 is not in .*ring\.toml, which has 0, 1; .* needs --listen HOST:PORT/,
    '--id',
    '9',
    '--ring',
    file,
  );
  await refused(
    /--id 1 is in .*ring\.toml.*--listen is for others/,
    '--id',
    '1',
    '--ring',
    file,
    '--listen',
    '127.0.0.1:1',
  );
  await refused(/--ring and --join are two ways/, '--id', '9', '--ring', file, '--join', '127.0.0.1:1');
  await refused(/no node can be reached at 127\.0\.0\.1:1\n/, '--id', '9', '--join', '127.0.0.1:1');
  await refused(
    /0\.0\.0\.0:7000 is no address that the other nodes can reach/,
    '--id',
    '9',
    '--ring',
    file,
    '--listen',
    '0.0.0.0:7000',
  );
});
