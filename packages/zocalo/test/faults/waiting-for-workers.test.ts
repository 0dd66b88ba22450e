import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { subjectNamed } from '@zocalo/test-support/models.ts';
import { serveCrashing, type TestServer } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

const multiplexed = ['epoll-threads', 'epoll-processes'].map(subjectNamed);
const pools = [...multiplexed, ...['thread-pool', 'process-pool'].map(subjectNamed)];
const each = ['thread-per-client', 'process-per-client'].map(subjectNamed);

/** Ends both workers of a pool with a client each, and waits until neither client has a place and a replacement has failed. */
async function endBothWorkers(server: TestServer, events: EventLog): Promise<void> {
  for (let i = 0; i < 2; i++) {
    using client = await TestClient.connect(server.address);
    client.send('exit\n');
    await client.outcome();
    await events.until('closed', i + 1);
  }
  await events.until('worker-died', 3);
}

// They mostly wait: a client waits for a worker for 10 s at least. More at once would keep a slow machine busy for longer than that.
describe('while there is no worker', { concurrency: 8 }, () => {
  for (const subject of pools) {
    test(`${subject.name}: when all workers are dead, clients wait, but not for ever, and service resumes by itself`, async () => {
      using folder = new TemporaryFolder();
      const failsWith = folder.file('broken');
      await using served = await serveCrashing(subject, { workers: 2, waitTimeoutMs: 50 }, { failsWith });
      const { server, events } = served;
      writeFileSync(failsWith, '');
      await endBothWorkers(server, events);
      using leaves = await TestClient.connect(server.address);
      using stays = await TestClient.connect(server.address);
      await eventually('both have a place', () => server.stats().active === 2);
      leaves.socket.destroy();
      const [left] = await events.until('refused');
      assert.deepEqual([left?.cause, server.stats().active], ['left', 1]);
      assert.equal(await stays.readText(), 'refused wait-timeout\n');
      assert.equal(events.of('opened').length, 2, 'a client that never came to a worker was never opened');
      assert.equal(server.stats().refused['wait-timeout'], 1);
      rmSync(failsWith);
      using late = await TestClient.connect(server.address);
      assert.notEqual(await late.ask('home'), '');
    });
  }

  for (const subject of each) {
    test(`${subject.name}: a client whose worker does not start waits, but not for ever, and may leave`, async () => {
      using folder = new TemporaryFolder();
      const hangsWith = folder.file('slow');
      await using served = await serveCrashing(subject, { waitTimeoutMs: 50, maxClients: 3 }, { hangsWith });
      const { server, events } = served;
      writeFileSync(hangsWith, '');
      using leaves = await TestClient.connect(server.address);
      using stays = await TestClient.connect(server.address);
      await eventually('both have a place', () => server.stats().active === 2);
      leaves.socket.destroy();
      const [left] = await events.until('refused');
      assert.deepEqual([left?.cause, server.stats().active], ['left', 1]);
      assert.equal(await stays.readText(), 'refused wait-timeout\n');
      await eventually('both places are free', () => server.stats().active === 0);
      rmSync(hangsWith);
      using late = await TestClient.connect(server.address);
      assert.notEqual(await late.ask('home'), '');
      assert.deepEqual([events.of('opened').length, events.of('worker-died').length], [1, 0]);
    });

    test(`${subject.name}: a client for which no worker can start is told so, and its place is free`, async () => {
      using folder = new TemporaryFolder();
      const failsWith = folder.file('broken');
      await using served = await serveCrashing(
        subject,
        { maxClients: 1, waitTimeoutMs: 120_000 },
        { failsWith },
      );
      const { server, events } = served;
      writeFileSync(failsWith, '');
      for (let i = 0; i < 3; i++) {
        using unlucky = await TestClient.connect(server.address);
        assert.equal(await unlucky.readText(), 'refused no-worker\n');
      }
      assert.match(
        (await events.until('worker-died', 3))[0]?.error.message ?? '',
        /could not start: .*not here/,
      );
      rmSync(failsWith);
      using lucky = await TestClient.connect(server.address);
      assert.notEqual(await lucky.ask('home'), '');
    });
  }

  for (const subject of [...pools, ...each]) {
    test(`${subject.name}: a client that waits for a worker when the server drains is told so in the end`, async () => {
      using folder = new TemporaryFolder();
      const [failsWith, hangsWith] = [folder.file('broken'), folder.file('slow')];
      const isPool = subject.options.workers !== undefined;
      await using served = await serveCrashing(subject, {}, isPool ? { failsWith } : { hangsWith });
      const { server, events } = served;
      writeFileSync(isPool ? failsWith : hangsWith, '');
      if (isPool) {
        await endBothWorkers(server, events);
      }
      using waiting = await TestClient.connect(server.address);
      await eventually('it has a place', () => server.stats().active === 1);
      const drained = server.drain(200);
      assert.equal(await waiting.readText(), 'refused draining\n');
      assert.deepEqual(await drained, { cut: 1 });
      assert.equal(server.stats().active, 0);
    });
  }

  for (const subject of multiplexed) {
    test(`${subject.name}: the pause before a worker is replaced does not depend on how often others have died`, async () => {
      using folder = new TemporaryFolder();
      const failsWith = folder.file('broken');
      await using served = await serveCrashing(subject, { workers: 2 }, { failsWith });
      const { server, events } = served;
      using other = await TestClient.connect(server.address);
      const home = await other.ask('home');
      using doomed = await TestClient.connect(server.address);
      assert.notEqual(await doomed.ask('home'), home);
      writeFileSync(failsWith, '');
      doomed.send('exit\n');
      const deaths = await events.until('worker-died', 3);
      assert.deepEqual(
        deaths.map(({ restartMs }) => restartMs),
        [100, 200, 400],
      );
      other.send('exit\n');
      await eventually('the other has died', () =>
        events
          .of('worker-died')
          .some(({ clients, restartMs }, i) => i > 2 && clients === 1 && restartMs === 100),
      );
    });

    const ways = subject.name === 'epoll-processes' ? ['spin', 'freeze'] : ['spin'];
    for (const way of ways) {
      test(`${subject.name}: a worker that no longer takes commands (${way}) is given no more clients, and is ended`, async () => {
        await using served = await serveCrashing(subject, { workers: 2, handlerTimeoutMs: 100 });
        const { server, events } = served;
        using stuck = await TestClient.connect(server.address);
        using beside = await TestClient.connect(server.address);
        const homes = [await stuck.ask('home'), await beside.ask('home')];
        stuck.send(`${way}\n`);
        using lost = await TestClient.connect(server.address);
        lost.send('home\n');
        const [died] = await events.until('worker-died');
        assert.match(died?.error.message ?? '', /was ended: it took no commands for \d+\.\d s$/);
        assert.ok(events.of('closed').every(({ reason }) => reason === 'worker'));
        await stuck.outcome();
        assert.equal(await beside.ask('home'), homes[1]);
        await events.until('worker-started');
        using late = await TestClient.connect(server.address);
        assert.notEqual(await late.ask('home'), homes[0]);
      });
    }

    test(`${subject.name}: a worker that sends an invalid report is ended, and none of it is believed`, async () => {
      await using served = await serveCrashing(subject, { workers: 1 });
      const { server, events } = served;
      using client = await TestClient.connect(server.address);
      client.send('garble\n');
      const [died] = await events.until('worker-died');
      assert.match(died?.error.message ?? '', /was ended: what came from it is not a report: .*"reason":"x"/);
      await client.outcome();
      assert.deepEqual(
        events.of('closed').map(({ reason }) => reason),
        ['worker'],
      );
      using late = await TestClient.connect(server.address);
      assert.notEqual(await late.ask('home'), '');
    });
  }
});
