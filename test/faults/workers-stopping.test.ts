import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { EventLog } from '../support/event-log.ts';
import { soon } from '../support/eventually.ts';
import { Journal, TemporaryFolder } from '../support/journal.ts';
import { serveCommands } from '../support/serving.ts';
import { TestClient } from '../support/test-client.ts';
import { assertAddsUp, dispose, onWorkers, placeAll, watch } from './workforces.ts';

const blocking = ['thread-per-client', 'thread-pool', 'process-per-client', 'process-pool'];
const multiplexed = ['epoll-threads', 'epoll-processes', 'libuv-threads', 'libuv-processes'];
const reasonsOf = (events: EventLog) => events.of('closed').map(({ reason }) => reason);

onWorkers([...blocking, ...multiplexed], (subject, tidyTest) => {
  tidyTest('a worker that waits for a silent client ends by itself when the server stops', async () => {
    const server = await serveCommands(subject, { maxClients: 2 });
    const events = watch(server);
    const placed = await placeAll(server, 2);
    await soon('the server stops', server.close());
    // One that has to be ended has its clients closed with the reason `worker`.
    assert.deepEqual(reasonsOf(events), ['stopped', 'stopped']);
    for (const { client } of placed) assert.equal(await client.outcome(), 'end');
    assert.equal(events.of('worker-died').length, 0);
    dispose(placed);
  });

  tidyTest('a server on a path leaves no socket file, whatever its workers are doing', async () => {
    using folder = new TemporaryFolder();
    const path = folder.file('socket');
    const server = await serveCommands(subject, { path, maxClients: 2 });
    using silent = await TestClient.connect(server.address);
    assert.equal(await silent.ask('echo in'), 'in');
    using busy = await TestClient.connect(server.address);
    busy.send('never\n');
    assert.ok(existsSync(path));
    await soon('the server stops', server.close());
    assert.ok(!existsSync(path));
    assertAddsUp(server);
  });
});

onWorkers(
  ['thread-pool', 'process-pool', 'libuv-threads', 'libuv-processes', 'epoll-processes'],
  (subject, tidyTest) => {
    tidyTest('a worker that never comes back from a handler is ended when the server stops', () =>
      stopWhileOneHangs(subject),
    );
  },
);

// A thread that is ended in the midst of its work leaves to its process what it waited with, for which Node does not know to care.
onWorkers(['epoll-threads', 'uring-threads'], (subject) => {
  test('a thread that never comes back from a handler is ended when the server stops', () =>
    stopWhileOneHangs(subject));
});

async function stopWhileOneHangs(subject: Parameters<typeof serveCommands>[0]): Promise<void> {
  using journal = new Journal();
  const server = await serveCommands(subject, { workers: 2 }, { journal: journal.path });
  const events = watch(server);
  const placed = await placeAll(server, 2);
  const [hanging, other] = placed as [(typeof placed)[0], (typeof placed)[0]];
  assert.notEqual(hanging.worker, other.worker);
  hanging.client.send(`spin ${journal.path}.never\n`);
  await journal.includes('spins');
  assert.equal(await other.client.ask('echo still'), 'still');
  await soon('the server stops', server.close());
  assert.deepEqual(
    events
      .of('closed')
      .map(({ client, reason }) => `${client.id} ${reason}`)
      .sort(),
    [`${hanging.id} worker`, `${other.id} stopped`].sort(),
  );
  assert.match(await hanging.client.outcome(), /^(end|ECONNRESET)$/);
  assert.ok(!existsSync(`/proc/${hanging.worker}`), 'it is still there');
  assertAddsUp(server);
  dispose(placed);
}
