import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command, directory, run, SLOW_MODULE } from '@zocalo/test-support/command.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { services } from '../src/plugins/built-in.ts';

const three = `
log = "off"
[servers.first]
service = "echo"
port = 0
[servers.second]
service = "reverse"
port = 0
host = "::1"
max-clients = 1
max-waiting = 0
[servers.mine]
module = "./slow.mjs"
drain-timeout = "none"
`;

/** Waits for the table, and takes the addresses from it. */
async function addresses(command: Command, ...names: string[]): Promise<{ host: string; port: number }[]> {
  const found = names.map((name) => command.printed(new RegExp(`^${name} +(\\S+):(\\d+) +\\S.*\\n`, 'm')));
  return (await Promise.all(found)).map(([, host = '', port]) => ({
    host: host.replace(/[[\]]/g, ''),
    port: Number(port),
  }));
}

async function connected(
  t: TestContext,
  where: { host: string; port: number } | undefined,
): Promise<TestClient> {
  assert.ok(where);
  const client = await TestClient.connect(where);
  t.after(() => client[Symbol.dispose]());
  return client;
}

test('a file starts several servers, a table says where they are, and one signal stops them all', async (t) => {
  const where = directory(t, { 'many.toml': three, 'slow.mjs': SLOW_MODULE });
  const command = new Command(t, ['up', join(where, 'many.toml')]);
  const [first, second, mine] = await addresses(command, 'first', 'second', 'mine');
  assert.deepEqual(
    command.stdout.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['service', 'address', 'try it'],
      ['first', `127.0.0.1:${first?.port}`, `nc 127.0.0.1 ${first?.port}`],
      ['second', `[::1]:${second?.port}`, `nc ::1 ${second?.port}`],
      ['mine', `127.0.0.1:${mine?.port}`, `nc 127.0.0.1 ${mine?.port}`],
      [''],
    ],
  );
  assert.equal(await (await connected(t, first)).ask('hola'), 'hola');
  const only = await connected(t, second);
  assert.equal(await only.ask('hola'), 'aloh');
  assert.match(await (await connected(t, second)).readText(), /^refused: /);
  only.finish();
  const slow = await connected(t, mine);
  assert.equal(await slow.ask('300'), 'working');
  command.signal('SIGTERM');
  assert.equal(await slow.readText(), '300 done\n');
  assert.equal(await command.exited(), 0);
  assert.match(command.stderr, /^zocalo: draining, \d clients? left\n(.*\n)*zocalo: stopped\n$/);
});

test('when one of them is cut off, the status is 1', async (t) => {
  const where = directory(t, { 'many.toml': three.replace('"none"', '"100ms"'), 'slow.mjs': SLOW_MODULE });
  const command = new Command(t, ['up', join(where, 'many.toml')]);
  const [mine] = await addresses(command, 'mine');
  assert.equal(await (await connected(t, mine)).ask('never'), 'working');
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 1);
});

test('zocalo.toml in the current directory is used, and that is said', async (t) => {
  const where = directory(t, { 'zocalo.toml': '[servers.here]\nservice = "echo"\nport = 0\n' });
  const command = new Command(t, ['up', '--quiet'], { cwd: where });
  await addresses(command, 'here');
  assert.match(command.stdout, /^using zocalo\.toml\nservice +address +try it\nhere /);
});

test('without a file, every ready service runs on its own port', async (t) => {
  const command = new Command(t, ['up', '--quiet'], { cwd: directory(t) });
  const started = await command.until('the table or a refusal', () =>
    services.every(({ name }) => command.stdout.includes(`\n${name}`))
      ? 'table'
      : /in use/.test(command.stderr)
        ? 'busy'
        : undefined,
  );
  if (started === 'busy') {
    t.skip('a port of a service is in use here');
    return;
  }
  const rows = command.stdout.split('\n').map((row) => row.trim().split(/ {2,}/));
  assert.deepEqual(rows[0], ['service', 'address', 'try it']);
  assert.deepEqual(rows[1], ['echo', '127.0.0.1:8080', 'nc 127.0.0.1 8080']);
  assert.deepEqual(rows[2], ['reverse', '127.0.0.1:8081', 'nc 127.0.0.1 8081']);
  for (const { name, port } of services) {
    assert.ok(
      rows.some(([label = '', address]) => label.startsWith(name) && address === `127.0.0.1:${port}`),
      name,
    );
  }
  assert.equal(await (await connected(t, { host: '127.0.0.1', port: 8081 })).ask('hola'), 'aloh');
  const files = await run(t, ['files', '127.0.0.1', 'get', 'welcome.txt', '-o', '-']);
  assert.match(files.stdout, /^Welcome/);
});

