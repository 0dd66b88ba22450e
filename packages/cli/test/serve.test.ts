import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command, directory, run, served } from '@zocalo/test-support/command.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

const notLinux = process.platform === 'linux' ? false : 'what this is about is of Linux';

test('the first line says where it listens, how, and how to try it', async (t) => {
  const { command, port } = await served(t, 'echo', ['--model', 'libuv', '--quiet']);
  assert.equal(command.stdout, `echo: listening on 127.0.0.1:${port} (libuv)  try: nc 127.0.0.1 ${port}\n`);
  assert.equal(command.stderr, '');
});

test('echo and reverse answer', async (t) => {
  const echo = await (await served(t, 'echo')).connect();
  assert.equal(await echo.ask('hola'), 'hola');
  const reverse = await (await served(t, 'reverse')).connect();
  assert.equal(await reverse.ask('hola'), 'aloh');
});

test('an unfinished line of one client does not delay the others', async (t) => {
  const { connect } = await served(t, 'echo');
  const slow = await connect();
  slow.send('ho');
  const other = await connect();
  assert.equal(await other.ask('whole'), 'whole');
  slow.send('la\n');
  assert.equal(await slow.readLine(), 'hola');
});

test('IPv6 is written with brackets, and tried without', async (t) => {
  const { command, host, port, connect } = await served(t, 'echo', ['--host', '::1']);
  assert.equal(host, '::1');
  assert.ok(command.stdout.endsWith(`  try: nc ::1 ${port}\n`));
  assert.equal(await (await connect()).ask('hola'), 'hola');
});

test('which clients may connect is set with flags that may be given again; a wrong value is named', async (t) => {
  const flags = [
    '--allow',
    '127.0.0.0/24',
    '--allow',
    '::1',
    '--deny',
    '127.0.0.6',
    '--max-per-address',
    '1',
    '--log',
    'json',
  ];
  const { command, host, port, connect } = await served(t, 'echo', flags);
  const inside = await connect();
  assert.equal(await inside.ask('hola'), 'hola');
  for (const from of ['127.0.0.6', '127.0.1.1', '127.0.0.1']) {
    using refused = await TestClient.connect({ host, port }, { from });
    await refused.outcome();
  }
  await command.printed(/"denied".*"denied".*"address-limit"/s, 'stderr');
  const wrong = await run(t, ['serve', 'echo', '--deny', '10.0.0.0/33']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /--deny must be an address or a network such as .*, not "10\.0\.0\.0\/33"/);
});

test('a server on all addresses is tried on this machine', async (t) => {
  const { command, port } = await served(t, 'echo', ['--host', '0.0.0.0']);
  assert.match(command.stdout, /listening on 0\.0\.0\.0:\d+ /);
  assert.ok(command.stdout.endsWith(`  try: nc 127.0.0.1 ${port}\n`), command.stdout);
});

test('a Unix socket is served, and its file is gone afterwards', async (t) => {
  const where = directory(t);
  const path = join(where, 'echo.sock');
  const command = new Command(t, ['serve', 'echo', '--path', path, '--mode', '600', '--quiet']);
  await command.printed(/listening on .*\n/);
  assert.match(command.stdout, /listening on .*echo\.sock \(\w+\) {2}try: nc -U .*echo\.sock\n/);
  using client = await TestClient.connect({ host: '', port: 0, path });
  assert.equal(await client.ask('hola'), 'hola');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const second = await run(t, ['serve', 'echo', '--path', path, '--quiet']);
  assert.equal(second.status, 1);
  assert.match(
    second.stderr,
    /^zocalo: echo cannot listen on .*echo\.sock: the path is taken by process \d+ \(node .*serve echo.*\); stop it, or choose another with --path\n$/,
  );
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 0);
  await assert.rejects(TestClient.connect({ host: '', port: 0, path }), { code: 'ENOENT' });
});

