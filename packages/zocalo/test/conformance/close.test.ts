import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Journal } from '@zocalo/test-support/journal.ts';
import { inBatches, onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testInLine = testWith(subject, { line: true });

  test('close breaks off every conversation, whatever it is doing', async () => {
    const doings = [
      { line: 'echo in' },
      { line: 'never', begins: 'never', ends: 'aborted stopped' },
      { line: 'flood 1000000000', begins: 'pulled', ends: 'flood over' },
    ];
    for (const batch of inBatches(subject, doings)) {
      using journal = new Journal();
      const options = { maxClients: batch.length };
      await using server = await serveCommands(subject, options, { journal: journal.path });
      const events = new EventLog(server);
      const clients: TestClient[] = [];
      for (const { line } of batch) {
        const client = await TestClient.connect(server.address, { reading: false });
        client.send(`${line}\n`);
        clients.push(client);
      }
      await events.until('message', batch.length);
      for (const { begins } of batch) if (begins !== undefined) await journal.includes(begins);
      await server.close();
      assert.deepEqual(
        events.of('closed').map(({ reason }) => reason),
        batch.map(() => 'stopped'),
      );
      assert.deepEqual(events.all.at(-1), { type: 'stopped', cut: batch.length });
      assert.equal(server.activeClients, 0);
      for (const { ends } of batch) if (ends !== undefined) await journal.includes(ends);
      for (const client of clients) {
        client.read();
        await client.outcome();
        client[Symbol.dispose]();
      }
    }
  });

  testInLine(
    'close sends the refusal to waiting clients, also to those that have already sent something',
    async () => {
      await using server = await serveCommands(subject, { maxClients: 1 });
      using inside = await TestClient.connect(server.address);
      using silent = await TestClient.connect(server.address);
      assert.equal(await silent.readLine(), 'place 1');
      using speaking = await TestClient.connect(server.address);
      assert.equal(await speaking.readLine(), 'place 2');
      speaking.send('echo hello\n');
      await server.close();
      assert.equal(await silent.readText(), 'refused draining\n');
      assert.equal(await speaking.readText(), 'refused draining\n');
      await inside.outcome();
    },
  );

  test('close ends a drain that is under way', async () => {
    using journal = new Journal();
    await using server = await serveCommands(subject, {}, { journal: journal.path });
    using client = await TestClient.connect(server.address);
    client.send('never\n');
    await journal.includes('never');
    const drained = server.drain(Number.POSITIVE_INFINITY);
    await server.close();
    assert.deepEqual(await drained, { cut: 1 });
    await client.outcome();
  });

  test('a server can be closed twice, from inside an event, and with await using', async () => {
    await using server = await serveCommands(subject);
    const events = new EventLog(server);
    let closed: Promise<void> | undefined;
    server.events.on('message', () => {
      closed = server.close();
    });
    using client = await TestClient.connect(server.address);
    client.send('echo hello\n');
    await client.outcome();
    await eventually('it closed', () => closed !== undefined);
    await closed;
    await server.close();
    assert.equal(events.of('stopped').length, 1);
    assert.equal(server.stats().active, 0);
  });

  test('the address is free for the next server', async () => {
    const first = await serveCommands(subject);
    const { port } = first.address;
    using client = await TestClient.connect(first.address);
    assert.equal(await client.ask('echo one'), 'one');
    await first.close();
    await using second = await serveCommands(subject, { port });
    using again = await TestClient.connect(second.address);
    assert.equal(await again.ask('echo two'), 'two');
  });
});
