import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { onEveryModel } from '@zocalo/test-support/models.ts';
import { serveCommands, type TestServer } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

/** An odd number: otherwise two workers by turns would get the same addresses in every round. */
const ADDRESSES = 7;

/** A client, and the thread that serves it. */
type Placed = { readonly client: TestClient; readonly worker: string };

async function place(server: TestServer, from?: string): Promise<Placed> {
  const client = await TestClient.connect(server.address, from === undefined ? {} : { from });
  return { client, worker: await client.ask('where') };
}

async function placeAll(server: TestServer, count: number): Promise<Placed[]> {
  const all: Placed[] = [];
  for (let i = 0; i < count; i++) all.push(await place(server));
  return all;
}

async function leave({ client }: Placed): Promise<void> {
  client.finish();
  await client.readAll();
}

function dispose(all: readonly Placed[]): void {
  for (const { client } of all) client[Symbol.dispose]();
}

onEveryModel((subject) => {
  const { workers, clientsAtOnce } = subject.traits;
  if (workers === undefined) return;

  test('how many are in, and how many may be, is said of all workers together', async () => {
    await using server = await serveCommands(subject, { maxClients: 3, maxWaiting: 1 });
    const all = await placeAll(server, 3);
    for (const { client } of all) assert.equal(await client.ask('active'), '3');
    using fourth = await TestClient.connect(server.address);
    assert.equal(await fourth.readLine(), 'place 1');
    using fifth = await TestClient.connect(server.address);
    assert.equal(await fifth.readText(), 'refused full\n');
    await leave(all[0] as Placed);
    assert.equal(await fourth.ask('active'), '3');
    fourth.finish();
    await fourth.readAll();
    await eventually('two are left', () => server.activeClients === 2);
    for (const { client } of all.slice(1)) assert.equal(await client.ask('active'), '2');
    dispose(all);
  });

  test('a quota per address is exact, though all of its clients spend it at once in several workers', async () => {
    const quota = 100;
    const quotaRefillMs = Number.POSITIVE_INFINITY;
    await using server = await serveCommands(subject, {
      quota,
      quotaPer: 'address',
      quotaRefillMs,
      maxClients: 5,
    });
    using clients = await TestClient.connectAll(server.address, 4);
    using elsewhere = await TestClient.connect(server.address, { from: '127.0.0.2' });
    // A client that came when the quota is spent would be refused at the endpoint.
    await eventually('all are in', () => server.activeClients === 5);
    for (const client of clients) client.send('echo x\n'.repeat(quota));
    const read = await Promise.all(clients.map((client) => client.readText()));
    assert.equal(read.join('').split('x\n').length - 1, quota);
    for (const words of read) assert.match(words, /farewell quota\n$/);
    assert.equal(server.stats().messages, quota);
    assert.equal(await elsewhere.ask('echo mine'), 'mine');
  });

  if (clientsAtOnce < Number.POSITIVE_INFINITY) return;

  test('with least-connections, a client goes to the worker that has the fewest', async () => {
    await using server = await serveCommands(subject);
    const all = await placeAll(server, 6);
    const worker = all[0]?.worker as string;
    const events = new EventLog(server);
    const [those, others] = [
      all.filter((each) => each.worker === worker),
      all.filter((each) => each.worker !== worker),
    ];
    assert.equal(those.length, 3);
    assert.equal(new Set(others.map((other) => other.worker)).size, 1);
    for (const each of those.slice(1)) await leave(each);
    await events.until('closed', 2);
    // What else its worker had to report of those that left, it has reported before this message.
    assert.equal(await those[0]?.client.ask('echo in'), 'in');
    await events.until('message');
    const next = await placeAll(server, 2);
    for (const each of next) assert.equal(each.worker, worker);
    dispose([...all, ...next]);
  });

  test('with round-robin, a client goes to the next worker, however many that has', async () => {
    await using server = await serveCommands(subject, { balance: 'round-robin' });
    const [a, b] = (await placeAll(server, 2)) as [Placed, Placed];
    assert.notEqual(a.worker, b.worker);
    await leave(b);
    const later: Placed[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const each = await place(server);
      assert.equal(each.worker, turn % 2 === 0 ? a.worker : b.worker);
      if (turn % 2 === 0) later.push(each);
      else await leave(each);
    }
    dispose([a, b, ...later]);
  });

  test('with source, the clients of an address all go to one worker, and addresses are spread', async () => {
    await using server = await serveCommands(subject, { balance: 'source' });
    const workersOf = new Map<string, Set<string>>();
    const all: Placed[] = [];
    for (let round = 0; round < 3; round++) {
      for (let i = 1; i <= ADDRESSES; i++) {
        const address = `127.0.0.${i}`;
        const each = await place(server, address);
        all.push(each);
        workersOf.set(address, (workersOf.get(address) ?? new Set()).add(each.worker));
      }
    }
    for (const [address, workers] of workersOf) assert.equal(workers.size, 1, `${address} went to several`);
    assert.equal(new Set(all.map(({ worker }) => worker)).size, 2);
    dispose(all);
  });

  test('a handler reaches the clients of its own worker and no others', async () => {
    await using server = await serveCommands(subject);
    const all = await placeAll(server, 4);
    const [sender] = all as [Placed];
    const reached = all.map(({ worker }) => worker === sender.worker);
    assert.deepEqual(reached.toSorted(), [false, false, true, true]);
    for (const [i, own] of reached.entries()) {
      if (i === 0) continue;
      assert.equal(await sender.client.ask(`tell ${i + 1} hello ${i}`), own ? 'true' : 'undefined');
    }
    sender.client.send('tell all hello all\n');
    for (const [i, { client }] of all.entries()) {
      client.finish('echo end\n');
      const heard = i === 0 ? 'hello all\nend\n' : `hello ${i}\nhello all\nend\n`;
      assert.equal(await client.readText(), reached[i] ? heard : 'end\n');
    }
  });
});
