import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { hasLine, onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands, serveModule } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import type { AcceptInfo } from '../../src/index.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

onEveryModel((subject) => {
  const testInLine = testWith(subject, { line: true, clients: 4 });
  /** One at a time: the next is not accepted before the one before has left. */
  const oneByOne = !hasLine(subject);

  testInLine('one address has so many places and no more, though others are free, also in line', async () => {
    await using server = await serveCommands(subject, { maxClients: 3, maxPerAddress: 2 });
    const connect = (from: string) => TestClient.connect(server.address, { from });
    const first = await connect('127.0.0.9');
    using second = await connect('127.0.0.9');
    for (const client of [first, second]) assert.equal(await client.ask('echo in'), 'in');
    using third = await connect('127.0.0.9');
    assert.equal(await third.readText(), 'refused address-limit\n');
    using other = await connect('127.0.0.8');
    assert.equal(await other.ask('active'), '3');
    using waiting = await connect('127.0.0.8');
    assert.equal(await waiting.readLine(), 'place 1');
    using beyond = await connect('127.0.0.8');
    assert.equal(await beyond.readText(), 'refused address-limit\n');
    assert.equal(server.stats().refused['address-limit'], 2);
    first.finish();
    await first.readAll();
    assert.equal(await waiting.ask('echo in'), 'in');
    using again = await connect('127.0.0.9');
    assert.equal(await again.readLine(), 'place 1');
    first[Symbol.dispose]();
  });

  testInLine(
    'of many that come at once from one address as many are in as may, and their places come free',
    async () => {
      await using server = await serveCommands(subject, { maxClients: 4, maxPerAddress: 2 });
      const events = new EventLog(server);
      for (let round = 1; round <= 3; round++) {
        using clients = await TestClient.connectAll(server.address, 8);
        await events.until('refused', 6 * round);
        await events.until('opened', 2 * round);
        assert.equal(server.activeClients, 2);
        for (const client of clients) client.reset();
        await eventually('both places are free', () => server.activeClients === 0);
      }
      assert.ok(events.of('refused').every(({ cause }) => cause === 'address-limit'));
    },
  );

  testInLine('two endpoints share the places of an address', async () => {
    await using server = await serveModule(subject, 'two-dialects', {}, { maxPerAddress: 1, maxClients: 3 });
    const { line, frames } = server.addresses;
    assert.ok(line !== undefined && frames !== undefined);
    using inside = await TestClient.connect(line);
    assert.equal(await inside.readLine(), 'in by line');
    using second = await TestClient.connect(frames);
    await second.outcome();
    assert.equal(server.stats().refused['address-limit'], 1);
  });

  test('a client that is denied, or not allowed, is told so and has no place; one that is neither is served', async () => {
    await using server = await serveCommands(subject, {
      allow: ['127.0.0.0/24'],
      deny: ['127.0.0.6', '::1'],
    });
    const events = new EventLog(server);
    for (const from of ['127.0.0.6', '127.0.1.1']) {
      using client = await TestClient.connect(server.address, { from });
      client.send('echo hello\n');
      assert.equal(await client.readText(), 'refused denied\n');
    }
    using welcome = await TestClient.connect(server.address, { from: '127.0.0.7' });
    assert.equal(await welcome.ask('echo in'), 'in');
    assert.equal(server.stats().refused.denied, 2);
    assert.deepEqual(
      events.of('refused').map(({ client, cause }) => `${client.remoteAddress} ${cause}`),
      ['127.0.0.6 denied', '127.0.1.1 denied'],
    );
    assert.equal(events.of('opened').length, 1);
  });

  test('lists of IPv4 addresses hold at an endpoint of both families', {
    skip: !hasIpv6 && 'this machine has no ::1',
  }, async () => {
    await using server = await serveCommands(subject, { host: '::', deny: ['127.0.0.6', '::1'] });
    const { port } = server.address;
    using denied = await TestClient.connect({ host: '127.0.0.1', port }, { from: '127.0.0.6' });
    assert.equal(await denied.readText(), 'refused denied\n');
    using six = await TestClient.connect({ host: '::1', port });
    assert.equal(await six.readText(), 'refused denied\n');
    using welcome = await TestClient.connect({ host: '127.0.0.1', port });
    assert.equal(await welcome.ask('echo in'), 'in');
  });

  test('a hook is asked of each client before it has a place, and may refuse it', async () => {
    const asked: AcceptInfo[] = [];
    await using server = await serveCommands(subject, {
      accept(arrival) {
        asked.push(arrival);
        return arrival.remoteAddress !== '127.0.0.6';
      },
    });
    using unwanted = await TestClient.connect(server.address, { from: '127.0.0.6' });
    assert.equal(await unwanted.readText(), 'refused not-accepted\n');
    using welcome = await TestClient.connect(server.address);
    assert.equal(await welcome.ask('echo in'), 'in');
    const { localPort } = welcome.socket;
    assert.deepEqual(asked[1], {
      remoteAddress: '127.0.0.1',
      remotePort: localPort,
      localPort: server.address.port,
      dialect: 'commands',
    });
    assert.equal(server.stats().refused['not-accepted'], 1);
  });

  test('a hook that fails, or gives no answer, costs its client the place and no other', async () => {
    const answers: (() => unknown)[] = [
      () => {
        throw new Error('out of order');
      },
      () => 'no',
      () => 1,
      () => undefined,
      () => Promise.resolve(true),
      () => Promise.reject(new Error('too late')),
    ];
    const left = [...answers];
    await using server = await serveCommands(subject, {
      accept: () => (left.length === 0 ? true : left.shift()?.()) as boolean,
    });
    const events = new EventLog(server);
    for (const _ of answers) {
      using client = await TestClient.connect(server.address);
      assert.equal(await client.readText(), 'refused not-accepted\n');
    }
    using welcome = await TestClient.connect(server.address);
    assert.equal(await welcome.ask('echo in'), 'in');
    assert.deepEqual(
      events.of('error').map(({ error }) => (error as Error).message),
      [
        'out of order',
        'accept must return true or false, not the string "no"',
        'accept must return true or false, not 1',
        'accept must return true or false, not undefined',
        'accept must return true or false at once, not a promise of it',
        'accept must return true or false at once, not a promise of it',
      ],
    );
    assert.equal(server.stats().refused['not-accepted'], answers.length);
  });

  test('over a Unix socket the lists hold for no client, and the hook is asked', async () => {
    using folder = new TemporaryFolder();
    const asked: AcceptInfo[] = [];
    await using server = await serveCommands(subject, {
      path: folder.file('socket'),
      allow: ['192.0.2.1'],
      maxPerAddress: 1,
      accept: (arrival) => asked.push(arrival) > 0,
    });
    using one = await TestClient.connect(server.address);
    assert.equal(await one.ask('echo in'), 'in');
    if (!oneByOne) {
      using other = await TestClient.connect(server.address);
      assert.equal(await other.ask('echo in'), 'in');
    }
    assert.deepEqual(asked[0], { remoteAddress: '', remotePort: 0, localPort: 0, dialect: 'commands' });
  });
});

test('a hook is called in the async context of serve, whatever led to the arrival', async () => {
  const { serve } = await import('../../src/index.ts');
  const { default: commands } = await import('@zocalo/test-support/protocols/commands.ts');
  const where = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const accept = () => seen.push(where.getStore()) > 0;
  await using server = await where.run('serve', () => serve(commands(), { accept, maxClients: 1 }));
  await where.run('client', async () => {
    for (let i = 0; i < 3; i++) {
      using client = await TestClient.connect(server.address);
      assert.equal(await client.ask('echo in'), 'in');
    }
  });
  assert.deepEqual(seen, ['serve', 'serve', 'serve']);
});

test('an asynchronous hook is refused when the server is to start', async () => {
  const { serve } = await import('../../src/index.ts');
  const { default: commands } = await import('@zocalo/test-support/protocols/commands.ts');
  const accept = (async () => true) as never;
  await assert.rejects(serve(commands(), { accept }), {
    code: 'ERR_OPTION',
    message: /^accept must answer at once/,
  });
});