test('a port in use gets one line that names service, address and owner, and says what to do', async (t) => {
  const { command, port } = await served(t, 'echo');
  for (const model of process.platform === 'linux' ? ['libuv', 'epoll'] : ['libuv']) {
    const owner = process.platform === 'linux' ? ` by process ${command.process.pid} \\(node .*\\)` : '';
    const { status, stdout, stderr } = await run(t, [
      'serve',
      'reverse',
      '-p',
      String(port),
      '--model',
      model,
    ]);
    assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
    assert.match(
      stderr,
      new RegExp(
        `^zocalo: reverse cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use${owner}; stop what uses it, or choose another with --port\\n$`,
      ),
    );
  }
});

test('an address that is not of this machine gets one line', async (t) => {
  const { status, stderr } = await run(t, ['serve', 'echo', '--host', '192.0.2.1', '--port', '0']);
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'zocalo: echo cannot listen on 192.0.2.1:0: this machine has no such address; choose another with --host\n',
  );
});

test('a host is given by its name, and an IPv6 address also in brackets', async (t) => {
  assert.equal((await served(t, 'echo', ['--host', '[::1]'])).host, '::1');
  const [, name] = /^127\.0\.0\.1\s+(\S+)/m.exec(readFileSync('/etc/hosts', 'utf8')) ?? [];
  if (name !== undefined) assert.equal((await served(t, 'echo', ['--host', name])).host, '127.0.0.1');
  assert.deepEqual(await run(t, ['serve', 'echo', '--port', '0', '--host', 'no-such-host.invalid']), {
    status: 1,
    stdout: '',
    stderr:
      'zocalo: echo cannot listen on no-such-host.invalid: there is no such host; choose another with --host\n',
  });
});

test('the flags reach the server: three in, one in line, the next refused, who waits enters', async (t) => {
  const { connect } = await served(t, 'echo', ['--max-clients', '3', '--max-waiting', '1', '--quota', '2']);
  const inside = [await connect(), await connect(), await connect()];
  for (const client of inside) assert.equal(await client.ask('in'), 'in');
  const waiting = await connect();
  assert.equal(await waiting.readLine(), 'waiting: place 1 in line');
  const refused = await connect();
  assert.equal(await refused.readText(), 'refused: the server is full, try again later\n');
  assert.equal(await inside[0]?.ask('/clients'), '3 clients are connected');
  assert.equal(await inside[0]?.readText(), 'closing: the quota is spent\n');
  assert.equal(await waiting.readLine(), 'admitted: it is your turn');
  assert.equal(await waiting.ask('mine'), 'mine');
});

test('deadlines given with a unit are kept', async (t) => {
  const { connect } = await served(t, 'echo', ['--idle-timeout', '100ms']);
  assert.equal(await (await connect()).readText(), 'closing: no line came for too long\n');
});

test('where the kernel refuses io_uring another model serves, and the log says which and why', {
  skip: notLinux,
}, async (t) => {
  const node = [
    '--import',
    fileURLToPath(new URL('../../test-support/src/without-io-uring.ts', import.meta.url)),
  ];
  const { command, connect } = await served(t, 'echo', ['--model', 'uring', '--log', 'json'], { node });
  assert.match(command.stdout, /\(epoll\)/);
  assert.equal(await (await connect()).ask('hola'), 'hola');
  await command.printed(
    /"level":"warn".*"event":"fallback","model":"epoll".*serving with epoll instead: .*io_uring is forbidden here/,
    'stderr',
  );
});

test('where descriptors run out the log says which limit it is and what to do, and clients that leave let others in', {
  skip: notLinux,
}, async (t) => {
  const via = (line: readonly string[]) => ['sh', '-c', 'ulimit -n 60; exec "$@"', 'sh', ...line];
  const { command, connect } = await served(t, 'echo', ['--log', 'pretty'], { via });
  const clients = await Promise.all(Array.from({ length: 80 }, connect));
  await command.printed(
    /ERROR: echo: accepting failed, and is tried again: no descriptor is left \(EMFILE\): .*ulimit -n/,
    'stderr',
  );
  for (const client of clients) client[Symbol.dispose]();
  assert.equal(await (await connect()).ask('hola'), 'hola');
});

