import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
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
import duet from '../support/protocols/duet.ts';
import { TestClient } from '../support/test-client.ts';

const single: Protocol<string> = { name: 'single', framing: lines(), message: () => 'hi\n' };

const mistakes: readonly (readonly [ServeOptions, words: RegExp])[] = [
  [{ doors: { line: {} } }, /^doors\.frames is missing: duet speaks line, frames$/],
  [
    { doors: { line: {}, frames: {}, dns: {} } },
    /^doors\.dns is for no dialect of duet: duet speaks line, frames$/,
  ],
  [{ doors: { line: { port: -1 }, frames: {} } }, /^doors\.line: port must be .*, not -1$/],
  [{ doors: { line: { quota: 0 }, frames: {} } }, /^doors\.line: quota must be .*, not 0$/],
  [{ doors: { line: { path: '/tmp/x', port: 1 }, frames: {} } }, /^doors\.line: path is for a Unix socket/],
  [{ port: 7 }, /^port is of one door: duet speaks line, frames, so give each its own in doors$/],
  [{ path: '/tmp/x' }, /^path is of one door/],
  [
    { quota: 9, quotaPer: 'address', doors: { line: { quota: 3 }, frames: {} } },
    /^doors\.line\.quota cannot be: with quotaPer: 'address' all doors share one quota$/,
  ],
];

for (const [options, words] of mistakes) {
  test(`a service of two dialects is not served with ${JSON.stringify(options)}`, async () => {
    const stopped: string[] = [];
    const service: Dialects = { ...(await duet()), stop: () => void stopped.push('stopped') };
    await assert.rejects(serve(service, options), (error) => {
      assert.ok(error instanceof OptionError);
      assert.match(error.message, words);
      return true;
    });
    assert.deepEqual(stopped, ['stopped']);
  });
}

test('doors are not for a single protocol', async () => {
  await assert.rejects(serve(single, { doors: { single: {} } }), {
    code: 'ERR_OPTION',
    message: /^doors are for a service of several dialects, and single is a single protocol/,
  });
});

test('without doors each dialect has any port that is free', async () => {
  await using server = await serve(await duet());
  const ports = Object.values(server.addresses).map(({ port }) => port);
  assert.equal(new Set(ports).size, 2);
  assert.deepEqual(Object.keys(server.addresses), ['line', 'frames']);
});

test('a door has a host of its own, or that of the server', async () => {
  await using server = await serve(await duet(), {
    host: '127.0.0.2',
    doors: { line: { host: '::1' }, frames: {} },
  });
  const { line, frames } = server.addresses;
  assert.ok(line !== undefined && frames !== undefined);
  assert.match(formatAddress(line), /^\[::1\]:\d+$/);
  assert.match(formatAddress(frames), /^127\.0\.0\.2:\d+$/);
  using client = await TestClient.connect(line);
  assert.equal(await client.readLine(), 'in by line');
});

test('a door that cannot be opened is named, and none is left open', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const first = await serve(single);
  await first.close();
  const doors = { line: { port: first.address.port }, frames: { port } };
  await assert.rejects(serve(await duet(), { doors }), (error) => {
    assert.ok(error instanceof ListenError);
    assert.deepEqual([error.reason, error.door], ['EADDRINUSE', 'frames']);
    return true;
  });
  await assert.rejects(TestClient.connect(first.address), { code: 'ECONNREFUSED' });
});

test('a quota of addresses is one for all doors', async () => {
  await using server = await serve(await duet(), { quota: 2, quotaPer: 'address' });
  const { line, frames } = server.addresses;
  assert.ok(line !== undefined && frames !== undefined);
  using client = await TestClient.connect(line);
  client.send('a\nb\n');
  assert.match(await client.readText(), /bye quota\n$/);
  using other = await TestClient.connect(frames);
  assert.equal((await other.readAll()).length, 0);
  assert.equal(server.stats().refused.quota, 1);
});

test('a single protocol is told where it listens, counts for itself, and is told of the end', async () => {
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
  await using server = await serve(await duet(), {
    maxClients: 2,
    maxPerAddress: 1,
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
  const { heldBack, overtakings, refused: counts } = server.stats();
  assert.deepEqual([heldBack, overtakings, counts.address], [2, 0, 1]);
  modest.finish();
  // Only its own address waits now: nobody is kept out for it.
  assert.equal(await greedy[2]?.readUntil('in by line\n'), 'place 1\nin by line\n');
  for (const client of greedy) client[Symbol.dispose]();
});
