import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import { TemporaryFolder } from '../support/journal.ts';
import { serveCommands } from '../support/serving.ts';
import { TestClient } from '../support/test-client.ts';
import { assertAddsUp, dispose, onWorkers, type Placed, placeAll, processOf, watch } from './workforces.ts';

const pools = ['epoll-threads', 'epoll-processes', 'libuv-threads', 'libuv-processes'];
const CLIENTS = 8;

/** Speaks without a pause until told to stop. */
class Talker {
  #stopped = false;
  readonly #over: Promise<number>;

  constructor({ client, id }: Placed) {
    this.#over = (async () => {
      let count = 0;
      while (!this.#stopped) assert.equal(await client.ask(`echo ${id} ${count++}`), `${id} ${count - 1}`);
      return count;
    })();
    // A failure is told by `stop`.
    this.#over.catch(() => {});
  }

  /** @returns how often it has been answered @throws when it once was not */
  stop(): Promise<number> {
    this.#stopped = true;
    return this.#over;
  }
}

/** How a worker comes to its end, and what is said of it. */
type End = {
  readonly title: string;
  readonly models: readonly string[];
  readonly bring: (victim: Placed) => void;
  readonly cause: (model: string) => RegExp;
};
const ends: readonly End[] = [
  {
    title: 'that is killed under load',
    models: ['epoll-processes', 'libuv-processes'],
    bring: (victim) => process.kill(processOf(victim), 'SIGKILL'),
    cause: () => /^WorkerError: process \d+ died: it was ended by SIGKILL$/,
  },
  {
    title: 'in which an exception is not caught',
    // A process would write it to the standard error of the tests, too.
    models: ['epoll-threads', 'libuv-threads'],
    bring: ({ client }) => client.send('crash\n'),
    cause: () => /^WorkerError: thread \d+ died: Error: crashed$/,
  },
  {
    title: 'that exits with a status',
    models: pools,
    bring: ({ client }) => client.send('exit 3\n'),
    cause: () => /^WorkerError: (thread|process) \d+ died: it exited with status 3$/,
  },
  {
    title: 'that exits as if it had been told to',
    models: pools,
    bring: ({ client }) => client.send('exit 0\n'),
    cause: () => /^WorkerError: (thread|process) \d+ ended by itself$/,
  },
];

