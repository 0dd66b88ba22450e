import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import twoDialects from '@zocalo/test-support/protocols/two-dialects.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import {
  type Dialects,
  formatAddress,
  ListenError,
  lines,
  OptionError,
  type Protocol,
  type ServeOptions,
  serve,
} from '../../src/index.ts';

const single: Protocol<string> = { name: 'single', framing: lines(), message: () => 'hi\n' };

const mistakes: readonly (readonly [ServeOptions, words: RegExp])[] = [
  [{ endpoints: { line: {} } }, /^endpoints\.frames is missing: two-dialects speaks line, frames$/],
  [
    { endpoints: { line: {}, frames: {}, dns: {} } },
    /^endpoints\.dns is for no dialect of two-dialects: two-dialects speaks line, frames$/,
  ],
  [{ endpoints: { line: { port: -1 }, frames: {} } }, /^endpoints\.line: port must be .*, not -1$/],
  [{ endpoints: { line: { quota: 0 }, frames: {} } }, /^endpoints\.line: quota must be .*, not 0$/],
  [
    { endpoints: { line: { path: '/tmp/x', port: 1 }, frames: {} } },
    /^endpoints\.line: path is for a Unix socket/,
  ],
  [
    { port: 7 },
    /^port is of one endpoint: two-dialects speaks line, frames, so give each its own in endpoints$/,
  ],
  [{ path: '/tmp/x' }, /^path is of one endpoint/],
  [
    { quota: 9, quotaPer: 'address', endpoints: { line: { quota: 3 }, frames: {} } },
    /^endpoints\.line\.quota cannot be: with quotaPer: 'address' all endpoints share one quota$/,
  ],
];

for (const [options, words] of mistakes) {
  test(`a service of two dialects is not served with ${JSON.stringify(options)}`, async () => {
    const stopped: string[] = [];
    const service: Dialects = { ...(await twoDialects()), stop: () => void stopped.push('stopped') };
    await assert.rejects(serve(service, options), (error) => {
      assert.ok(error instanceof OptionError);
      assert.match(error.message, words);
      return true;
    });
    assert.deepEqual(stopped, ['stopped']);
  });
}

test('endpoints are not for a single protocol', async () => {
  await assert.rejects(serve(single, { endpoints: { single: {} } }), {
    code: 'ERR_OPTION',
    message: /^endpoints are for a service of several dialects, and single is a single protocol/,
  });
});

test('without endpoints each dialect has any port that is free', async () => {
  await using server = await serve(await twoDialects());
  const ports = Object.values(server.addresses).map(({ port }) => port);
  assert.equal(new Set(ports).size, 2);
  assert.deepEqual(Object.keys(server.addresses), ['line', 'frames']);
});

test('an endpoint has a host of its own, or that of the server', async () => {
  await using server = await serve(await twoDialects(), {
    host: '127.0.0.2',
    endpoints: { line: { host: '::1' }, frames: {} },
  });
  const { line, frames } = server.addresses;
  assert.ok(line !== undefined && frames !== undefined);
  assert.match(formatAddress(line), /^\[::1\]:\d+$/);
  assert.match(formatAddress(frames), /^127\.0\.0\.2:\d+$/);
  using client = await TestClient.connect(line);
  assert.equal(await client.readLine(), 'in by line');
});

test('an endpoint that cannot be opened is named, and none is left open', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const first = await serve(single);
  await first.close();
  const endpoints = { line: { port: first.address.port }, frames: { port } };
  await assert.rejects(serve(await twoDialects(), { endpoints }), (error) => {
    assert.ok(error instanceof ListenError);
    assert.deepEqual([error.reason, error.endpoint], ['EADDRINUSE', 'frames']);
    return true;
  });
  await assert.rejects(TestClient.connect(first.address), { code: 'ECONNREFUSED' });
});

test('a quota of addresses is one for all endpoints', async () => {
  await using server = await serve(await twoDialects(), { quota: 2, quotaPer: 'address' });
  const { line, frames } = server.addresses;
  assert.ok(line !== undefined && frames !== undefined);
  using client = await TestClient.connect(line);
  client.send('a\nb\n');
  assert.match(await client.readText(), /bye quota\n$/);
  using other = await TestClient.connect(frames);
  assert.equal((await other.readAll()).length, 0);
  assert.equal(server.stats().refused.quota, 1);
});

test('the hooks of a single protocol are called: where it listens, what it counts, and its end', async () => {
  const told: unknown[] = [];
  const server = await serve({
    ...single,
    listening: ({ single: where }) => void told.push(where?.port),
    stats: () => ({ answers: 42 }),
    stop: () => void told.push('stopped'),
  } satisfies Protocol<string>);
  assert.deepEqual(server.stats().service, { answers: 42 });
  await server.close();
  assert.deepEqual(told, [server.address.port, 'stopped']);
});

test('a service that cannot stop is a warning, and its server has stopped all the same', async () => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  const server = await serve({
    ...single,
    stop: () => Promise.reject(new Error('it is stuck')),
  } satisfies Protocol<string>);
  await server.close();
  assert.match((await warned).message, /single could not stop: it is stuck/);
});

test('of one address only its share is let in while others wait, and a bounded number waits', async () => {
  await using server = await serve(await twoDialects(), {
    maxClients: 2,
    fairSharePerAddress: 1,
    maxWaitingPerAddress: 2,
  });
  const where = server.addresses.line;
  assert.ok(where !== undefined);
  const greedy: TestClient[] = [];
  for (let i = 0; i < 4; i++) greedy.push(await TestClient.connect(where, { from: '127.0.0.9' }));
  assert.equal(await greedy[1]?.readLine(), 'in by line');
  assert.equal(await greedy[3]?.readLine(), 'place 2');
  using refused = await TestClient.connect(where, { from: '127.0.0.9' });
  assert.equal(await refused.readText(), 'refused address\n');
  using modest = await TestClient.connect(where, { from: '127.0.0.8' });
  assert.equal(await modest.readLine(), 'place 3');
  greedy[0]?.finish();
  assert.equal(await modest.readUntil('in by line\n'), 'in by line\n');
  const { heldBack, reordered, refused: counts } = server.stats();
  assert.deepEqual([heldBack, reordered, counts.address], [2, 0, 1]);
  modest.finish();
  // Only its own address waits now: no other client is kept out for it.
  assert.equal(await greedy[2]?.readUntil('in by line\n'), 'place 1\nin by line\n');
  for (const client of greedy) client[Symbol.dispose]();
});
