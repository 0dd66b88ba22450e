import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { onEveryModel, type Subject, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands, type TestServer } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

/** Clients that have joined the group `room`. */
async function members(server: TestServer, count: number): Promise<TestClient[]> {
  const all: TestClient[] = [];
  for (let i = 0; i < count; i++) all.push(await TestClient.connect(server.address));
  for (const client of all) assert.equal(await client.ask('join room'), 'joined');
  return all;
}

function dispose(...all: readonly TestClient[]): void {
  for (const client of all) client[Symbol.dispose]();
}

/** A thousand members, or as many as a model can have. A place is left for clients that are no members. */
function clientCount({ traits }: Subject): number {
  return traits.spawnsPerClient || traits.clientsAtOnce < 1_000 ? Math.min(6, traits.clientsAtOnce) : 1_000;
}

onEveryModel((subject) => {
  const testTogether = testWith(subject, { clients: 3 });

  test('a group of one hears what its server says, and is counted where its members are known', async () => {
    await using server = await serveCommands(subject);
    const [only] = (await members(server, 1)) as [TestClient];
    // A worker does not know the members of others.
    assert.equal(await only.ask('members room'), subject.traits.workers === undefined ? '1' : 'undefined');
    server.group('room').send('hello\n');
    assert.equal(await only.readLine(), 'hello');
    await eventually('the server has heard of it', () => server.group('room').size === 1);
    only.finish();
    await only.readAll();
    await eventually('it has left', () => server.group('room').size === 0);
    server.group('room').send('no member\n');
  });

  testTogether(
    'all members hear what one says, wherever they are served, and no other client; one that reads nothing is closed',
    async () => {
      const count = clientCount(subject) - 1;
      await using server = await serveCommands(subject, { maxClients: count + 1, maxUnsolicited: 100_000 });
      const events = new EventLog(server);
      const all = await members(server, count);
      using other = await TestClient.connect(server.address);
      assert.equal(await all[0]?.ask('say room hello from a member'), 'said');
      for (const client of all.slice(1)) assert.equal(await client.readLine(), 'hello from a member');
      assert.equal(await other.ask('say room hello from elsewhere'), 'said');
      for (const client of all) assert.equal(await client.readLine(), 'hello from elsewhere');
      assert.equal(other.available, 0);

      for (const name of ['room', 'slow']) assert.equal(await other.ask(`join ${name}`), 'joined');
      await eventually('all are counted', () => server.group('room').size === count + 1);
      other.socket.pause();
      // More than the kernel takes for a client that does not read: what is left waits.
      server.group('slow').send(Buffer.alloc(32 * 1_048_576));
      for (let i = 0; i < 20; i++) server.group('room').send(`${`${i} `.padEnd(1_000, '.')}\n`);
      for (const client of all) {
        for (let i = 0; i < 20; i++) assert.match(await client.readLine(), new RegExp(`^${i} `));
      }
      const [closed] = await events.until('closed');
      assert.equal(closed?.reason, 'overflow');
      assert.equal(await all[0]?.ask('leave room'), 'left');
      await eventually('both have left', () => server.group('room').size === count - 1);
      dispose(...all);
    },
  );

  testTogether('what each of several says arrives in its order, also when it is long', async () => {
    await using server = await serveCommands(subject, { maxClients: 3, maxUnsolicited: 100_000_000 });
    const all = await members(server, 3);
    const [count, size] = [20, 100_000];
    for (const client of all.slice(1)) client.send(`recite room ${count} ${size}\n`);
    const listener = all[0] as TestClient;
    const next = new Map<string, number>();
    for (let i = 0; i < 2 * count; i++) {
      const line = await listener.readLine();
      assert.equal(line.length, size - 1);
      const [speaker = '', number] = line.split(' ');
      assert.equal(Number(number), next.get(speaker) ?? 0, `of ${speaker}`);
      next.set(speaker, Number(number) + 1);
    }
    assert.equal(next.size, 2);
    dispose(...all);
  });
});
