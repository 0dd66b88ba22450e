import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { Ring, toAll } from './ring-processes.ts';

/*
 * One host for each node: a network namespace (ip-netns(8)) with a pair of virtual Ethernet interfaces to a bridge. The bridge is in
 * a namespace of its own, to which this test has no way; nodes are watched through their logs and files.
 */

const NODES = 4;
const PREFIX = `zr${process.pid % 10_000}`;
const host = (id: number) => `10.99.0.${id + 1}`;
const space = (id: number) => `${PREFIX}n${id}`;
const HUB = `${PREFIX}hub`;

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });
const inside = (name: string, ...args: string[]) => ip('netns', 'exec', name, ...args);

/** Why there can be no namespaces here; undefined when there can. */
function obstacle(): string | undefined {
  const tried = spawnSync('ip', ['netns', 'add', `${PREFIX}try`], { encoding: 'utf8' });
  if (tried.error !== undefined) return 'the program ip (iproute2) is missing';
  if (tried.status !== 0) return `network namespaces are not permitted: ${tried.stderr.trim()}`;
  const veth = spawnSync(
    'ip',
    ['-n', `${PREFIX}try`, 'link', 'add', 'name', 'one', 'type', 'veth', 'peer', 'name', 'two'],
    { encoding: 'utf8' },
  );
  const bridge = spawnSync('ip', ['-n', `${PREFIX}try`, 'link', 'add', 'name', 'three', 'type', 'bridge'], {
    encoding: 'utf8',
  });
  ip('netns', 'del', `${PREFIX}try`);
  if (veth.status !== 0) return `no virtual Ethernet here: ${veth.stderr.trim()}`;
  return bridge.status === 0 ? undefined : `no bridge here: ${bridge.stderr.trim()}`;
}

const skip = obstacle() ?? false;

function network(test: TestContext): void {
  test.after(() => {
    for (const name of [HUB, ...Array.from({ length: NODES }, (_, id) => space(id))]) {
      spawnSync('ip', ['netns', 'del', name]);
    }
  });
  ip('netns', 'add', HUB);
  ip('-n', HUB, 'link', 'add', 'name', 'bridge', 'type', 'bridge');
  ip('-n', HUB, 'link', 'set', 'bridge', 'up');
  for (let id = 0; id < NODES; id++) {
    ip('netns', 'add', space(id));
    ip(
      '-n',
      space(id),
      'link',
      'add',
      'name',
      'eth',
      'type',
      'veth',
      'peer',
      'name',
      `port${id}`,
      'netns',
      HUB,
    );
    ip('-n', HUB, 'link', 'set', `port${id}`, 'master', 'bridge', 'up');
    ip('-n', space(id), 'address', 'add', `${host(id)}/24`, 'dev', 'eth');
    ip('-n', space(id), 'link', 'set', 'eth', 'up');
    ip('-n', space(id), 'link', 'set', 'lo', 'up');
  }
}

const cable = (id: number, state: 'up' | 'down') => ip('-n', HUB, 'link', 'set', `port${id}`, state);

/** The members of the last view that a node has said it is in; none when it has left it since. */
function lastView(ring: Ring, id: number): string {
  const lines = ring
    .node(id)
    .stderr.split('\n')
    .filter((line) => /"event":"(view|frozen)"/.test(line));
  return /"members":\[([\d,]*)\]/.exec(lines.at(-1) ?? '')?.[1] ?? '';
}

const inView = (ring: Ring, members: readonly number[]) =>
  eventually(`a view of ${members}`, () => members.every((id) => lastView(ring, id) === members.join()));

const settings = 'deputies = [1]';
const start = (test: TestContext, count: number) =>
  Ring.start(test, {
    nodes: NODES,
    messages: toAll(NODES, count),
    settings,
    host,
    via: (id) => (line) => ['ip', 'netns', 'exec', space(id), ...line],
  });

/** Ends the ring from the host of node 0. */
async function stop(ring: Ring): Promise<void> {
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname;
  await eventually('the ring is stopped', () => {
    const line = [
      'netns',
      'exec',
      space(0),
      process.execPath,
      main,
      'ring',
      'stop',
      '--ring',
      ring.file('ring.toml'),
    ];
    return spawnSync('ip', line).status === 0;
  });
  for (const id of ring.ids) assert.equal(await ring.node(id).exited(), 0, ring.node(id).stderr);
}

test('on hosts of their own: a cable is pulled in the midst of it, the others go on, and it comes back', {
  skip,
}, async (t) => {
  network(t);
  const ring = await start(t, 60);
  await inView(ring, [0, 1, 2, 3]);
  cable(2, 'down');
  await inView(ring, [0, 1, 3]);
  await ring.node(2).printed(/"event":"frozen"/, 'stderr');
  cable(2, 'up');
  await inView(ring, [0, 1, 2, 3]);
  await stop(ring);
  ring.assertAllDeliveredOnce();
});

test('on hosts of their own: a link that is cut one way makes the ring a wrapped one, and closes again when it is whole', {
  skip,
}, async (t) => {
  network(t);
  const ring = await start(t, 60);
  await inView(ring, [0, 1, 2, 3]);
  // One way only: what 1 sends to 2 is thrown away, and nobody is told.
  inside(space(1), 'ip', 'route', 'add', 'blackhole', `${host(2)}/32`);
  await eventually('a wrapped view of all', () => /"wrapped":true/.test(ring.node(0).stderr));
  inside(space(1), 'ip', 'route', 'del', 'blackhole', `${host(2)}/32`);
  await eventually('a closed ring of all', () => {
    const views = ring
      .node(0)
      .stderr.split('\n')
      .filter((line) => line.includes('"event":"view"'));
    return /"members":\[0,1,2,3\],"wrapped":false/.test(views.at(-1) ?? '');
  });
  await stop(ring);
  ring.assertAllDeliveredOnce();
});

test('on hosts of their own: the network parts in two, neither half is a majority, and both freeze until it is whole', {
  skip,
}, async (t) => {
  network(t);
  const ring = await start(t, 40);
  await inView(ring, [0, 1, 2, 3]);
  for (const from of ring.ids) {
    for (const to of ring.ids)
      if (from < 2 !== to < 2) inside(space(from), 'ip', 'route', 'add', 'blackhole', `${host(to)}/32`);
  }
  for (const id of ring.ids) await ring.node(id).printed(/"event":"frozen".*"needed":3/, 'stderr');
  for (const from of ring.ids) {
    for (const to of ring.ids)
      if (from < 2 !== to < 2) inside(space(from), 'ip', 'route', 'del', 'blackhole', `${host(to)}/32`);
  }
  await inView(ring, [0, 1, 2, 3]);
  await stop(ring);
  ring.assertAllDeliveredOnce();
});
