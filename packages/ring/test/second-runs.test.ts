import assert from 'node:assert/strict';
import { appendFileSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Command } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Ring } from './ring-processes.ts';

/** A ring of two in which node 0 sends; it has run once and ended. */
async function hasRun(test: TestContext, text: string): Promise<Ring> {
  const ring = await Ring.start(test, { nodes: 2, messages: (id) => (id === 0 ? text : '') });
  await ring.stop();
  return ring;
}

const texts = (ring: Ring) => ring.delivered().map(({ text }) => text);

test('a second run says how many lines were sent before, at its start and in its last line', async (t) => {
  const ring = await hasRun(t, '1 one\n# a comment\n1 two\n');
  appendFileSync(ring.file('messages-0'), '1 three\n');
  for (const id of ring.ids) ring.start(id);
  await ring
    .node(0)
    .printed(/"event":"resumed","messages":3,"sent":2,.*: 2 of 3 lines were sent before/, 'stderr');
  await ring.stop();
  assert.match(ring.node(0).stdout, /; 1 messages done, .*; 2 of 3 lines were sent before\n$/);
  assert.deepEqual(texts(ring), ['one', 'two', 'three']);
});

test('another message file is refused, and sent from its first line on with --new-messages', async (t) => {
  const ring = await hasRun(t, '1 one\n1 two\n');
  writeFileSync(ring.file('messages-0'), '1 another\n1 two\n1 three\n');
  const refused = ring.start(0);
  assert.equal(await refused.exited(), 1);
  assert.match(
    refused.stderr,
    /^zocalo: node 0: .*messages-0 is not the message file that this node has sent from before: line 1 is another one\..* --new-messages\n$/,
  );
  for (let run = 1; run <= 2; run++) {
    // The second time it is the file from before.
    ring.start(0, { flags: ['--new-messages'] });
    ring.start(1);
    await ring.stop();
  }
  assert.match(ring.node(0).stdout, /; 0 messages done, .*; 3 of 3 lines were sent before\n$/);
  assert.deepEqual(texts(ring), ['one', 'two', 'another', 'two', 'three']);
});

test('the state directory of a node of another ring is refused; a ring that has changed is said to have', async (t) => {
  const ring = await hasRun(t, '1 one\n');
  ring.writeConfig('other.toml', () => undefined, 'name = "other"');
  const refused = ring.start(0, { config: 'other.toml' });
  assert.equal(await refused.exited(), 1);
  assert.match(
    refused.stderr,
    /state-0 is the state of a node of another ring: of the ring "ring" of the nodes 0, 1/,
  );
  for (const id of ring.ids) ring.start(id, { config: 'other.toml', flags: ['--ring-changed'] });
  await ring.stop();
  assert.match(ring.node(0).stdout, /1 of 1 line was sent before/);
});

test('with --follow lines are sent as they are appended, half a line when it is whole, until the ring ends', async (t) => {
  const ring = await Ring.make(t, { nodes: 2, messages: (id) => (id === 0 ? '1 first\n' : '') });
  ring.start(0, { flags: ['--follow'] });
  ring.start(1);
  await ring.deliveredAtLeast(1);
  appendFileSync(ring.file('messages-0'), '1 second\n1 thi');
  await ring.deliveredAtLeast(2);
  appendFileSync(ring.file('messages-0'), 'rd\n* to all\n');
  await ring.deliveredAtLeast(4);
  await ring.stop();
  assert.deepEqual(texts(ring).toSorted(), ['first', 'second', 'third', 'to all']);
});

test('without --follow a last line without a line end is not sent, and that is said', async (t) => {
  const ring = await Ring.start(t, { nodes: 2, messages: (id) => (id === 0 ? '1 whole\n1 ha' : '') });
  await ring.node(0).printed(/messages-0:2: the last line has no line end/, 'stderr');
  await ring.stop();
  assert.deepEqual(texts(ring), ['whole']);
});

test('a broadcast message comes once to each, in order, though nodes are killed and started again', async (t) => {
  const count = 60;
  const messages = (id: number) =>
    Array.from({ length: count }, (_, i) => `* number ${i + 1} from ${id}\n`).join('');
  const ring = await Ring.start(t, { nodes: 3, messages });
  for (const [target, after] of [
    [1, 40],
    [0, 150],
  ] as const) {
    await ring.deliveredAtLeast(after);
    await ring.kill(target);
    ring.start(target);
  }
  await ring.stop();
  for (const at of ring.ids) {
    for (const source of ring.ids) {
      const came = ring.delivered([at]).filter((each) => each.source === source);
      const expected = at === source ? [] : Array.from({ length: count }, (_, i) => i + 1);
      assert.deepEqual(
        came.map(({ message }) => message),
        expected,
        `from ${source} at ${at}`,
      );
    }
  }
});

test('a host name that is a loopback address here is said to be out of the reach of the others', async (t) => {
  const ring = await Ring.make(t, {
    nodes: 2,
    messages: () => '',
    host: (id) => (id === 0 ? 'localhost' : '192.0.2.1'),
  });
  const node = ring.start(0);
  await node.printed(
    /"localhost\\" is (127\.0\.0\.1|::1) on this machine, which no other can reach: node 1 at \\"192\.0\.2\.1\\" cannot connect/,
    'stderr',
  );
  node.signal('SIGTERM');
  await node.exited();
});

test('the nodes of a demonstration that is killed end with it', async (t) => {
  const demo = new Command(t, ['ring', 'demo', '--nodes', '3', '--messages', '100']);
  await demo.printed(/delivered [1-9]/);
  const [listed] = globSync(`/proc/${demo.process.pid}/task/${demo.process.pid}/children`);
  if (listed === undefined) {
    t.skip('this system does not list the children of a process');
    return;
  }
  const children = readFileSync(listed, 'utf8').trim().split(' ').map(Number);
  assert.equal(children.length, 3);
  demo.signal('SIGKILL');
  await demo.exited();
  await eventually('no node is left', () => children.every((pid) => !runs(pid)));
});

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