onWorkers(pools, (subject, tidyTest) => {
  for (const { title, models, bring, cause } of ends) {
    if (!models.includes(subject.name)) continue;

    tidyTest(`a worker ${title} takes its own clients with it and no others, and is replaced`, async () => {
      await using server = await serveCommands(subject, { maxClients: CLIENTS });
      const events = watch(server);
      const all = await placeAll(server, CLIENTS);
      const victim = all[0] as Placed;
      const lost = all.filter(({ worker }) => worker === victim.worker);
      const others = all.filter(({ worker }) => worker !== victim.worker);
      assert.equal(others.length, CLIENTS / 2);
      const talkers = others.map((other) => new Talker(other));
      const victims = lost.slice(1).map((each) => new Talker(each));
      bring(victim);
      for (const { client } of lost) assert.match(await client.outcome(), /^(end|ECONNRESET)$/);
      await Promise.allSettled(victims.map((talker) => talker.stop()));

      const [died] = await events.until('worker-died');
      assert.match(String(died?.error), cause(subject.name));
      assert.ok(String(died?.error).includes(died?.worker ?? ''));
      assert.deepEqual([died?.clients, died?.restart], [lost.length, 100]);
      const closed = await events.until('closed', lost.length);
      assert.deepEqual(
        closed.map(({ client, reason }) => `${client.id} ${reason}`).sort(),
        lost.map(({ id }) => `${id} worker`).sort(),
      );

      const [started] = await events.until('worker-started');
      assert.notEqual(started?.worker, died?.worker);
      // There is room for as many as were lost: the new worker, which has the fewest, gets them.
      const newcomers = await placeAll(server, lost.length);
      assert.equal(new Set(newcomers.map(({ worker }) => worker)).size, 1);
      assert.ok(!all.some(({ worker }) => worker === newcomers[0]?.worker));
      assert.equal(await newcomers[0]?.client.ask('crowd'), `${CLIENTS}`);

      for (const talker of talkers) assert.ok((await talker.stop()) > 0);
      assert.equal(events.of('closed').length, lost.length);
      assert.equal(events.of('worker-died').length, 1);
      assert.equal(server.stats().closed.worker, lost.length);
      assertAddsUp(server);
      dispose([...all, ...newcomers]);
    });
  }

  tidyTest('a worker that dies again and again is replaced after pauses that grow', async () => {
    await using server = await serveCommands(subject, { workers: 1 });
    const events = watch(server);
    const pauses = [100, 200, 400];
    for (const [i] of pauses.entries()) {
      using client = await TestClient.connect(server.address);
      assert.equal(await client.ask('echo in'), 'in');
      client.send('exit 1\n');
      await events.until('worker-died', i + 1);
      // Whoever comes now waits for the next worker, and is in already.
      using early = await TestClient.connect(server.address);
      assert.equal(await early.ask('echo early'), 'early');
      assert.equal(events.of('worker-started').length, i + 1);
    }
    assert.deepEqual(
      events.of('worker-died').map(({ restart }) => restart),
      pauses,
    );
  });

  tidyTest(
    'a worker that cannot start again is tried until it can, and then has those who waited',
    async () => {
      using folder = new TemporaryFolder();
      const failsWith = folder.file('broken');
      await using server = await serveCommands(subject, { workers: 1 }, { failsWith });
      const events = watch(server);
      using client = await TestClient.connect(server.address);
      assert.equal(await client.ask('echo in'), 'in');
      writeFileSync(failsWith, '');
      client.send('exit 1\n');
      await events.until('worker-died', 3);
      using waiting = await TestClient.connect(server.address);
      await eventually('it is in', () => server.activeClients === 1);
      rmSync(failsWith);
      assert.equal(await waiting.ask('echo in'), 'in');
      const [, ...failed] = events.of('worker-died');
      for (const { error, clients } of failed) {
        assert.match(
          String(error),
          /^WorkerError: (thread|process) \d+ could not start: .+: Error: cannot begin$/,
        );
        assert.equal(clients, 0);
      }
      assert.deepEqual(
        failed.slice(0, 2).map(({ restart }) => restart),
        [200, 400],
      );
      assert.equal(events.of('worker-started').length, 1);
    },
  );

  tidyTest('a server whose worker has died stops before another has started', async () => {
    const server = await serveCommands(subject, { workers: 1 });
    const events = watch(server);
    using client = await TestClient.connect(server.address);
    client.send('exit 1\n');
    await events.until('worker-died');
    using waiting = await TestClient.connect(server.address);
    await eventually('it is in', () => server.activeClients === 1);
    await server.close();
    assert.match(await waiting.outcome(), /^(end|ECONNRESET)$/);
    assert.deepEqual(
      events.of('closed').map(({ reason }) => reason),
      ['worker', 'stopped'],
    );
    assertAddsUp(server);
  });
});

onWorkers(['thread-per-client', 'process-per-client'], (subject, tidyTest) => {
  tidyTest(
    'a worker that exits takes its client with it, which is said, and the next in line has its place',
    async () => {
      for (const [status, cause] of [
        [3, /it exited with status 3$/],
        [0, /ended by itself$/],
      ] as const) {
        await using server = await serveCommands(subject, { maxClients: 1, maxWaiting: 1 });
        const events = watch(server);
        using client = await TestClient.connect(server.address);
        assert.equal(await client.ask('echo in'), 'in');
        using next = await TestClient.connect(server.address);
        assert.equal(await next.readLine(), 'place 1');
        client.send(`exit ${status}\n`);
        assert.match(await client.outcome(), /^(end|ECONNRESET)$/);
        const [died] = await events.until('worker-died');
        assert.match(String(died?.error), cause);
        assert.deepEqual([died?.clients, died?.restart], [1, undefined]);
        assert.equal((await events.until('closed'))[0]?.reason, 'worker');
        assert.equal(await next.ask('echo next'), 'next');
        assertAddsUp(server);
      }
    },
  );
});
