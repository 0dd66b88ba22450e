import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '../support/eventually.ts';
import { onEveryModel, type Subject } from '../support/models.ts';
import { cpuTimeOf } from '../support/proc.ts';
import { TestClient } from '../support/test-client.ts';
import { ServerProcess } from '../support/test-process.ts';

const LIMIT = 64;
const CLIENTS = 100;

/** Many clients that have each asked one thing, some of whom are in, since there are descriptors for no more. */
class Crowd implements Disposable {
  readonly clients: TestClient[];
  readonly answered = new Set<TestClient>();
  readonly gone = new Set<TestClient>();

  constructor(clients: TestClient[]) {
    this.clients = clients;
    for (const [i, client] of clients.entries()) {
      client.send(`echo ${i}\n`);
      client.readLine().then(
        () => this.answered.add(client),
        () => this.gone.add(client),
      );
    }
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client[Symbol.dispose]();
  }
}

/** A server that has run out of descriptors, and its clients. */
async function exhaust(subject: Subject): Promise<{ server: ServerProcess; crowd: Crowd }> {
  const task = { subject, module: 'commands', protocol: {}, options: {} } as const;
  const server = await ServerProcess.start(task, { descriptorLimit: LIMIT });
  const crowd = new Crowd(
    await Promise.all(Array.from({ length: CLIENTS }, () => TestClient.connect(server.address))),
  );
  await eventually('it has run out', async () =>
    subject.traits.waitsForDescriptors
      ? (await server.ask('errors')).some((error) => error.includes('EMFILE'))
      : crowd.gone.size > 0,
  );
  await eventually('all who are in are answered', async () => {
    return crowd.answered.size > 0 && crowd.answered.size === (await server.ask('stats')).active;
  });
  assert.ok(crowd.answered.size < LIMIT);
  return { server, crowd };
}

onEveryModel(
  (subject) => {
    test('a server that has run out of descriptors serves who is in, does not spin, and recovers', async () => {
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
        return crowd.answered.size + crowd.gone.size === CLIENTS;
      });
      if (subject.traits.waitsForDescriptors) assert.equal(crowd.gone.size, 0, 'somebody was lost');
      await eventually('whoever comes then is served', async () => {
        using late = await TestClient.connect(server.address);
        return await late.ask('echo late').then(
          (answer) => answer === 'late',
          () => false,
        );
      });
    });

    test('a server that has run out of descriptors closes like any other', async () => {
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
