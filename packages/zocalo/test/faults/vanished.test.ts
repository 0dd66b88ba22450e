import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { subjects } from '@zocalo/test-support/models.ts';
import { ServerProcess, TestProcess } from '@zocalo/test-support/test-process.ts';

/*
 * Servers on one host and their clients on another, network namespaces with a virtual cable between them (ip-netns(8), veth(4)). The cable is
 * pulled: nothing of the clients comes any more, no end and no reset.
 */

const SERVERS = `zv${process.pid % 10_000}s`;
const CLIENTS = `zv${process.pid % 10_000}c`;
const HOST = '10.98.0.1';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

/** Why there can be no such hosts here; undefined when they are made. */
function hosts(): string | undefined {
  const made = spawnSync('ip', ['netns', 'add', SERVERS], { encoding: 'utf8' });
  if (made.error !== undefined) return 'the program ip (iproute2) is missing';
  if (made.status !== 0) return `network namespaces are not permitted: ${made.stderr.trim()}`;
  try {
    ip('netns', 'add', CLIENTS);
    const pair = ['link', 'add', 'name', 'eth', 'type', 'veth', 'peer', 'name', 'eth', 'netns', CLIENTS];
    ip('-n', SERVERS, ...pair);
    for (const [space, address] of [
      [SERVERS, HOST],
      [CLIENTS, '10.98.0.2'],
    ] as const) {
      ip('-n', space, 'address', 'add', `${address}/24`, 'dev', 'eth');
      ip('-n', space, 'link', 'set', 'eth', 'up');
      ip('-n', space, 'link', 'set', 'lo', 'up');
    }
    return undefined;
  } catch (error) {
    return `no virtual Ethernet here: ${error instanceof Error ? error.message : error}`;
  }
}

/** Each way to have a connection: by a descriptor that inherits its options, in a ring, and by node:net, also in a worker. */
const wanted = ['epoll', 'uring', 'libuv', 'thread-pool', 'libuv-processes'];

test('clients that vanish are noticed: a silent one by keepAliveMs, one that is sent something by writeTimeoutMs', async (t) => {
  const obstacle = hosts();
  t.after(() => {
    for (const space of [SERVERS, CLIENTS]) spawnSync('ip', ['netns', 'del', space]);
  });
  if (obstacle !== undefined) {
    t.skip(obstacle);
    return;
  }
  await using stack = new AsyncDisposableStack();
  const options = { host: HOST, keepAliveMs: 1_000, idleTimeoutMs: 3_600_000, maxUnsolicited: 1_000_000_000 };
  const start = async (subject: (typeof subjects)[number], writeTimeoutMs: number) =>
    stack.use(
      await ServerProcess.start(
        { subject, module: 'commands', protocol: {}, options: { ...options, writeTimeoutMs } },
        { network: SERVERS },
      ),
    );
  const served = subjects.filter(({ name }) => wanted.includes(name));
  const silent = await Promise.all(served.map((subject) => start(subject, 3_600_000)));
  const sentTo = await Promise.all(served.map((subject) => start(subject, 1_000)));
  for (const [servers, says] of [
    [silent, 'echo hello\n'],
    [sentTo, 'murmur 1000000 100\n'],
  ] as const) {
    const task = { host: HOST, ports: servers.map(({ address }) => address.port), says };
    const clients = stack.use(new TestProcess('./silent-clients.ts', task, { network: CLIENTS }));
    await clients.message<{ connected?: true }>(({ connected }) => connected === true);
  }
  for (const server of [...silent, ...sentTo])
    await eventually('the client is in', async () => (await server.ask('stats')).messages === 1);

  ip('-n', CLIENTS, 'link', 'set', 'eth', 'down');
  for (const [i, { name }] of served.entries()) {
    const closedOf = (server: ServerProcess | undefined, reason: 'reset' | 'write-timeout') =>
      eventually(`${name}: the client is closed, ${reason}`, async () => {
        const stats = await server?.ask('stats');
        return stats?.active === 0 && stats.closed;
      }).then((closed) => assert.equal(closed[reason], 1, `${name}: ${JSON.stringify(closed)}`));
    await closedOf(silent[i], 'reset');
    await closedOf(sentTo[i], 'write-timeout');
  }
});
