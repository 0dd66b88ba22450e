import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Journal, TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel(
  (subject) => {
    const testOfTwo = testWith(subject, { clients: 2 });
    const testOfThree = testWith(subject, { clients: 3 });
    const testInLine = testWith(subject, { line: true });

    testOfThree('answers in flight are completed, each followed by the farewell', async () => {
      await using server = await serveCommands(subject, { maxClients: 3 });
      using later = await TestClient.connect(server.address);
      using slow = await TestClient.connect(server.address, { reading: false });
      using idle = await TestClient.connect(server.address);
      later.send('later 150 done\n');
      slow.send('flood 30000000\n');
      assert.equal(await idle.ask('echo in'), 'in');
      await eventually('both are being answered', () => server.stats().messages === 3);

      const drained = server.drain();
      assert.equal(await idle.readText(), 'farewell drain\n');
      assert.equal(await later.readText(), 'done\nfarewell drain\n');
      slow.read();
      const read = await slow.readAll();
      assert.equal(read.length, 30_000_000 + 'farewell drain\n'.length);
      assert.deepEqual(await drained, { cut: 0 });
      assert.equal(server.stats().closed.drain, 3);
    });

    testOfTwo('messages that had arrived are answered, those that come later are not', async () => {
      await using server = await serveCommands(subject);
      using client = await TestClient.connect(server.address);
      using idle = await TestClient.connect(server.address);
      assert.equal(await idle.ask('echo in'), 'in');
      client.send('later 300 one\necho two\n');
      await eventually('the first is being answered', () => server.stats().messages === 2);
      const drained = server.drain();
      // When one has heard the farewell, the drain has begun for all; but each worker hears of it for itself.
      assert.equal(await idle.readText(), 'farewell drain\n');
      if (subject.traits.workers === undefined) client.send('echo too late\n');
      assert.equal(await client.readText(), 'one\ntwo\nfarewell drain\n');
      assert.deepEqual(await drained, { cut: 0 });
    });

    test('a message that is in the kernel when the drain begins is answered', async () => {
      await using server = await serveCommands(subject);
      using client = await TestClient.connect(server.address);
      assert.equal(await client.ask('echo in'), 'in');
      // On loopback what was written has arrived, though the server has had no turn to read it.
      client.send('echo just in time\n');
      await server.drain();
      assert.equal(await client.readText(), 'just in time\nfarewell drain\n');
    });

    test('new connections are refused by the kernel, and the socket file of a Unix socket is gone', async () => {
      using folder = new TemporaryFolder();
      for (const where of [{}, { path: folder.file('socket') }]) {
        await using server = await serveCommands(subject, where);
        using client = await TestClient.connect(server.address);
        client.send('later 300 done\n');
        await eventually('it is being answered', () => server.stats().messages === 1);
        const drained = server.drain();
        await assert.rejects(TestClient.connect(server.address), /ECONNREFUSED|ENOENT/);
        if (where.path !== undefined) assert.equal(existsSync(where.path), false);
        assert.equal(await client.readText(), 'done\nfarewell drain\n');
        await drained;
      }
    });

    testInLine('waiting clients are refused, whether they have sent something or not', async () => {
      await using server = await serveCommands(subject, { maxClients: 1 });
      using inside = await TestClient.connect(server.address);
      inside.send('later 300 done\n');
      using silent = await TestClient.connect(server.address);
      assert.equal(await silent.readLine(), 'place 1');
      using speaking = await TestClient.connect(server.address);
      assert.equal(await speaking.readLine(), 'place 2');
      speaking.send('echo hello\n');
      // A client that still waits for its worker would be refused.
      await eventually('the first is being answered', () => server.stats().messages === 1);
      const drained = server.drain();
      assert.equal(await silent.readText(), 'refused draining\n');
      assert.match(await speaking.readText(), /^(place 1\n)?refused draining\n$/);
      assert.equal(await inside.readText(), 'done\nfarewell drain\n');
      assert.deepEqual(await drained, { cut: 0 });
      assert.equal(server.stats().refused.draining, 2);
    });

    testOfTwo('what is not finished at the deadline is cut off, not before', async () => {
      using journal = new Journal();
      await using server = await serveCommands(subject, {}, { journal: journal.path });
      const events = new EventLog(server);
      using never = await TestClient.connect(server.address);
      using idle = await TestClient.connect(server.address);
      never.send('never\n');
      await journal.includes('never');
      assert.equal(await idle.ask('echo in'), 'in');
      const start = performance.now();
      const report = await server.drain(1_000);
      assert.ok(performance.now() - start >= 995);
      assert.deepEqual(report, { cut: 1 });
      assert.deepEqual(
        events.of('closed').map(({ reason }) => reason),
        ['drain', 'stopped'],
      );
      assert.equal(await idle.readText(), 'farewell drain\n');
      await journal.includes('aborted stopped');
      await never.outcome();
    });

    test('a drain without clients is over at once, and a second drain is the first', async () => {
      await using server = await serveCommands(subject);
      const events = new EventLog(server);
      const drained = server.drain();
      assert.equal(server.drain(), drained);
      assert.deepEqual(await drained, { cut: 0 });
      await server.close();
      assert.deepEqual(
        events.all.filter(({ type }) => type !== 'listening'),
        [
          { type: 'draining', active: 0, waiting: 0, timeoutMs: 10_000 },
          { type: 'stopped', cut: 0 },
        ],
      );
    });

    test('a drain may have longer than a timer of Node can count', async () => {
      await using server = await serveCommands(subject);
      using client = await TestClient.connect(server.address);
      client.send('later 50 done\n');
      await eventually('it is being answered', () => server.stats().messages === 1);
      assert.deepEqual(await server.drain(2 ** 40), { cut: 0 });
      assert.equal(await client.readText(), 'done\nfarewell drain\n');
    });
  },
  { atOnce: true },
);
