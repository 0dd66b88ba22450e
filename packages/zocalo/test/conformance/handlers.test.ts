import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { startFlood } from '@zocalo/test-support/flood.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryModel, testWith, upTo } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testOfTwo = testWith(subject, { clients: 2 });

  testOfTwo(
    'timers, promises, files and name look-ups work in handlers while another client floods',
    async () => {
      using folder = new TemporaryFolder();
      writeFileSync(folder.file('text'), 'x'.repeat(1_234));
      const clients = upTo(subject, 11);
      await using server = await serveCommands(subject, { maxClients: clients });
      await using _flood = await startFlood(server.address, { send: 'echo flood\n'.repeat(5_000) });
      await Promise.all(
        Array.from({ length: clients - 1 }, async () => {
          using client = await TestClient.connect(server.address);
          assert.equal(await client.ask('later 5 timer'), 'timer');
          assert.equal(await client.ask(`size ${folder.file('text')}`), '1234');
          assert.equal(await client.ask('lookup localhost'), '127.0.0.1');
          assert.equal(await client.ask('nested'), 'abcde');
        }),
      );
    },
  );

  test('timers, promises, files and name look-ups work in handlers of a server that is otherwise idle', async () => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.file('text'), 'x'.repeat(1_234));
    await using server = await serveCommands(subject);
    using client = await TestClient.connect(server.address);
    // Pauses long enough for a loop to go to sleep between them.
    assert.equal(await client.ask('later 30 timer'), 'timer');
    assert.equal(await client.ask(`size ${folder.file('text')}`), '1234');
    assert.equal(await client.ask('later 30 timer'), 'timer');
    assert.equal(await client.ask('lookup localhost'), '127.0.0.1');
  });

  testOfTwo('a protocol knows its client and how many are in', async () => {
    await using server = await serveCommands(subject);
    using first = await TestClient.connect(server.address);
    assert.equal(await first.ask('active'), '1');
    using second = await TestClient.connect(server.address);
    assert.equal(await second.ask('active'), '2');
    const { localPort } = second.socket;
    assert.equal(await second.ask('who'), `2 127.0.0.1 ${localPort} ${server.address.port}`);
    first.finish();
    await first.readAll();
    // A worker tells its front that a client has gone.
    await eventually('one is in', async () => (await second.ask('active')) === '1');
  });
});
