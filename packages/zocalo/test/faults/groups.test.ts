import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryModel } from '@zocalo/test-support/models.ts';
import { serveCommands, type TestServer } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

const MIB = 1_048_576;

/** Members of the group `room`, two with each of two workers: those of the first client's worker, and the others. */
async function twoEach(server: TestServer): Promise<[TestClient[], TestClient[]]> {
  const all: [TestClient, string][] = [];
  for (let i = 0; i < 4; i++) {
    const client = await TestClient.connect(server.address);
    all.push([client, await client.ask('where')]);
    assert.equal(await client.ask('join room'), 'joined');
  }
  const first = all[0]?.[1];
  const parted = [true, false].map((same) =>
    all.filter(([, worker]) => (worker === first) === same).map(([client]) => client),
  );
  assert.deepEqual(
    parted.map(({ length }) => length),
    [2, 2],
  );
  return parted as [TestClient[], TestClient[]];
}

onEveryModel((subject) => {
  const { workers, clientsAtOnce } = subject.traits;
  if (workers === undefined || clientsAtOnce < Number.POSITIVE_INFINITY) return;

  test('members whose worker takes no commands are closed when too much is sent, and the others receive it all', async () => {
    using folder = new TemporaryFolder();
    const goOn = folder.file('go-on');
    await using server = await serveCommands(subject, { maxUnsolicited: 100 * MIB });
    const events = new EventLog(server);
    const [[busy, stuck], others] = (await twoEach(server)) as [[TestClient, TestClient], TestClient[]];
    busy.send(`spin ${goOn}\n`);
    const count = 24;
    for (let i = 0; i < count; i++) {
      server.group('room').send(`${`${i} `.padEnd(MIB - 1, '.')}\n`);
      // So that the worker has been silent for long enough before it is over.
      await sleep(60);
    }
    for (const client of others) {
      for (let i = 0; i < count; i++) assert.match(await client.readLine(), new RegExp(`^${i} `));
    }
    assert.equal(server.stats().closed.overflow, 0);
    writeFileSync(goOn, '');
    await events.until('closed', 2);
    assert.equal(server.stats().closed.overflow, 2);
    // What they have heard before has no holes.
    const heard = (await stuck.readText()).split('\n').slice(0, -1);
    assert.ok(heard.length < count, `${heard.length} came`);
    for (const [i, line] of heard.entries()) assert.match(line, new RegExp(`^${i} `));
    // A client that joins now has missed nothing.
    using next = await TestClient.connect(server.address);
    assert.equal(await next.ask('join room'), 'joined');
    server.group('room').send('again\n');
    for (const client of [next, ...others]) assert.equal(await client.readLine(), 'again');
    for (const client of [busy, ...others]) client[Symbol.dispose]();
  });

  test('members whose worker dies are in the group no more, and the others go on', async () => {
    await using server = await serveCommands(subject);
    const [[dying, lost], others] = (await twoEach(server)) as [
      [TestClient, TestClient],
      [TestClient, TestClient],
    ];
    await eventually('all are counted', () => server.group('room').size === 4);
    dying.send('exit 7\n');
    await lost.outcome();
    await eventually('two are left', () => server.group('room').size === 2);
    assert.equal(await others[0].ask('say room still here'), 'said');
    assert.equal(await others[1].readLine(), 'still here');
    for (const client of [dying, lost, ...others]) client[Symbol.dispose]();
  });
});
