import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, directory, run } from '@zocalo/test-support/command.ts';
import { freePort, runProgram, startDnsmasq } from '@zocalo/test-support/name-servers.ts';
import { without } from '@zocalo/test-support/programs.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

/** The addresses that the command says, of both endpoints. */
async function endpoints(command: Command): Promise<{ dns: number; line: number }> {
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

test('both endpoints are printed, each with a way to try it; the defaults are those of the service', async (t) => {
  const where = directory(t, { hosts: '192.0.2.1 one.lan\n' });
  const command = new Command(t, ['serve', 'names', ...free, '--hosts', 'hosts', '--quiet'], { cwd: where });
  const { line } = await endpoints(command);
  const client = await connected(t, line);
  assert.equal(await client.readLine(), 'READY');
  assert.equal(await client.ask('one.lan'), 'OK one.lan A 60 192.0.2.1');
  command.signal('SIGTERM');
  assert.equal(await client.readText(), '\nBYE drain\n');
  assert.equal(await command.exited(), 0);
});

test('thirty questions of one host at once, each on a connection of its own, are all answered', {
  skip: without('dig'),
}, async (t) => {
  const where = directory(t, { hosts: '192.0.2.1 one.lan\n' });
  const command = new Command(t, ['serve', 'names', ...free, '--hosts', 'hosts', '--quiet'], { cwd: where });
  const { dns } = await endpoints(command);
  const args = ['@127.0.0.1', '-p', `${dns}`, '+tcp', '+short', '+tries=1', '+time=20', 'one.lan'];
  const answers = await Promise.all(Array.from({ length: 30 }, () => runProgram('dig', args)));
  assert.deepEqual(
    answers.map(({ output }) => output),
    Array(30).fill('192.0.2.1\n'),
  );
});

test('a hosts file that is replaced is read again; bad lines are reported with their numbers', async (t) => {
  const where = directory(t, { hosts: '192.0.2.1 one.lan\nnonsense\n' });
  const command = new Command(
    t,
    ['serve', 'names', ...free, '--hosts', 'hosts', '--log', 'json', '--quota', '100'],
    {
      cwd: where,
    },
  );
  const { line } = await endpoints(command);
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
    const { line } = await endpoints(command);
    const client = await connected(t, line);
    assert.equal(await client.readLine(), 'READY');
    assert.equal(await client.ask('A one.lan'), 'OK one.lan A 60 192.0.2.1');
    client.send('QUIT\n');
    assert.equal(await client.readText(), '\nBYE quit\n');
    command.signal('SIGTERM');
    assert.equal(await command.exited(), 0);
  }
});

test('a forwarding loop is reported: at the start when it is its own upstream', async (t) => {
  const port = await freePort();
  const flags = [
    '--host',
    '0.0.0.0',
    '--port',
    `${port}`,
    '--line-port',
    '0',
    '--upstream',
    `127.0.0.2:${port}`,
  ];
  const { status, stderr } = await run(t, ['serve', 'names', ...flags, '--quiet']);
  assert.match(stderr, /the upstream 127\.0\.0\.2:\d+ is this server itself: give others with --upstream\n$/);
  assert.equal(status, 2);
});

test('a forwarding loop is reported: when another server, which it asks, asks it', {
  skip: without('dnsmasq'),
}, async (t) => {
  const port = await freePort();
  await using dnsmasq = await startDnsmasq([`--server=/example/127.0.0.1#${port}`]);
  const flags = ['--port', `${port}`, '--line-port', '0', '--upstream', dnsmasq.upstream, '--log', 'json'];
  const command = new Command(t, ['serve', 'names', ...flags]);
  await command.printed(
    new RegExp(`"event":"notice".*the upstream ${dnsmasq.upstream} asks this server .* a forwarding loop`),
    'stderr',
  );
});

test('private reverse names are asked for when that is wanted', {
  skip: without('dnsmasq', 'dig'),
}, async (t) => {
  await using dnsmasq = await startDnsmasq(['--ptr-record=7.0.0.10.in-addr.arpa,host.lan']);
  for (const [forward, answer] of [
    [[], ''],
    [['--forward-private'], 'host.lan.\n'],
  ] as const) {
    const flags = ['--port', '0', '--line-port', '0', '--upstream', dnsmasq.upstream, '--quiet', ...forward];
    const command = new Command(t, ['serve', 'names', ...flags]);
    const { dns } = await endpoints(command);
    const { output } = await runProgram('dig', [
      '@127.0.0.1',
      '-p',
      `${dns}`,
      '+tcp',
      '+short',
      '-x',
      '10.0.0.7',
    ]);
    assert.equal(output, answer);
  }
});

const mistakes: readonly (readonly [args: string[], status: number, message: RegExp])[] = [
  [['--hosts', 'absent'], 2, /^zocalo: names: the hosts file absent cannot be read: ENOENT\b.*\n$/],
  [['--upstream', 'example.com'], 2, /^zocalo: names: the upstream "example\.com" is no address: .*\n$/],
  [
    ['--path', '/tmp/x'],
    2,
    /^zocalo: --path is for a server with one endpoint, and names has several: dns, line\n$/,
  ],
  [
    ['--line-port', '70000'],
    2,
    /^zocalo: --line-port must be a whole number from 0 to 65535, not "70000"\n$/,
  ],
];

for (const [args, expected, message] of mistakes) {
  test(`${args.join(' ')} is an error of one line`, async (t) => {
    const { status, stderr } = await run(t, ['serve', 'names', '--port', '0', '--quiet', ...args], {
      cwd: directory(t),
    });
    // On a busy machine the command says first that it is still starting.
    assert.match(stderr.replace('zocalo: names is still starting\n', ''), message);
    assert.equal(status, expected);
  });
}

test('an endpoint that cannot be opened is named with its own flag', async (t) => {
  const taken = createSocket('udp4').bind(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address();
  const flags = ['--port', `${port}`, '--line-port', '0', '--quiet'];
  const busy = await run(t, ['serve', 'names', ...flags]);
  assert.match(
    busy.stderr,
    /^(?:zocalo: names is still starting\n)?zocalo: names cannot listen on 127\.0\.0\.1:\d+: the port is in use by process \d+ \(.*\); .* with --port\n$/,
  );
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port: line } = other.address() as { port: number };
  const lines = await run(t, ['serve', 'names', '--port', '0', '--line-port', `${line}`, '--quiet']);
  assert.match(
    lines.stderr,
    /names cannot listen on 127\.0\.0\.1:\d+: the port is in use by process \d+ \(.*\); .* with --line-port\n$/,
  );
});
