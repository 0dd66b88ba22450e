import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  Command,
  directory,
  HANGING_MODULE,
  type Served,
  SLOW_MODULE,
  served,
} from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { cpuTimeOf, processTree } from '@zocalo/test-support/proc.ts';
import { onTerminal } from '@zocalo/test-support/pseudo-terminal.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

const notLinux = process.platform === 'linux' ? false : 'what this is about is of Linux';

/** A server whose answers are slow, with a client that has asked for one. */
async function answering(t: TestContext, ask: string, flags: readonly string[] = ['--quiet']) {
  const where = directory(t, { 'slow.mjs': SLOW_MODULE });
  const slow: Served = await served(t, join(where, 'slow.mjs'), flags);
  const client = await slow.connect();
  assert.equal(await client.ask(ask), 'working');
  return { ...slow, client };
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} without clients ends with status 0`, async (t) => {
    const { command } = await served(t, 'echo', ['--quiet']);
    command.signal(signal);
    assert.equal(await command.exited(), 0);
    assert.equal(command.stderr, 'zocalo: stopped\n');
  });

  test(`${signal} lets an answer in progress be finished, says who is left, and ends with status 0`, async (t) => {
    const { command, client } = await answering(t, '300');
    command.signal(signal);
    await command.printed(/^zocalo: draining, 1 client left, 10s at most\n/, 'stderr');
    assert.equal(await client.readText(), '300 done\n');
    assert.equal(await command.exited(), 0);
    assert.ok(command.stderr.endsWith('zocalo: stopped\n'), command.stderr);
  });
}

test('while draining no client is let in, and those in line are refused', async (t) => {
  const { command, client, connect } = await answering(t, '600', ['--quiet', '--max-clients', '1']);
  const waiting = await connect();
  assert.equal(await waiting.readLine(), 'place 1');
  command.signal('SIGTERM');
  await command.printed(/draining/, 'stderr');
  assert.equal(await waiting.readText(), '');
  await assert.rejects(connect(), { code: 'ECONNREFUSED' });
  assert.equal(await client.readText(), '600 done\n');
  assert.equal(await command.exited(), 0);
});

test('clients that are owed nothing hear a farewell and leave at once', async (t) => {
  const { command, connect } = await served(t, 'echo', ['--quiet']);
  const client = await connect();
  assert.equal(await client.ask('hola'), 'hola');
  command.signal('SIGTERM');
  assert.equal(await client.readText(), 'closing: the server is shutting down\n');
  client.finish();
  assert.equal(await command.exited(), 0);
});

test('a second SIGINT ends at once, and the status says that a client was cut off', async (t) => {
  const { command, client } = await answering(t, 'never', ['--quiet', '--drain-timeout', 'none']);
  command.signal('SIGINT');
  await command.printed(/^zocalo: draining, 1 client left\n/, 'stderr');
  command.signal('SIGINT');
  assert.equal(await command.exited(), 1);
  assert.ok(command.stderr.endsWith('zocalo: stopped; 1 client was cut off\n'), command.stderr);
  await client.outcome();
});

test('SIGTERM after SIGINT is a second one too', async (t) => {
  const { command } = await answering(t, 'never', ['--quiet', '--drain-timeout', 'none']);
  command.signal('SIGINT');
  await command.printed(/draining/, 'stderr');
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 1);
});

test('under npm, two SIGINT of one key press are one', async (t) => {
  const where = directory(t, { 'slow.mjs': SLOW_MODULE });
  const slow = await served(t, join(where, 'slow.mjs'), ['--quiet'], {
    env: { npm_lifecycle_event: 'start' },
  });
  const client = await slow.connect();
  assert.equal(await client.ask('600'), 'working');
  slow.command.signal('SIGINT');
  await slow.command.printed(/draining/, 'stderr');
  slow.command.signal('SIGINT');
  assert.equal(await client.readText(), '600 done\n');
  assert.equal(await slow.command.exited(), 0);
});

test('an answer that takes longer than the drain may is cut off, and the status is 1', async (t) => {
  const { command } = await answering(t, 'never', ['--quiet', '--drain-timeout', '100ms']);
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 1);
  assert.match(
    command.stderr,
    /^zocalo: draining, 1 client left, 100ms at most\nzocalo: stopped; 1 client was cut off\n$/,
  );
});

test('in the JSON log draining is an event, and there is nothing but JSON on stderr', async (t) => {
  const { command } = await answering(t, 'never', ['--log', 'json', '--drain-timeout', '100ms']);
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 1);
  const events = command.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const draining = events.find(({ event }) => event === 'draining');
  assert.deepEqual([draining.active, draining.waiting, draining.timeoutMs], [1, 0, 100]);
  assert.equal(events.at(-1).event, 'stopped');
  assert.equal(events.at(-1).cut, 1);
});

test('while answers are in progress it is said again how many are left', async (t) => {
  const { command, client, connect } = await answering(t, '1300');
  const other = await connect();
  assert.equal(await other.ask('3000'), 'working');
  command.signal('SIGTERM');
  await command.printed(/draining, 2 clients left, 10s at most\nzocalo: draining, 1 client left\n/, 'stderr');
  assert.equal(await client.readText(), '1300 done\n');
  assert.equal(await other.readText(), '3000 done\n');
  assert.equal(await command.exited(), 0);
});

test('when its terminal is closed it drains, and the file of its socket is gone', {
  skip: onTerminal.skip,
}, async (t) => {
  const path = join(directory(t), 'echo.sock');
  const command = new Command(t, ['serve', 'echo', '--path', path], {
    via: onTerminal.via ?? ((line) => line),
  });
  await command.printed(/listening on /);
  using client = await TestClient.connect({ host: '', port: 0, path });
  assert.equal(await client.ask('hola'), 'hola');
  const family = processTree(command.process.pid ?? 0);
  // What makes the terminal, and holds its other side.
  command.signal('SIGKILL');
  assert.equal(await client.readText(), 'closing: the server is shutting down\n');
  client.finish();
  await eventually('all have ended', () => family.every((pid) => !isRunning(pid)));
  assert.equal(existsSync(path), false);
});

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** A server of a model with a client whose handler does not return. */
async function hanging(t: TestContext, model: string, flags: readonly string[]) {
  const where = directory(t, { 'hanging.mjs': HANGING_MODULE });
  const server = await served(t, join(where, 'hanging.mjs'), ['--quiet', '--model', model, ...flags]);
  const client = await server.connect();
  assert.equal(await client.ask('hola'), 'hola');
  client.send('hang\n');
  const family = processTree(server.command.process.pid ?? 0);
  await isBusy(server.command);
  return { ...server, client, family };
}

/** A handler that hangs takes all the processor time that there is. */
async function isBusy({ process: { pid = 0 } }: Command): Promise<void> {
  const before = cpuTimeOf(pid);
  await eventually('the handler hangs', () => cpuTimeOf(pid) > before + 300);
}

// One of each kind: handlers in the main thread under each sort of loop, in threads, and in processes.
for (const model of ['iterative', 'epoll', 'uring', 'libuv', 'thread-pool', 'process-per-client']) {
  test(`where a handler does not return, a second SIGINT ends it with status 1 and leaves nothing (${model})`, {
    skip: notLinux,
  }, async (t) => {
    const { command, family } = await hanging(t, model, ['--drain-timeout', 'none']);
    command.signal('SIGINT');
    await command.printed(
      /zocalo: (it was told to stop, and is busy with a handler that does not return; a second signal ends it at once|draining, 1 client left)\n/,
      'stderr',
    );
    command.signal('SIGINT');
    assert.equal(await command.exited(), 1);
    assert.match(
      command.stderr,
      /\nzocalo: (ended: .*clients may have been cut off|stopped; 1 client was cut off)\n$/,
    );
    await eventually('its workers have ended', () => family.every((pid) => !isRunning(pid)));
  });
}

test('where a handler does not return, one SIGTERM ends it when the time for draining is over', {
  skip: notLinux,
}, async (t) => {
  const path = join(directory(t), 'hanging.sock');
  const where = directory(t, { 'hanging.mjs': HANGING_MODULE });
  const command = new Command(t, [
    'serve',
    join(where, 'hanging.mjs'),
    '--path',
    path,
    '--log',
    'json',
    '--drain-timeout',
    '1500ms',
  ]);
  await command.printed(/listening on /);
  using client = await TestClient.connect({ host: '', port: 0, path });
  client.send('hang\n');
  await isBusy(command);
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 1);
  assert.equal(JSON.parse(command.stderr.trimEnd().split('\n').at(-1) ?? '').event, 'ended');
  assert.equal(existsSync(path), false);
});

test('workers end with a server that is killed, whatever they do', { skip: notLinux }, async (t) => {
  const { command, family } = await hanging(t, 'process-pool', ['--workers', '2']);
  assert.ok(family.length >= 3);
  command.signal('SIGKILL');
  await eventually('its workers have ended', () => family.every((pid) => !isRunning(pid)));
});

test('a signal while a module is still starting ends it', async (t) => {
  const where = directory(t, {
    'x.mjs': `export default () => { console.log('starting'); return new Promise((resolve) => setTimeout(resolve, 60_000)); };`,
    'many.toml': '[servers.a]\nservice = "echo"\nport = 0\n[servers.b]\nmodule = "./x.mjs"\n',
  });
  for (const args of [
    ['serve', join(where, 'x.mjs')],
    ['up', join(where, 'many.toml')],
  ]) {
    const command = new Command(t, [...args, '--quiet']);
    await command.printed(/starting/);
    command.signal('SIGTERM');
    assert.equal(await command.exited(), 0);
    // A busy machine is slow to start, and then that is said before.
    assert.match(command.stderr, /^(zocalo: .+ is still starting\n)?zocalo: stopped before it served\n$/);
  }
});

test('under npm it ends when the shell does that npm runs it with', { skip: notLinux }, async (t) => {
  const { command, connect } = await served(t, 'echo', ['--quiet'], {
    env: { npm_lifecycle_event: 'start' },
    via: (line) => ['sh', '-c', '"$@"; true', 'sh', ...line],
  });
  const client = await connect();
  assert.equal(await client.ask('hola'), 'hola');
  // dash ends of it, and passes nothing on; all output is closed when the server has ended, too.
  command.signal('SIGTERM');
  assert.equal(await client.readText(), 'closing: the server is shutting down\n');
  client.finish();
  assert.equal(await command.exited(), 'SIGTERM');
  assert.match(command.stderr, /zocalo: stopped\n$/);
});
