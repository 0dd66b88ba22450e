import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Journal } from '@zocalo/test-support/journal.ts';
import { onEveryLoop } from '@zocalo/test-support/models.ts';
import { memoryOf } from '@zocalo/test-support/proc.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess } from '@zocalo/test-support/test-process.ts';
import type { ServerStats } from '../../src/index.ts';

const GIGABYTE = 1_073_741_824;
const WARM_UP = 10_000_000;
const CHUNK = 65_536;

/** Waits until a server moves no more bytes: what it could put into the kernel's buffers, it has. */
async function stalled(stats: () => ServerStats | Promise<ServerStats>): Promise<ServerStats> {
  let before = await stats();
  let quiet = 0;
  return eventually('the server stalls', async () => {
    await sleep(20);
    const now = await stats();
    const same = now.bytesIn === before.bytesIn && now.bytesOut === before.bytesOut;
    // A worker that is still being started does not stall.
    quiet = same && now.bytesIn > 0 ? quiet + 1 : 0;
    before = now;
    return quiet === 10 && now;
  });
}

onEveryLoop((subject) => {
  test('a client that never reads an answer of 1 GB costs the server less than 2 MB', async () => {
    using journal = new Journal();
    await using server = await ServerProcess.start({
      subject,
      module: 'commands',
      protocol: { journal: journal.path, collects: true },
      options: {},
    });
    const statistics = () => server.ask('stats');
    const pulled = () => journal.entries().filter((entry) => entry === 'pulled').length;

    using client = await TestClient.connect(server.address);
    const pid = Number.parseInt(await client.ask('where'), 10);
    // Once for the code that is loaded, the worker that serves it, and the buffers that are kept for the next one.
    client.send(`flood ${WARM_UP}\n`);
    await client.readBytes(WARM_UP);
    await journal.includes('flood over');
    const before = memoryOf(pid);
    const pulledBefore = pulled();
    const { bytesOut: sentBefore } = await statistics();

    client.socket.pause();
    client.send(`flood ${GIGABYTE}\n`);
    await eventually('the answer begins', () => pulled() > pulledBefore);
    const sent = (await stalled(statistics)).bytesOut - sentBefore;
    const made = (pulled() - pulledBefore) * CHUNK;
    // What it has not sent is one chunk in the output, and with libuv one that is being written.
    assert.ok(made - sent <= 3 * CHUNK, `${made} bytes were made, ${sent} sent`);
    assert.ok(sent < GIGABYTE / 4, 'the kernel took so much that nothing was tested');
    await eventually('memory grew by less than 2 MB', () => memoryOf(pid) - before < 2_000_000);
    client.reset();
  });

  test('a server that is busy with an answer stops taking in', async () => {
    await using server = await serveCommands(subject);
    using client = await TestClient.connect(server.address);
    client.send('never\n');
    for (let i = 0; i < 64; i++) client.send(Buffer.alloc(524_288, 'echo\n'));
    const stats = await stalled(() => server.stats());
    assert.equal(stats.messages, 1);
    assert.ok(stats.bytesIn < 1_048_576, `it took in ${stats.bytesIn} of 32 MiB`);
  });

  test('a server whose answers are not read stops taking in questions, and answers all when they are', async () => {
    await using server = await serveCommands(subject);
    using client = await TestClient.connect(server.address, { reading: false });
    const question = `echo ${'x'.repeat(1_000)}\n`;
    const count = 40_000;
    client.finish(question.repeat(count));
    const stats = await stalled(() => server.stats());
    assert.ok(stats.bytesIn - stats.bytesOut < 1_048_576, `in ${stats.bytesIn}, out ${stats.bytesOut}`);
    client.read();
    assert.equal((await client.readAll()).length, count * (question.length - 5));
  });

  test('a client that lets unsolicited messages pile up is closed with the reason overflow', async () => {
    using journal = new Journal();
    await using server = await serveCommands(subject, { maxUnsolicited: 200_000 }, { journal: journal.path });
    const events = new EventLog(server);
    using client = await TestClient.connect(server.address, { reading: false });
    client.send('murmur 20000 1000\n');
    const [closed] = await events.until('closed');
    assert.equal(closed?.reason, 'overflow');
    await journal.includes('closed 1 overflow');
  });
});
