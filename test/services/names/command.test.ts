import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, directory, run } from '../../cli/support.ts';
import { TestClient } from '../../support/test-client.ts';

/** The addresses that the command says, of both doors. */
async function doors(command: Command): Promise<{ dns: number; line: number }> {
  const [, dns] = await command.printed(
    /^names \(dns\): listening on 127\.0\.0\.1:(\d+) \(\w+\) {2}try: dig .*\n/m,
  );
  const [, line] = await command.printed(
    /^names \(line\): listening on 127\.0\.0\.1:(\d+) \(\w+\) {2}try: nc .*\n/m,
  );
  return { dns: Number(dns), line: Number(line) };
}

async function connected(t: TestContext, port: number): Promise<TestClient> {
  const client = await TestClient.connect({ host: '127.0.0.1', port });
  t.after(() => client[Symbol.dispose]());
  return client;
}

const free = ['--port', '0', '--line-port', '0', '--upstream', '127.0.0.1:9'];

test('both doors are told, each with a way to try it; the defaults are those of the service', async (t) => {
  const where = directory(t, { hosts: '192.0.2.1 one.lan\n' });
  const command = new Command(t, ['serve', 'names', ...free, '--hosts', 'hosts', '--quiet'], { cwd: where });
  const { line } = await doors(command);
  const client = await connected(t, line);
  assert.equal(await client.readLine(), 'READY quota=5');
  assert.equal(await client.ask('one.lan'), 'OK one.lan A 60 192.0.2.1');
  command.signal('SIGTERM');
  assert.equal(await client.readText(), '\nBYE drain\n');
  assert.equal(await command.exited(), 0);
});

test('a hosts file that is replaced is read again; bad lines are told with their numbers', async (t) => {
  const where = directory(t, { hosts: '192.0.2.1 one.lan\nnonsense\n' });
  const command = new Command(
    t,
    ['serve', 'names', ...free, '--hosts', 'hosts', '--log', 'json', '--quota', '100'],
    {
      cwd: where,
    },
  );
  const { line } = await doors(command);
  await command.printed(/"level":"warn".*"event":"notice".*hosts:2: /, 'stderr');
  const client = await connected(t, line);
  assert.equal(await client.readLine(), 'READY quota=100');
  writeFileSync(join(where, 'new'), '192.0.2.2 one.lan\n');
  renameSync(join(where, 'new'), join(where, 'hosts'));
  await command.printed(/the hosts file hosts was read again: 1 line/, 'stderr');
  assert.equal(await client.ask('one.lan'), 'OK one.lan A 60 192.0.2.2');
});

test('in a file the second port is line-port, and other settings have their names', async (t) => {
  const where = directory(t, {
    hosts: '192.0.2.1 one.lan\n',
    'zocalo.toml': `
log = "off"
[servers.names]
service = "names"
port = 0
line-port = 0
hosts = "hosts"
upstream = ["127.0.0.1:9", "127.0.0.1:10"]
max-clients = 1
quota = 2
dns-quota = 7
dns-wait-timeout = "1s"
`,
  });
  const command = new Command(t, ['up'], { cwd: where });
  await command.printed(/^names \(dns\) +127\.0\.0\.1:\d+ +dig @127\.0\.0\.1 -p \d+ \+tcp localhost\n/m);
  const [, port] = await command.printed(/^names \(line\) +127\.0\.0\.1:(\d+) +nc 127\.0\.0\.1 \d+\n/m);
  const client = await connected(t, Number(port));
  assert.equal(await client.readLine(), 'READY quota=2');
  const next = await connected(t, Number(port));
  assert.equal(await next.readLine(), 'WAIT 1');
});

test('every model serves it, also one client at a time and in processes', async (t) => {
  for (const model of [
    ['--model', 'iterative'],
    ['--workers', '1', '--isolation', 'process'],
  ]) {
    const where = directory(t, { hosts: '192.0.2.1 one.lan\n' });
    const flags = [...free, '--hosts', 'hosts', '--quiet', ...model];
    const command = new Command(t, ['serve', 'names', ...flags], { cwd: where });
    const { line } = await doors(command);
    const client = await connected(t, line);
    assert.equal(await client.readLine(), 'READY quota=5');
    assert.equal(await client.ask('A one.lan'), 'OK one.lan A 60 192.0.2.1');
    client.send('QUIT\n');
    assert.equal(await client.readText(), '\nBYE quit\n');
    command.signal('SIGTERM');
    assert.equal(await command.exited(), 0);
  }
});

const mistakes: readonly (readonly [args: string[], status: number, words: RegExp])[] = [
  [['--hosts', 'absent'], 2, /^zocalo: names: the hosts file absent cannot be read: ENOENT\b.*\n$/],
  [['--upstream', 'example.com'], 2, /^zocalo: names: the upstream "example\.com" is no address: .*\n$/],
  [
    ['--path', '/tmp/x'],
    2,
    /^zocalo: --path is for a server with one door, and names has several: dns, line\n$/,
  ],
  [
    ['--line-port', '70000'],
    2,
    /^zocalo: --line-port must be a whole number from 0 to 65535, not "70000"\n$/,
  ],
];

for (const [args, expected, words] of mistakes) {
  test(`${args.join(' ')} is a mistake that is told in one line`, async (t) => {
    const { status, stderr } = await run(t, ['serve', 'names', '--port', '0', '--quiet', ...args], {
      cwd: directory(t),
    });
    assert.match(stderr, words);
    assert.equal(status, expected);
  });
}

test('a door that cannot be opened is named with its own flag', async (t) => {
  const taken = createSocket('udp4').bind(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address();
  const flags = ['--port', `${port}`, '--line-port', '0', '--quiet'];
  const busy = await run(t, ['serve', 'names', ...flags]);
  assert.match(
    busy.stderr,
    /^zocalo: names cannot listen on 127\.0\.0\.1:\d+: the port is in use; .* with --port\n$/,
  );
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port: line } = other.address() as { port: number };
  const lines = await run(t, ['serve', 'names', '--port', '0', '--line-port', `${line}`, '--quiet']);
  assert.match(
    lines.stderr,
    /names cannot listen on 127\.0\.0\.1:\d+: the port is in use; .* with --line-port\n$/,
  );
});