test('of a thread that died of an error the log says where it was thrown', { skip: notLinux }, async (t) => {
  const crashing = fileURLToPath(new URL('../../test-support/src/protocols/crashing.ts', import.meta.url));
  const { command, connect } = await served(t, crashing, ['--workers', '1', '--log', 'pretty']);
  (await connect()).send('throw\n');
  await command.printed(
    /WARN: crashing: thread \d+ died: Error: crashing, .*\n +at .*crashing\.ts:\d+/,
    'stderr',
  );
});

for (const isolation of ['process', 'thread']) {
  test(`a worker that dies is in the log with its cause and its clients, and so is the next one (${isolation})`, {
    skip: notLinux,
  }, async (t) => {
    const crashing = fileURLToPath(new URL('../../test-support/src/protocols/crashing.ts', import.meta.url));
    const flags = ['--workers', '1', '--isolation', isolation, '--log', 'pretty'];
    const { command, connect } = await served(t, crashing, flags);
    const client = await connect();
    client.send('exit\n');
    await client.readText();
    await command.printed(
      new RegExp(
        `WARN: crashing: .*${isolation} \\d+ died: .*status 7.*, and 1 client with it; another is started in `,
      ),
      'stderr',
    );
    await command.printed(new RegExp(`INFO: crashing: ${isolation} \\d+ serves`), 'stderr');
    assert.equal(await (await connect()).ask('words'), 'words');
  });
}

test('the JSON log has one object a line for what happens, on stderr', async (t) => {
  const { command, connect } = await served(t, 'echo', [
    '--log',
    'json',
    '--max-clients',
    '1',
    '--max-waiting',
    '0',
  ]);
  const client = await connect();
  await client.ask('hola');
  await (await connect()).readText();
  client.finish();
  await client.readText();
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 0);
  const events = command.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ event }) => event),
    ['listening', 'opened', 'refused', 'closed', 'draining', 'stopped'],
  );
  for (const { server, level, time } of events) {
    assert.deepEqual([server, level, Number.isNaN(Date.parse(time))], ['echo', 'info', false]);
  }
  const { client: who, reason, messages, bytesIn, bytesOut, msg } = events[3];
  assert.deepEqual([who.id, reason, messages, bytesIn, bytesOut], [1, 'client', 1, 5, 5]);
  assert.match(msg, /^client 1 \(127\.0\.0\.1:\d+\) is gone: client; 1 message, 5 B in, 5 B out, /);
});

test('the log for people is sentences', async (t) => {
  const { command, connect } = await served(t, 'echo', ['--log', 'pretty']);
  const client = await connect();
  await client.ask('hola');
  await command.printed(
    /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: echo: client 1 \(127\.0\.0\.1:\d+\) is in\n$/,
    'stderr',
  );
});

test('a reader of the log that has gone away is no reason to stop', async (t) => {
  const { command, connect } = await served(t, 'echo', ['--log', 'json']);
  command.process.stderr?.destroy();
  for (let i = 0; i < 20; i++) {
    const client = await connect();
    assert.equal(await client.ask('hola'), 'hola');
    client.finish();
    await client.readText();
  }
});

test('a handler that fails is logged with the place where it failed', async (t) => {
  const where = directory(t, {
    'faulty.ts': `import { lines } from 'zocalo';
export default { name: 'faulty', framing: lines(), message(line: string): string { throw new RangeError('no ' + line); } };`,
  });
  for (const format of ['pretty', 'json']) {
    const { command, connect } = await served(t, join(where, 'faulty.ts'), ['--log', format]);
    const client = await connect();
    client.send('luck\n');
    assert.equal(await client.readText(), '');
    await command.printed(/its handler failed: RangeError: no luck/, 'stderr');
    await command.printed(/at .*faulty\.ts:2:\d+/, 'stderr');
    if (format === 'pretty') assert.doesNotMatch(command.stderr, /session\.ts/);
  }
});
