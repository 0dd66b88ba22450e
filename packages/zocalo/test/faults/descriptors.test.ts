import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '@zocalo/test-support/eventually.ts';
import { onEveryModel, type Subject, testWith } from '@zocalo/test-support/models.ts';
import { cpuTimeOf } from '@zocalo/test-support/proc.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess } from '@zocalo/test-support/test-process.ts';
import type { ServeOptions } from '../../src/index.ts';

const LIMIT = 64;
/** More than there is room for, in the front or in two workers; fewer where a slow machine has to start a process for each in time. */
const clientCount = ({ traits }: Subject) => (traits.spawnsPerClient ? 70 : 100);

/** Many clients that have each asked one thing, of which some are served, since there are descriptors for no more. */
class Clients {
  readonly all: TestClient[];
  readonly answered = new Set<TestClient>();
  readonly gone = new Set<TestClient>();

  constructor(clients: TestClient[]) {
    this.all = clients;
    for (const [i, client] of clients.entries()) {
      client.send(`echo ${i}!\n`);
      // Some hear first that they wait in line.
      client.readUntil('!\n').then(
        () => this.answered.add(client),
        () => this.gone.add(client),
      );
    }
  }
}

/** What a server reports that has run out of descriptors: the acceptor, to accept a client or to start a worker for it, or a worker, to receive it. */
const RAN_OUT = /EMFILE|no descriptor left/;

type Exhausted = AsyncDisposable & { readonly server: ServerProcess; readonly clients: Clients };

/** A server that has run out of descriptors, and its clients. */
async function exhaust(subject: Subject, options: ServeOptions = {}): Promise<Exhausted> {
  await using resources = new AsyncDisposableStack();
  const task = { subject, module: 'commands', protocol: {}, options } as const;
  const server = resources.use(await ServerProcess.start(task, { descriptorLimit: LIMIT }));
  const connected = Array.from({ length: clientCount(subject) }, async () =>
    resources.use(await TestClient.connect(server.address)),
  );
  const clients = new Clients(await Promise.all(connected));
  await eventually('it has run out', async () =>
    subject.traits.withoutDescriptors === 'closed unseen'
      ? clients.gone.size > 0
      : (await server.ask('errors')).some((error) => RAN_OUT.test(error)),
  );
  await eventually('all that are served are answered', async () => {
    // A thread of libuv needs a second descriptor for each client, and its acceptor may have left it none for any of them.
    const settled = clients.answered.size > 0 || clients.gone.size === clients.all.length;
    return settled && clients.answered.size === (await server.ask('stats')).active;
  });
  const kept = resources.move();
  return { server, clients, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Waits until a new client is served. @returns how many were closed before */
async function serveOneMore({ address }: ServerProcess): Promise<number> {
  let lost = 0;
  await eventually('a new client is served', async () => {
    using late = await TestClient.connect(address);
    return await late.ask('echo late').catch(() => void lost++);
  });
  return lost;
}

onEveryModel(
  (subject) => {
    const testOfMany = testWith(subject, { clients: 2 });
    const { withoutDescriptors } = subject.traits;

    testOfMany(
      'a server that has run out of descriptors serves its clients, does not spin, and recovers',
      async () => {
        await using exhausted = await exhaust(subject);
        const { server, clients } = exhausted;
        const inside = [...clients.answered];

        // While the others wait, it waits too.
        const [cpuBefore, wallBefore] = [cpuTimeOf(server.pid), performance.now()];
        for (let round = 0; round < 10; round++) {
          for (const client of inside.slice(0, 5)) assert.equal(await client.ask('echo in'), 'in');
          await sleep(100);
        }
        const cpu = cpuTimeOf(server.pid) - cpuBefore;
        const wall = performance.now() - wallBefore;
        assert.ok(cpu < wall / 2, `it was busy for ${cpu} ms of ${wall}`);
        for (const client of inside) assert.equal(await client.ask('echo in'), 'in');

        // A client that leaves makes room for others.
        for (const client of inside) client.finish();
        await eventually('every client is answered or gone', () => {
          for (const client of clients.answered) client.finish();
          return clients.answered.size + clients.gone.size === clients.all.length;
        });
        if (withoutDescriptors === 'wait') assert.equal(clients.gone.size, 0, 'a client was lost');
        else assert.ok(clients.gone.size > 0);
        const lost = clients.gone.size + (await serveOneMore(server));
        if (withoutDescriptors !== 'closed') return;
        // Every one that was lost is reported, and counted: its worker had no descriptor for it, or could not begin for lack of them.
        await eventually('all of them are', async () => {
          const { closed, refused } = await server.ask('stats');
          const errors = (await server.ask('errors')).filter((error) => !error.includes('accept'));
          return closed.error + closed.worker + refused['no-worker'] === lost && errors.length === lost;
        });
      },
    );

    testOfMany('a line that has taken all descriptors comes to an end, and the server recovers', async () => {
      await using exhausted = await exhaust(subject, { maxClients: 4 });
      const { server, clients } = exhausted;
      await eventually('every client is answered or gone', () => {
        for (const client of clients.answered) client.finish();
        return clients.answered.size + clients.gone.size === clients.all.length;
      });
      await serveOneMore(server);
      await eventually('no client is left', async () => (await server.ask('stats')).active === 0);
    });

    testOfMany('a server that has run out of descriptors closes like any other', async () => {
      await using exhausted = await exhaust(subject);
      const { server, clients } = exhausted;
      server.child.kill('SIGTERM');
      for (const client of clients.answered) assert.equal(await client.readText(), 'farewell drain\n');
      assert.deepEqual(await soon('the process ends', server.exited), { code: 0, signal: null });
    });
  },
  { atOnce: true },
);
