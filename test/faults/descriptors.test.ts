import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServeOptions } from '../../src/index.ts';
import { eventually, soon } from '../support/eventually.ts';
import { onEveryModel, type Subject, testWith } from '../support/models.ts';
import { cpuTimeOf } from '../support/proc.ts';
import { TestClient } from '../support/test-client.ts';
import { ServerProcess } from '../support/test-process.ts';

const LIMIT = 64;
/** More than there is room for, in the front or in two workers; fewer where a slow machine has to start a process for each in time. */
const crowdOf = ({ traits }: Subject) => (traits.costly ? 70 : 100);

/** Many clients that have each asked one thing, some of whom are in, since there are descriptors for no more. */
class Crowd implements Disposable {
  readonly clients: TestClient[];
  readonly answered = new Set<TestClient>();
  readonly gone = new Set<TestClient>();

  constructor(clients: TestClient[]) {
    this.clients = clients;
    for (const [i, client] of clients.entries()) {
      client.send(`echo ${i}!\n`);
      // Some hear first that they wait in line.
      client.readUntil('!\n').then(
        () => this.answered.add(client),
        () => this.gone.add(client),
      );
    }
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client[Symbol.dispose]();
  }
}

/** What a server says that has run out of descriptors: the front to accept a client or to hire somebody for it, or a worker to receive it. */
const RAN_OUT = /EMFILE|no descriptor left/;

/** A server that has run out of descriptors, and its clients. */
async function exhaust(
  subject: Subject,
  options: ServeOptions = {},
): Promise<{ server: ServerProcess; crowd: Crowd }> {
  const task = { subject, module: 'commands', protocol: {}, options } as const;
  const server = await ServerProcess.start(task, { descriptorLimit: LIMIT });
  const crowd = new Crowd(
    await Promise.all(Array.from({ length: crowdOf(subject) }, () => TestClient.connect(server.address))),
  );
  await eventually('it has run out', async () =>
    subject.traits.withoutDescriptors === 'closed unseen'
      ? crowd.gone.size > 0
      : (await server.ask('errors')).some((error) => RAN_OUT.test(error)),
  );
  await eventually('all who are in are answered', async () => {
    // A thread of libuv needs a second descriptor for each client, and its front may have left it none for any of them.
    const someone = crowd.answered.size > 0 || crowd.gone.size === crowd.clients.length;
    return someone && crowd.answered.size === (await server.ask('stats')).active;
  });
  return { server, crowd };
}

/** Waits until somebody who comes is served. @returns how many were closed before */
async function serveSomebody({ address }: ServerProcess): Promise<number> {
  let lost = 0;
  await eventually('whoever comes is served', async () => {
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
      'a server that has run out of descriptors serves who is in, does not spin, and recovers',
      async () => {
        const { server, crowd } = await exhaust(subject);
        await using _server = server;
        using _crowd = crowd;
        const inside = [...crowd.answered];

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

        // Whoever leaves makes room for others.
        for (const client of inside) client.finish();
        await eventually('everybody is answered or gone', () => {
          for (const client of crowd.answered) client.finish();
          return crowd.answered.size + crowd.gone.size === crowd.clients.length;
        });
        if (withoutDescriptors === 'wait') assert.equal(crowd.gone.size, 0, 'somebody was lost');
        else assert.ok(crowd.gone.size > 0);
        const lost = crowd.gone.size + (await serveSomebody(server));
        if (withoutDescriptors !== 'closed') return;
        // Every one that was lost is reported, and counted: its worker had no descriptor for it, or could not begin for lack of them.
        await eventually('all of them are', async () => {
          const { closed } = await server.ask('stats');
          const errors = (await server.ask('errors')).filter((error) => !error.includes('accept'));
          return closed.error + closed.worker === lost && errors.length === lost;
        });
      },
    );

    testOfMany('a line that has taken all descriptors comes to an end, and the server recovers', async () => {
      const { server, crowd } = await exhaust(subject, { maxClients: 4 });
      await using _server = server;
      using _crowd = crowd;
      await eventually('everybody is answered or gone', () => {
        for (const client of crowd.answered) client.finish();
        return crowd.answered.size + crowd.gone.size === crowd.clients.length;
      });
      await serveSomebody(server);
      await eventually('nobody is left', async () => (await server.ask('stats')).active === 0);
    });

    testOfMany('a server that has run out of descriptors closes like any other', async () => {
      const { server, crowd } = await exhaust(subject);
      await using _server = server;
      using _crowd = crowd;
      server.child.kill('SIGTERM');
      for (const client of crowd.answered) assert.equal(await client.readText(), 'farewell drain\n');
      assert.deepEqual(await soon('the process ends', server.exited), { code: 0, signal: null });
    });
  },
  { atOnce: true },
);
