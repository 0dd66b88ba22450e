import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, soon } from '@zocalo/test-support/eventually.ts';
import { hasLine, onEveryModel, testWith, upTo } from '@zocalo/test-support/models.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess, type ServerTask } from '@zocalo/test-support/test-process.ts';

onEveryModel(
  (subject) => {
    const testOfTwo = testWith(subject, { clients: 2 });

    const task: ServerTask = {
      subject,
      module: 'commands',
      protocol: {},
      options: {
        maxClients: upTo(subject, subject.traits.workers === undefined ? 20 : 4),
        idleTimeoutMs: 60_000,
        ...(hasLine(subject) ? { maxWaiting: 20 } : {}),
      },
    };
    const many = subject.traits.spawnsPerClient ? 42 : 210;

    test('a server that stops leaves no descriptor behind and lets its process end by itself', async () => {
      await using server = await ServerProcess.start(task);
      const stories: ((client: TestClient) => unknown)[] = [
        (client) => client.finish('echo\nflood 100000\n'),
        (client) => client.send('bye\n'),
        (client) => client.send('throw\n'),
        (client) => client.send('never\n'),
        (client) => client.reset(),
        (client) => client.socket.destroy(),
        () => {},
      ];
      for (let i = 0; i < many; i++) {
        const client = await TestClient.connect(server.address);
        stories[i % stories.length]?.(client);
        // Some stay to the end: some that are served, some that wait, and some that are refused.
        if (i % 3 > 0) setTimeout(() => client.socket.destroy(), 5);
      }
      await server.endsCleanly();
    });

    test('a process that exits while a server is serving and asleep ends at once', async () => {
      await using server = await ServerProcess.start(task);
      using client = await TestClient.connect(server.address);
      assert.equal(await client.ask('later 100 in'), 'in');
      server.ask('exit').catch(() => {});
      assert.deepEqual(await soon('the process ends', server.exited), { code: 3, signal: null });
    });

    testOfTwo('clients that have gone leave no descriptor behind in a server that goes on', async () => {
      await using server = await ServerProcess.start(task);
      using first = await TestClient.connect(server.address);
      assert.equal(await first.ask('echo in'), 'in');
      // Each worker opens a few for good with its first clients.
      for (let i = 0; i < 4; i++) {
        using early = await TestClient.connect(server.address);
        early.send('bye\n');
        assert.equal(await early.readText(), 'bye\n');
        await eventually('it has left', async () => (await server.ask('stats')).active === 1);
      }
      const { now: usual } = await server.ask('descriptors');
      // Ended by the server, these never close their side: the server lets go of them all the same.
      const lingering: TestClient[] = [];
      for (let i = 0; i < 10; i++) {
        const client = await TestClient.connect(server.address, { keepsOpen: true });
        client.send('bye\n');
        assert.equal(await client.readText(), 'bye\n');
        await eventually('it has left', async () => (await server.ask('stats')).active === 1);
        lingering.push(client);
      }
      await eventually(
        'their descriptors are closed',
        async () => (await server.ask('descriptors')).now <= usual,
      );
      assert.equal(await first.ask('echo still'), 'still');
      for (const client of lingering) client[Symbol.dispose]();
    });
  },
  { atOnce: true },
);
