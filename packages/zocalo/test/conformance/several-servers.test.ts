import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryModel } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  test('six servers in one process serve at once and leave the thread pool to files and name look-ups', async () => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.file('text'), 'x'.repeat(1_234));
    const servers = await Promise.all(Array.from({ length: 6 }, () => serveCommands(subject)));
    const clients = await Promise.all(servers.map(({ address }) => TestClient.connect(address)));
    // One after the other, so that all servers but one are asleep, each in its way.
    for (const [i, client] of clients.entries()) {
      assert.equal(await client.ask(`later 50 ${i}`), `${i}`);
      assert.equal(await client.ask(`size ${folder.file('text')}`), '1234');
      assert.equal(await client.ask('lookup localhost'), '127.0.0.1');
    }
    await Promise.all(
      clients.map(async (client) => {
        assert.equal(await client.ask(`size ${folder.file('text')}`), '1234');
        client[Symbol.dispose]();
      }),
    );
    for (const server of servers) assert.equal(server.stats().messages, 4);
    await Promise.all(servers.map((server) => server.close()));
  });

  test('closing one server leaves the others serving, and a new one can be opened in between', async () => {
    await using first = await serveCommands(subject);
    await using second = await serveCommands(subject);
    using client = await TestClient.connect(second.address);
    assert.equal(await client.ask('echo before'), 'before');
    await first.close();
    assert.equal(await client.ask('echo between'), 'between');
    await using third = await serveCommands(subject);
    using another = await TestClient.connect(third.address);
    assert.equal(await another.ask('echo new'), 'new');
    assert.equal(await client.ask('echo after'), 'after');
    await second.close();
    await third.close();
    await using fourth = await serveCommands(subject);
    using last = await TestClient.connect(fourth.address);
    assert.equal(await last.ask('later 20 again'), 'again');
  });
});
