import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Journal, TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess } from '@zocalo/test-support/test-process.ts';

/** The threads of libuv's pool, unless UV_THREADPOOL_SIZE says otherwise. */
const POOL = 4;

onEveryModel((subject) => {
  const testOfMany = testWith(subject, { clients: POOL + 4 });

  testOfMany('handlers that occupy every thread of the pool do not make the server deaf', async () => {
    using folder = new TemporaryFolder();
    using journal = new Journal();
    const fifo = folder.file('fifo');
    execFileSync('mkfifo', [fifo]);
    await using server = await ServerProcess.start({
      subject,
      module: 'commands',
      protocol: { journal: journal.path },
      options: { maxClients: POOL + 4 },
    });
    using other = await TestClient.connect(server.address);
    assert.equal(await other.ask('echo before'), 'before');
    // Opening a pipe blocks the thread until another opens it for writing (fifo(7)).
    using blocked = await TestClient.connectAll(server.address, POOL + 2);
    for (const client of blocked) client.send(`block ${fifo}\n`);
    await journal.includes('blocks');
    for (let i = 0; i < 5; i++) assert.equal(await other.ask(`later 20 ${i}`), `${i}`);
    using late = await TestClient.connect(server.address);
    assert.equal(await late.ask('echo late'), 'late');
    const writer = openSync(fifo, constants.O_RDWR);
    for (const client of blocked) assert.equal(await client.readLine(), 'unblocked');
    closeSync(writer);
  });
});
