import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { TemporaryFolder } from '../support/journal.ts';
import { onEveryModel } from '../support/models.ts';
import { cpuTimeOf } from '../support/proc.ts';
import { TestClient } from '../support/test-client.ts';
import { ServerProcess } from '../support/test-process.ts';

const WATCHED = 1_000;

onEveryModel(
  (subject) => {
    for (const kind of ['TCP', 'Unix'] as const) {
      test(`a server that waits uses no processor time, whatever its clients wait for (${kind})`, async () => {
        using folder = new TemporaryFolder();
        await using server = await ServerProcess.start({
          subject,
          module: 'commands',
          protocol: {},
          options: {
            maxClients: 6,
            maxWaiting: 3,
            whenFull: 'backlog',
            ...(kind === 'Unix' ? { path: folder.file('socket') } : {}),
          },
        });
        const connect = (reading = true) => TestClient.connect(server.address, { reading });
        const [silent, halfClosed, halfLine, unread, flooding, pending] = await Promise.all(
          [true, true, true, false, true, true].map(connect),
        );
        silent?.send('echo\n');
        halfClosed?.finish('never\n');
        halfLine?.send('echo hal');
        unread?.finish('flood 1000000000\n');
        flooding?.send(Buffer.alloc(8_000_000, 'never\n'));
        pending?.send('never\n');
        await eventually('all six are in', async () => (await server.ask('stats')).active === 6);
        const waiting = await Promise.all([connect(), connect(), connect()]);
        waiting[0]?.finish('echo asked and finished\n');
        waiting[1]?.send(Buffer.alloc(1_000_000, 'echo\n'));
        await eventually('three wait', async () => (await server.ask('stats')).waiting === 3);
        const outside = await Promise.all([connect(), connect()]);

        // Quiet is what comes after the last of it: it must come, and nothing must end it.
        await eventually('the server is quiet', async () => {
          const before = cpuTimeOf(server.pid);
          const start = performance.now();
          await sleep(WATCHED);
          return cpuTimeOf(server.pid) - before < (performance.now() - start) / 10;
        });
        assert.equal((await server.ask('stats')).active, 6);
        for (const client of [
          silent,
          halfClosed,
          halfLine,
          unread,
          flooding,
          pending,
          ...waiting,
          ...outside,
        ])
          client?.reset();
      });
    }
  },
  { atOnce: true },
);
