import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel(
  (subject) => {
    const testOfThree = testWith(subject, { clients: 3 });
    const testInLine = testWith(subject, { line: true });

    test('the last message of a quota is answered, then come the farewell and the end', async () => {
      await using server = await serveCommands(subject, { quota: 3 });
      const events = new EventLog(server);
      using client = await TestClient.connect(server.address);
      client.send('echo 1\nlater 20 2\ncountLater 2\necho 4\necho 5\n');
      assert.equal(await client.readText(), '1\n2\nline 1\nline 2\nfarewell quota\n');
      const [closed] = await events.until('closed');
      assert.equal(closed?.reason, 'quota');
      assert.equal(closed?.messages, 3);
      assert.equal(server.stats().closed.quota, 1);
    });

    testInLine(
      'every connection has its own quota, and the next in line enters when one is spent',
      async () => {
        await using server = await serveCommands(subject, { quota: 2, maxClients: 1 });
        using first = await TestClient.connect(server.address);
        assert.equal(await first.ask('echo 1'), '1');
        using second = await TestClient.connect(server.address);
        assert.equal(await second.readLine(), 'place 1');
        second.send('echo 1\necho 2\n');
        first.send('echo 2\n');
        assert.equal(await first.readText(), '2\nfarewell quota\n');
        assert.equal(await second.readText(), '1\n2\nfarewell quota\n');
      },
    );

    testOfThree(
      'a quota per address is shared by its connections, and refuses those that come when it is spent',
      async () => {
        await using server = await serveCommands(subject, { quota: 3, quotaPer: 'address', maxClients: 3 });
        using one = await TestClient.connect(server.address);
        using two = await TestClient.connect(server.address);
        using elsewhere = await TestClient.connect(server.address, { from: '127.0.0.2' });
        assert.equal(await one.ask('echo 1'), '1');
        assert.equal(await two.ask('echo 2'), '2');
        one.send('echo 3\n');
        assert.equal(await one.readText(), '3\nfarewell quota\n');
        // The other connection of the address learns it when it asks.
        two.send('echo 4\n');
        assert.equal(await two.readText(), 'farewell quota\n');
        using late = await TestClient.connect(server.address);
        assert.equal(await late.readText(), 'refused quota\n');
        assert.equal(server.stats().refused.quota, 1);
        assert.equal(await elsewhere.ask('echo mine'), 'mine');
      },
    );

    test('a quota that refills lets its address in again, not before its time', async () => {
      await using server = await serveCommands(subject, {
        quota: 1,
        quotaPer: 'address',
        quotaRefillMs: 400,
      });
      const events = new EventLog(server);
      const start = performance.now();
      using first = await TestClient.connect(server.address);
      first.send('echo 1\n');
      assert.equal(await first.readText(), '1\nfarewell quota\n');
      await eventually('the address is let in again', async () => {
        using again = await TestClient.connect(server.address);
        again.send('echo 2\n');
        return (await again.readText()) === '2\nfarewell quota\n';
      });
      assert.ok(performance.now() - start >= 390);
      await events.until('closed', 2);
    });
  },
  { atOnce: true },
);
