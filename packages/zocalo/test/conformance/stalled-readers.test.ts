import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryLoop, type Subject } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

/** What the kernel may hold for a client that reads nothing: its receive buffer, and what of ours is not on its way (`maxUnsent`). */
const MOST_IN_KERNEL = 1_048_576;
const FLOOD = 1_073_741_824;

onEveryLoop(define, { atOnce: true });

function define(subject: Subject): void {
  for (const over of process.platform === 'win32' ? ['TCP'] : ['TCP', 'a Unix socket']) {
    const serveOver = (folder: TemporaryFolder, writeTimeoutMs: number) =>
      serveCommands(subject, { writeTimeoutMs, ...(over === 'TCP' ? {} : { path: folder.file('socket') }) });

    test(`over ${over}, a client that reads nothing of its answer is cut by writeTimeoutMs, and costs the kernel little`, async () => {
      using folder = new TemporaryFolder();
      await using server = await serveOver(folder, 1_000);
      const events = new EventLog(server);
      const start = performance.now();
      using client = await TestClient.connect(server.address, { reading: false });
      client.send(`flood ${FLOOD}\n`);
      const [closed] = await events.until('closed');
      assert.equal(closed?.reason, 'write-timeout');
      assert.ok(performance.now() - start >= 990, 'it was early');
      const { bytesOut = 0 } = closed ?? {};
      assert.ok(bytesOut > 0 && bytesOut < MOST_IN_KERNEL, `the kernel has taken ${bytesOut} bytes`);
    });

    test(`over ${over}, a client that reads slowly, but does, gets all of its answer`, async () => {
      using folder = new TemporaryFolder();
      await using server = await serveOver(folder, 1_000);
      const length = 1_500_000;
      using client = await TestClient.connect(server.address, { reading: false });
      client.send(`bytes ${length}\nbye\n`);
      // A piece, and then nothing for some time, for longer than writeTimeoutMs altogether.
      client.read();
      client.socket.on('data', () => {
        client.socket.pause();
        setTimeout(() => client.socket.resume(), 80);
      });
      assert.equal((await client.readAll()).length, length + 4);
    });
  }
}
