import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { constants, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directory, run, type Served, served } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { processTree } from '@zocalo/test-support/proc.ts';
import type { TestClient } from '@zocalo/test-support/test-client.ts';

const notLinux = process.platform === 'linux' ? false : 'what this is about is of Linux';

/** Runs a command with its standard error somewhere else. */
const withStderr = (target: string, before = '') => ({
  via: (line: readonly string[]) => ['sh', '-c', `${before}exec "$@" 2>${target}`, 'sh', ...line],
});

/** Has every message logged, of which there are many: more than a pipe holds, or more than is held back. */
async function talk(client: TestClient, messages: number): Promise<void> {
  for (let left = messages; left > 0; left -= 500) {
    client.send('hola\n'.repeat(500));
    for (let i = 0; i < 500; i++) assert.equal(await client.readLine(), 'hola');
  }
}

/** Whatever becomes of the log, clients are served, and SIGTERM ends the server as it should. */
async function servesAndStops({ command, connect }: Served, messages: number): Promise<void> {
  const client = await connect();
  await talk(client, messages);
  for (let i = 0; i < 20; i++) {
    const other = await connect();
    assert.equal(await other.ask('hola'), 'hola');
    other.finish();
    await other.readText();
  }
  command.signal('SIGTERM');
  client.finish();
  assert.equal(await command.exited(), 0);
}

for (const format of ['json', 'pretty']) {
  const flags = ['--log', format, '--log-level', 'debug'];

  test(`a log on a full disk does not delay the server (${format})`, { skip: notLinux }, async (t) => {
    await servesAndStops(await served(t, 'echo', flags, withStderr('/dev/full')), 1_000);
    await servesAndStops(await served(t, 'echo', [...flags, '--log-file', '/dev/full']), 1_000);
  });

  test(`a log in a pipe that no process reads does not delay the server (${format})`, {
    skip: notLinux,
  }, async (t) => {
    const pipe = join(directory(t), 'pipe');
    const unread = withStderr(pipe, `mkfifo ${pipe}; exec 9<>${pipe}; `);
    await servesAndStops(await served(t, 'echo', flags, unread), 15_000);
  });

  test(`a log in a socket that no process reads does not delay the server (${format})`, async (t) => {
    const server = await served(t, 'echo', flags);
    // It has read a little ahead.
    server.command.process.stderr?.pause();
    await servesAndStops(server, 15_000).finally(() => server.command.process.stderr?.resume());
  });
}

test('a log on a terminal that is stopped does not delay the server', {
  skip:
    spawnSync('python3', ['-c', 'import pty']).status === 0
      ? false
      : 'there is no python3 to make a terminal with',
}, async (t) => {
  // The other side of the terminal is open, and never read.
  const program =
    'import os, pty, subprocess, sys; m, s = pty.openpty(); p = subprocess.Popen(sys.argv[1:], stderr=s); ' +
    'import signal; signal.signal(signal.SIGTERM, lambda *_: p.terminate()); sys.exit(p.wait())';
  const via = (line: readonly string[]) => ['python3', '-c', program, ...line];
  await servesAndStops(await served(t, 'echo', ['--log', 'pretty', '--log-level', 'debug'], { via }), 2_000);
});

test('the log goes on when the pipe is read again, and says how many lines are lost', {
  skip: notLinux,
}, async (t) => {
  const pipe = join(directory(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const { command, connect } = await served(t, 'echo', [
    '--log',
    'json',
    '--log-level',
    'debug',
    '--log-file',
    pipe,
  ]);
  const client = await connect();
  await talk(client, 15_000);
  let text = '';
  const chunk = Buffer.alloc(65_536);
  const read = () => {
    try {
      text += chunk.toString('utf8', 0, readSync(reader, chunk));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
  };
  await eventually('all that was held back has come, and what was lost is reported', async () => {
    read();
    await client.ask('hola');
    return text.includes('"event":"log-lost"');
  });
  client.finish();
  await client.readText();
  command.signal('SIGTERM');
  const exited = command.exited();
  await eventually('the last line has come', () => {
    read();
    return text.includes('"event":"stopped"');
  });
  assert.equal(await exited, 0);
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const lost = lines.filter(({ event }) => event === 'log-lost').reduce((sum, each) => sum + each.lines, 0);
  const logged = lines.filter(({ event }) => event === 'message').length;
  const [{ messages }] = lines.filter(({ event }) => event === 'closed');
  assert.equal(logged + lost, messages);
  assert.match(
    lines.find(({ event }) => event === 'log-lost').msg,
    /^\d+ lines of the log are lost: no process reads it$/,
  );
});

test('on a disk that has room again the log goes on with whole lines, and says how many are lost', {
  skip: notLinux || (process.getuid?.() === 0 ? false : 'only root may mount a small disk'),
}, async (t) => {
  const disk = directory(t);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0) {
    t.skip('a small disk cannot be mounted here');
    return;
  }
  using _mounted = { [Symbol.dispose]: () => void spawnSync('umount', ['--lazy', disk]) };
  const file = join(disk, 'log');
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(40_000));
  const flags = ['--log', 'json', '--log-level', 'debug', '--log-file', file];
  const { command, connect } = await served(t, 'echo', flags);
  const client = await connect();
  await talk(client, 1_000);
  rmSync(join(disk, 'ballast'));
  assert.equal(await client.ask('hola'), 'hola');
  client.finish();
  await client.readText();
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 0);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const whole = lines.flatMap((line) => (line.endsWith('}') ? [JSON.parse(line)] : []));
  assert.ok(lines.length - whole.length <= 1, 'only the line that the disk ended in is cut');
  const lost = whole.find(({ event }) => event === 'log-lost');
  assert.match(lost.msg, /^\d+ lines of the log are lost: ENOSPC$/);
  assert.equal(whole.at(-1).event, 'stopped');
});

