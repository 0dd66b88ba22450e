import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, soon } from '@zocalo/test-support/eventually.ts';
import { onEveryModel, upTo } from '@zocalo/test-support/models.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess, type ServerTask } from '@zocalo/test-support/test-process.ts';

onEveryModel(
  (subject) => {
    const task: ServerTask = { subject, module: 'commands', protocol: {}, options: {} };
    const FAREWELL = 'farewell drain\n';

    test('SIGTERM with answers in flight: each is complete, and the exit status is 0', async () => {
      const count = upTo(subject, 30);
      await using server = await ServerProcess.start({ ...task, options: { maxClients: count } });
      using clients = await TestClient.connectAll(server.address, count);
      const kinds = [
        { question: 'later 300 answer\n', answer: 'answer\n'.length },
        { question: 'flood 20000000\n', answer: 20_000_000 },
        { question: 'countLater 3000\n', answer: 'line \n'.length * 3_000 + 10_893 },
      ];
      for (const [i, client] of clients.entries()) client.send(kinds[i % 3]?.question ?? '');
      await eventually('all are being answered', async () => (await server.ask('stats')).messages === count);
      server.child.kill('SIGTERM');
      for (const [i, client] of clients.entries()) {
        const read = await client.readAll();
        assert.equal(read.length, (kinds[i % 3]?.answer ?? 0) + FAREWELL.length, `answer ${i}`);
        assert.equal(read.subarray(-FAREWELL.length).toString(), FAREWELL);
      }
      assert.deepEqual(await soon('the process ends', server.exited), { code: 0, signal: null });
    });

    test('SIGTERM with a client that cannot be finished: the deadline cuts it, and the exit status says so', async () => {
      await using server = await ServerProcess.start({ ...task, options: { drainTimeoutMs: 200 } });
      using client = await TestClient.connect(server.address);
      client.send('never\n');
      await eventually('it is being answered', async () => (await server.ask('stats')).messages === 1);
      server.child.kill('SIGTERM');
      await client.outcome();
      assert.deepEqual(await soon('the process ends', server.exited), { code: 1, signal: null });
    });
  },
  { atOnce: true },
);
