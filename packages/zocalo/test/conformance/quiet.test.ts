import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { hasLine, inBatches, onEveryModel, type Subject } from '@zocalo/test-support/models.ts';
import { cpuTimeOf } from '@zocalo/test-support/proc.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess } from '@zocalo/test-support/test-process.ts';

const WATCHED_MS = 1_000;

/** What a client can have a server wait for. */
const scenes: ((client: TestClient) => void)[] = [
  (silent) => silent.send('echo\n'),
  (halfClosed) => halfClosed.finish('never\n'),
  (halfLine) => halfLine.send('echo hal'),
  (unread) => {
    unread.socket.pause();
    unread.finish('flood 1000000000\n');
  },
  (flooding) => flooding.send(Buffer.alloc(8_000_000, 'never\n')),
  (pending) => pending.send('never\n'),
];

onEveryModel(
  (subject) => {
    for (const kind of ['TCP', 'Unix'] as const) {
      test(`a server that waits uses no processor time, whatever its clients wait for (${kind})`, async () => {
        const batches = [...inBatches(subject, scenes)];
        await Promise.all(batches.map((batch) => beQuiet(subject, kind, batch)));
      });
    }
  },
  { atOnce: true },
);

async function beQuiet(
  subject: Subject,
  kind: 'TCP' | 'Unix',
  scenes: readonly ((client: TestClient) => void)[],
): Promise<void> {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start({
    subject,
    module: 'commands',
    protocol: {},
    options: {
      maxClients: scenes.length,
      ...(hasLine(subject) ? { maxWaiting: 3, whenFull: 'backlog' } : {}),
      ...(kind === 'Unix' ? { path: folder.file('socket') } : {}),
    },
  });
  const connect = () => TestClient.connect(server.address);
  const clients = await Promise.all(scenes.map(connect));
  for (const [i, play] of scenes.entries()) play(clients[i] as TestClient);
  await eventually('all are in', async () => (await server.ask('stats')).active === scenes.length);
  // Some wait in line, as far as there is one, and some outside.
  const waiting = await Promise.all([connect(), connect(), connect()]);
  waiting[0]?.finish('echo asked and finished\n');
  waiting[1]?.send(Buffer.alloc(1_000_000, 'echo\n'));
  const places = hasLine(subject) ? 3 : 0;
  await eventually('three wait', async () => (await server.ask('stats')).waiting === places);
  const outside = await Promise.all([connect(), connect()]);

  // Quiet is what comes after the last of it: it must come, and nothing must end it. Most use nothing. Threads that wait in themselves look
  // up 40 times a second, and 250 times while a promise is pending, as three of these are: 2 to 3 % of a processor for all six.
  await eventually('the server is quiet', async () => {
    const before = cpuTimeOf(server.pid);
    const start = performance.now();
    await sleep(WATCHED_MS);
    return cpuTimeOf(server.pid) - before < (performance.now() - start) / 10;
  });
  assert.equal((await server.ask('stats')).active, scenes.length);
  for (const client of [...clients, ...waiting, ...outside]) client.reset();
}
