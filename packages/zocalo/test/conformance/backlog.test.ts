import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { backlogOf } from '@zocalo/test-support/proc.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testInLine = testWith(subject, { line: true });
  const many = subject.traits.spawnsPerClient ? 12 : 40;

  testInLine(
    'with whenFull backlog no client is refused: the kernel holds those for which there is no place',
    async () => {
      await using server = await serveCommands(subject, {
        maxClients: 2,
        maxWaiting: 1,
        whenFull: 'backlog',
      });
      const events = new EventLog(server);
      const clients: TestClient[] = [];
      for (let i = 0; i < many; i++) clients.push(await TestClient.connect(server.address));
      for (const [i, client] of clients.entries()) client.finish(`echo ${i}\n`);
      for (const [i, client] of clients.entries()) {
        assert.match(await client.readText(), new RegExp(`^(place 1\n)?${i}\n$`));
      }
      await events.until('closed', many);
      assert.equal(events.of('refused').length, 0);
      assert.deepEqual(
        events.of('opened').map(({ client }) => client.id),
        Array.from({ length: many }, (_, i) => i + 1),
      );
    },
  );

  testInLine('with whenFull backlog no client is accepted beyond server and line', async () => {
    await using server = await serveCommands(subject, { maxClients: 2, maxWaiting: 1, whenFull: 'backlog' });
    const clients: TestClient[] = [];
    for (let i = 0; i < 13; i++) clients.push(await TestClient.connect(server.address));
    assert.equal(await clients[0]?.ask('echo in'), 'in');
    await eventually('server and line are full', () => server.stats().accepted === 3);
    if (subject.traits.keepsBacklogInKernel) {
      await eventually('the kernel holds the others', () => backlogOf(server.address.port) === 10);
    }
    assert.equal(await clients[1]?.ask('echo in'), 'in');
    assert.equal(server.stats().accepted, 3);
    for (const client of clients) client[Symbol.dispose]();
  });

  testInLine('a place in the line that comes free is taken by the next from the backlog', async () => {
    await using server = await serveCommands(subject, { maxClients: 1, maxWaiting: 1, whenFull: 'backlog' });
    using inside = await TestClient.connect(server.address);
    assert.equal(await inside.ask('echo in'), 'in');
    using waiting = await TestClient.connect(server.address);
    assert.equal(await waiting.readLine(), 'place 1');
    using outside = await TestClient.connect(server.address);
    waiting.reset();
    assert.equal(await outside.readLine(), 'place 1');
    inside.finish();
    assert.equal(await outside.ask('echo in'), 'in');
  });

  testInLine('a wait that times out makes room for the next from the backlog', async () => {
    const options = { maxClients: 1, maxWaiting: 1, whenFull: 'backlog', waitTimeoutMs: 200 } as const;
    await using server = await serveCommands(subject, options);
    using inside = await TestClient.connect(server.address);
    assert.equal(await inside.ask('echo in'), 'in');
    using waiting = await TestClient.connect(server.address);
    using outside = await TestClient.connect(server.address);
    assert.equal(await waiting.readText(), 'place 1\nrefused wait-timeout\n');
    assert.equal(await outside.readLine(), 'place 1');
  });

  test('a server that has paused its listener drains and closes like any other', async () => {
    const server = await serveCommands(subject, { maxClients: 1, maxWaiting: 0, whenFull: 'backlog' });
    using inside = await TestClient.connect(server.address);
    assert.equal(await inside.ask('echo in'), 'in');
    using outside = await TestClient.connect(server.address);
    assert.deepEqual(await server.drain(), { cut: 0 });
    assert.equal(await inside.readText(), 'farewell drain\n');
    // It was never accepted: the kernel ends it, with or without a reset.
    assert.match(await outside.outcome(), /^(end|ECONNRESET)$/);
    const closing = await serveCommands(subject, { maxClients: 1, maxWaiting: 0, whenFull: 'backlog' });
    using another = await TestClient.connect(closing.address);
    assert.equal(await another.ask('echo in'), 'in');
    await closing.close();
    assert.equal(closing.stats().closed.stopped, 1);
  });
});