/** A port that this process listens on, and a file with a server there between two others. */
async function withOneTaken(t: TestContext) {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const server = (name: string, at: number) => `[servers.${name}]\nservice = "echo"\nport = ${at}\n`;
  const cwd = directory(t, { 'zocalo.toml': server('one', 0) + server('two', port) + server('three', 0) });
  const owner = process.platform === 'linux' ? ` by process ${process.pid} \\(.*\\)` : '';
  const complaint = `two cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use${owner}; stop what uses it, or choose another with \`port\` in zocalo\\.toml`;
  return { cwd, complaint };
}

test('when a port is in use, one line says which and which process uses it, the others serve, and the status is 1', async (t) => {
  const { cwd, complaint } = await withOneTaken(t);
  const command = new Command(t, ['up', 'zocalo.toml', '--quiet'], { cwd });
  const [one] = await addresses(command, 'one');
  const [three] = await addresses(command, 'three');
  for (const where of [one, three]) assert.equal(await (await connected(t, where)).ask('hola'), 'hola');
  assert.doesNotMatch(command.stdout, /^two/m);
  assert.match(command.stderr, new RegExp(`^zocalo: ${complaint}\n$`));
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 1);
});

test('the owner of a port that is in use for UDP is named as well', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const taken = createSocket('udp4').bind(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const flags = ['--port', String(taken.address().port), '--line-port', '0', '--quiet'];
  const { status, stderr } = await run(t, ['serve', 'names', ...flags]);
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`the port is in use by process ${process.pid} \\(`));
});

test('in a JSON log a server that cannot be started is an event', async (t) => {
  const { cwd, complaint } = await withOneTaken(t);
  const command = new Command(t, ['up', 'zocalo.toml', '--log', 'json'], { cwd });
  await addresses(command, 'three');
  const events = command.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const failure = events.find(({ event }) => event === 'not-started');
  assert.equal(failure.level, 'warn');
  assert.match(failure.msg, new RegExp(`^${complaint}$`));
});

test('with --strict, or strict in the file, those that were started are stopped', async (t) => {
  const { cwd, complaint } = await withOneTaken(t);
  const file = join(cwd, 'zocalo.toml');
  const attempt = (...flags: string[]) => run(t, ['up', 'zocalo.toml', '--quiet', ...flags], { cwd });
  const first = await attempt('--strict');
  writeFileSync(file, `strict = true\n${readFileSync(file, 'utf8')}`);
  for (const { status, stdout, stderr } of [first, await attempt()]) {
    assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
    assert.match(stderr, new RegExp(`^zocalo: ${complaint}\n$`));
  }
});

test('when none can be started, the status is 1', async (t) => {
  const cwd = directory(t, {
    'zocalo.toml': ['a', 'b']
      .map((name) => `[servers.${name}]\nservice = "echo"\nhost = "192.0.2.1"\n`)
      .join(''),
  });
  const { status, stdout, stderr } = await run(t, ['up', '--quiet'], { cwd });
  assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
  assert.match(
    stderr,
    /^zocalo: a cannot listen .*\nzocalo: b cannot listen .*\nzocalo: none of the servers could be started\n$/,
  );
});

test('the flag --log goes before the log of the file', async (t) => {
  const where = directory(t, { 'zocalo.toml': 'log = "pretty"\n[servers.a]\nservice = "echo"\nport = 0\n' });
  const command = new Command(t, ['up', 'zocalo.toml', '--log', 'json'], { cwd: where });
  await command.printed(/^\{.*"event":"listening".*\}\n/, 'stderr');
});

test('the example file starts as it is', async (t) => {
  const example = fileURLToPath(new URL('../../../examples/zocalo.toml', import.meta.url));
  const command = new Command(t, ['up', example, '--quiet']);
  const outcome = await command.until('the table or a refusal', () =>
    /\nshout/.test(command.stdout) ? 'table' : /in use/.test(command.stderr) ? 'busy' : undefined,
  );
  if (outcome === 'busy') t.skip('a port of the example is in use here');
});
