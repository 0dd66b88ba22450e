import assert from 'node:assert/strict';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { startFlood } from '@zocalo/test-support/flood.ts';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testOfTwo = testWith(subject, { clients: 2 });

  testOfTwo('a client with one question does not wait behind the 10,000 of another', async () => {
    await using server = await serveCommands(subject);
    const events = new EventLog(server, ['opened', 'message']);
    using greedy = await TestClient.connect(server.address);
    using modest = await TestClient.connect(server.address);
    await events.until('opened', 2);
    // Both are in the kernel before the server has its turn: 50 KB, less than one receive, and one line.
    greedy.send('echo\n'.repeat(10_000));
    modest.send('echo me\n');
    assert.equal(await modest.readLine(), 'me');
    await greedy.readBytes(10_000);
    const messages = await events.until('message', 10_001);
    const before = messages.findIndex(({ client }) => client.id === 2);
    // Workers report each for itself; and each of these two clients has one to itself.
    if (subject.traits.workers === undefined)
      assert.ok(before < 1_000, `${before} messages were answered before it`);
  });

  testOfTwo('a client that sends without pause starves no other', async () => {
    await using server = await serveCommands(subject);
    await using _flood = await startFlood(server.address, { send: 'echo flood\n'.repeat(5_000) });
    await eventually('the flood rises', () => server.stats().messages > 10_000);
    using client = await TestClient.connect(server.address);
    for (let i = 0; i < 100; i++) assert.equal(await client.ask(`echo ${i}`), `${i}`);
    const before = server.stats().messages;
    await eventually('the flood goes on', () => server.stats().messages > before + 1_000);
  });

  testOfTwo('a client that takes an endless answer starves no other', async () => {
    await using server = await serveCommands(subject);
    await using _flood = await startFlood(server.address, { send: 'flood 1000000000000\n', once: true });
    await eventually('the flood rises', () => server.stats().bytesOut > 10_000_000);
    using client = await TestClient.connect(server.address);
    for (let i = 0; i < 100; i++) assert.equal(await client.ask(`echo ${i}`), `${i}`);
    const before = server.stats().bytesOut;
    await eventually('the flood goes on', () => server.stats().bytesOut > before + 1_000_000);
  });
});
