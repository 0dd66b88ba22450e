import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
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
const start = (test: TestContext, count: number) => startWith(test, toAll(NODES, count), settings);
const startWith = async (
  test: TestContext,
  messages: (id: number) => string,
  lines: string,
  flags: readonly string[] = [],
) => {
  const via = (id: number) => (line: readonly string[]) => ['ip', 'netns', 'exec', space(id), ...line];
  const ring = await Ring.make(test, { nodes: NODES, messages, settings: lines, host, via });
  for (const id of ring.ids) ring.start(id, { flags });
  return ring;
};

/** Ends the ring from the host of node 0. */
async function stop(ring: Ring): Promise<void> {
  const main = new URL('../../cli/src/main.ts', import.meta.url).pathname;
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
  // One way only: what 1 sends to 2 is dropped without an error.
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

/** The events of a type that a node has logged. */
const events = (ring: Ring, id: number, type: string) =>
  ring
    .node(id)
    .stderr.split('\n')
    .filter((line) => line.includes(`"event":"${type}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('on hosts of their own: a message that a link does not carry is given up, and what else there is goes on', {
  skip: skip || (spawnSync('nft', ['--version']).error !== undefined && 'the program nft is missing'),
}, async (t) => {
  network(t);
  // Long packets to host 1 vanish, and no ICMP says so: a path MTU that is smaller than that of the ends, behind a filter.
  inside(
    space(1),
    'nft',
    'add table ip narrow; add chain ip narrow in { type filter hook input priority 0; }',
  );
  inside(space(1), 'nft', 'add rule ip narrow in ip length > 1000 drop');
  const long = `1 before\n2> ${'x'.repeat(3_000)}\n2> after it\n3 aside\n`;
  const messages = (id: number) => (id === 0 ? '' : `${(id + 1) % NODES} from ${id}\n`);
  const lines = `${settings}\n[timing]\ngive-up = 2000\nretry = 100`;
  const ring = await startWith(t, messages, lines, ['--follow']);
  // Without node 1 in the ring, as at the start, the message would go another way.
  await inView(ring, [0, 1, 2, 3]);
  writeFileSync(ring.file('messages-0'), long);
  await eventually('the long message is given up', () => events(ring, 0, 'undeliverable').length > 0);
  const [given] = events(ring, 0, 'undeliverable');
  assert.equal(given?.message, 2);
  assert.ok(Number(given?.cuts) >= 5, `${given?.cuts} attempts were cut short`);
  assert.match(String(given?.msg), /a link on its way may not carry 3,000 bytes/);
  assert.match(
    String(events(ring, 0, 'stuck')[0]?.msg),
    /link to node 1 was given up with message 2 of node 0 \(3,000 bytes\)/,
  );
  await stop(ring);
  assert.deepEqual(
    ring
      .delivered()
      .map(({ source, message }) => `${source}:${message}`)
      .sort(),
    ['0:1', '0:3', '0:4', '1:1', '2:1', '3:1'],
  );
  t.diagnostic(`${events(ring, 0, 'view').length} views`);
});

test('on hosts of their own: messages of 64 KiB go over links of 1 Mbit/s, each longer than a link may be silent', {
  skip,
}, async (t) => {
  network(t);
  for (let id = 0; id < NODES; id++) {
    inside(space(id), 'tc', ...'qdisc add dev eth root tbf rate 1mbit burst 8k latency 2s'.split(' '));
  }
  const long = 'y'.repeat(65_536);
  const messages = (id: number) => (id === 1 ? `3 ${long}\n2 short\n` : id === 2 ? `* ${long}\n` : '');
  const ring = await startWith(t, messages, settings);
  await inView(ring, [0, 1, 2, 3]);
  await ring.deliveredAtLeast(5);
  await stop(ring);
  const views = events(ring, 0, 'view').length;
  t.diagnostic(`${views} views`);
  assert.equal(ring.delivered().length, 5);
  // Some at the start, while the nodes find each other; where each message cost some, there was no end of them.
  assert.ok(views <= 15, `${views} views`);
});
