import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Journal } from '@zocalo/test-support/journal.ts';
import { hasLine, onEveryModel, testWith, upTo } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testOfTwo = testWith(subject, { clients: 2 });

  testOfTwo(
    'a reset in the middle of an answer ends its client, closes the generator, and disturbs no other',
    async () => {
      using journal = new Journal();
      await using server = await serveCommands(subject, {}, { journal: journal.path });
      const events = new EventLog(server);
      using other = await TestClient.connect(server.address);
      using client = await TestClient.connect(server.address);
      client.send('flood 1000000000\n');
      await client.readBytes(1_000_000);
      client.reset();
      assert.equal((await events.until('closed'))[0]?.reason, 'reset');
      await journal.includes('flood over');
      assert.equal(await other.ask('echo still'), 'still');
      assert.equal(events.of('error').length, 0, 'a reset is no error of the server');
    },
  );

  testOfTwo('a reset while a promise is pending aborts the signal of its client', async () => {
    using journal = new Journal();
    await using server = await serveCommands(subject, {}, { journal: journal.path });
    const events = new EventLog(server);
    using other = await TestClient.connect(server.address);
    using client = await TestClient.connect(server.address);
    client.send('never\n');
    await journal.includes('never');
    client.reset();
    await journal.includes('aborted reset');
    await journal.includes('closed 2 reset');
    assert.equal((await events.until('closed'))[0]?.reason, 'reset');
    assert.equal(await other.ask('echo still'), 'still');
  });

  test('an end of sending while a promise is pending aborts the signal where the protocol takes it for leaving', async () => {
    using journal = new Journal();
    await using server = await serveCommands(subject, {}, { journal: journal.path, halfClose: false });
    const events = new EventLog(server);
    using client = await TestClient.connect(server.address);
    client.send('echo in\nnever\n');
    await journal.includes('never');
    client.finish();
    await journal.includes('aborted client');
    assert.equal((await events.until('closed'))[0]?.reason, 'client');
    assert.equal(await client.readText(), 'in\n');
  });

  test('a client that is gone before it is answered costs nothing but its answer', async () => {
    await using server = await serveCommands(subject);
    const events = new EventLog(server);
    for (let i = 0; i < 20; i++) {
      const client = await TestClient.connect(server.address);
      client.send('later 20 answer\ncount 1000\n');
      if (i % 2 === 0) client.reset();
      else client.socket.destroy();
    }
    await eventually('all are gone', () => events.of('closed').length + events.of('refused').length === 20);
    for (const { reason } of events.of('closed')) assert.match(reason, /^(client|reset)$/);
    for (const { cause } of events.of('refused')) assert.equal(cause, 'left');
    using client = await TestClient.connect(server.address);
    assert.equal(await client.ask('echo still'), 'still');
  });

  test('many quick connections leave the statistics consistent and the server serving', async () => {
    await using server = await serveCommands(subject, {
      maxClients: upTo(subject, 50),
      ...(hasLine(subject) ? { maxWaiting: 20 } : {}),
    });
    const batches = subject.traits.spawnsPerClient ? 1 : 20;
    const events = new EventLog(server, ['accepted', 'refused', 'closed']);
    const manners: ((client: TestClient) => void)[] = [
      (client) => client.socket.destroy(),
      (client) => client.reset(),
      (client) => client.finish('echo\n'),
      (client) => {
        client.send('count 100\n');
        client.reset();
      },
    ];
    for (let batch = 0; batch < batches; batch++) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const client = await TestClient.connect(server.address);
          manners[i % manners.length]?.(client);
        }),
      );
    }
    await eventually('server and line are empty', () => {
      const { accepted, active, waiting } = server.stats();
      return accepted > 0 && active + waiting === 0;
    });
    using client = await TestClient.connect(server.address);
    assert.equal(await client.ask('echo still'), 'still');
    client.finish();
    // It came last, so no connection is left in the kernel either.
    const gone = await eventually('all have come and gone', () => {
      const stats = server.stats();
      return stats.active + stats.waiting === 0 && stats;
    });
    // A connection that was reset in the backlog may never have been accepted.
    assert.ok(gone.accepted > batches * 50 && gone.accepted <= batches * 100 + 1);
    assert.equal(events.of('closed').length + events.of('refused').length, gone.accepted);
    const total = (counts: { [name: string]: number }) =>
      Object.values(counts).reduce((sum, n) => sum + n, 0);
    assert.equal(total(gone.closed) + total(gone.refused), gone.accepted);
  });
});
