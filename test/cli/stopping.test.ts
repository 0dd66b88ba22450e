import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directory, type Served, SLOW_MODULE, served } from './support.ts';

/** A server whose answers are slow, with a client that has asked for one. */
async function answering(t: TestContext, ask: string, flags: readonly string[] = ['--quiet']) {
  const where = directory(t, { 'slow.mjs': SLOW_MODULE });
  const slow: Served = await served(t, join(where, 'slow.mjs'), flags);
  const client = await slow.connect();
  assert.equal(await client.ask(ask), 'working');
  return { ...slow, client };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} with nobody in ends with status 0`, async (t) => {
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

test('while draining nobody enters, and those in line are sent away', async (t) => {
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

test('a second SIGINT ends at once, and the status says that somebody was cut off', async (t) => {
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
  assert.deepEqual([draining.active, draining.waiting, draining.timeout], [1, 0, 100]);
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