/** Messages of a client, until the log has them. */
async function logged(t: TestContext, flags: readonly string[]): Promise<Served & { file: string }> {
  const file = join(directory(t), 'log');
  return { ...(await served(t, 'echo', ['--log-file', file, ...flags])), file };
}

test('--log-file appends lines of JSON to a file, and stderr has what is for a person', async (t) => {
  const { file, command, connect } = await logged(t, []);
  assert.equal(await (await connect()).ask('hola'), 'hola');
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 0);
  assert.match(command.stderr, /^(zocalo: draining, .*\n)?zocalo: stopped\n$/);
  const events = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).event);
  assert.deepEqual(events, ['listening', 'opened', 'draining', 'closed', 'stopped']);
  const again = await served(t, 'echo', ['--log-file', file, '--log', 'pretty']);
  await again.connect();
  await eventually('a sentence stands behind them', () =>
    /"stopped".*\n\[[\d:.]+\] INFO: echo: client 1 .* is in\n$/.test(readFileSync(file, 'utf8')),
  );
});

test('after a rotation SIGUSR2 opens the file of the log anew', { skip: notLinux }, async (t) => {
  const { file, command, connect } = await logged(t, []);
  await connect();
  await eventually('the first is logged', () => readFileSync(file, 'utf8').includes('client 1'));
  renameSync(file, `${file}.1`);
  await connect();
  await eventually('the second is logged where the first was', () =>
    readFileSync(`${file}.1`, 'utf8').includes('client 2'),
  );
  command.signal('SIGUSR2');
  await eventually('there is a new file', () => spawnSync('test', ['-e', file]).status === 0);
  await connect();
  await eventually('the third is logged in it', () => /^\{.*client 3/.test(readFileSync(file, 'utf8')));
  assert.doesNotMatch(readFileSync(`${file}.1`, 'utf8'), /client 3/);
});

test('a log that cannot be opened anew goes on where it was, and says so', { skip: notLinux }, async (t) => {
  const { file, command, connect } = await logged(t, []);
  const where = directory(t);
  renameSync(file, join(where, 'log'));
  rmSync(join(file, '..'), { recursive: true });
  command.signal('SIGUSR2');
  await eventually('it is said', () =>
    /"level":"error".*cannot be written to .*: ENOENT; the log goes on where it was/.test(
      readFileSync(join(where, 'log'), 'utf8'),
    ),
  );
  await connect();
  await eventually('it goes on', () => readFileSync(join(where, 'log'), 'utf8').includes('client 1'));
});

test('without a file SIGUSR2 does nothing', { skip: notLinux }, async (t) => {
  const { command, connect } = await served(t, 'echo');
  command.signal('SIGUSR2');
  assert.equal(await (await connect()).ask('hola'), 'hola');
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 0);
});

test('SIGUSR2 and SIGHUP to all processes end none of them but the server', { skip: notLinux }, async (t) => {
  const { command, connect } = await served(t, 'echo', [
    '--quiet',
    '--model',
    'process-pool',
    '--workers',
    '1',
  ]);
  const all = processTree(command.process.pid ?? 0);
  for (const pid of all) process.kill(pid, 'SIGUSR2');
  const client = await connect();
  assert.equal(await client.ask('hola'), 'hola');
  for (const pid of all.reverse()) process.kill(pid, 'SIGHUP');
  assert.equal(await client.readText(), 'closing: the server is shutting down\n');
  client.finish();
  assert.equal(await command.exited(), 0);
});

test('a file that cannot be written is one line, and exit status 1', async (t) => {
  const where = directory(t);
  assert.deepEqual(await run(t, ['serve', 'echo', '-p', '0', '--log-file', where]), {
    status: 1,
    stdout: '',
    stderr: `zocalo: the log cannot be written to ${where}: EISDIR\n`,
  });
});

test('--log-level leaves out what is less grave, and debug has every message', async (t) => {
  const quiet = await logged(t, ['--log-level', 'warn']);
  const loud = await logged(t, ['--log-level', 'debug']);
  for (const { connect, command } of [quiet, loud]) {
    assert.equal(await (await connect()).ask('hola'), 'hola');
    command.signal('SIGTERM');
    assert.equal(await command.exited(), 0);
  }
  assert.equal(readFileSync(quiet.file, 'utf8'), '');
  const events = readFileSync(loud.file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(events.map(({ event, level }) => `${level} ${event}`).slice(0, 4), [
    'info listening',
    'debug accepted',
    'info opened',
    'debug message',
  ]);
});
