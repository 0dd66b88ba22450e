import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { serve, WorkerError } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { TemporaryFolder } from '../support/journal.ts';
import { serveCommands } from '../support/serving.ts';
import { TestClient } from '../support/test-client.ts';
import { assertAddsUp, dispose, onWorkers, type Placed, placeAll, processOf, watch } from './workforces.ts';

/** Runs something while this process cannot start another: what it would run is not there. */
async function withoutProcesses<Value>(execPath: string, run: () => Promise<Value>): Promise<Value> {
  const usual = process.execPath;
  process.execPath = execPath;
  try {
    return await run();
  } finally {
    process.execPath = usual;
  }
}
/** Starting it fails later, as it does when there are too many processes; starting nothing fails at once, as for lack of descriptors. */
const ABSENT = '/nonexistent/node';
const NOTHING = '';

const everybody = ['epoll-threads', 'epoll-processes', 'thread-pool', 'process-pool'];

onWorkers(everybody, (subject, tidyTest) => {
  tidyTest('a server whose workers cannot start says why, and is none', async () => {
    using folder = new TemporaryFolder();
    const path = folder.file('broken.ts');
    // The module is loaded here first, for the words of those who are refused: it must fail in the workers alone.
    const code = `
      import { isMainThread } from 'node:worker_threads';
      import commands from ${JSON.stringify(new URL('../support/protocols/commands.ts', import.meta.url).href)};
      export default (pid) => {
        if (!isMainThread || process.pid !== pid) throw new RangeError('not here');
        return commands();
      };`;
    writeFileSync(path, code);
    await assert.rejects(
      serve(pathToFileURL(path), { ...subject.options, protocolOptions: process.pid }),
      (error) =>
        error instanceof WorkerError && /could not start: .*RangeError: not here/.test(error.message),
    );
  });
});

onWorkers(['process-per-client'], (subject, tidyTest) => {
  tidyTest(
    'a client for whom no process can be started is closed, which is said, and the server goes on',
    async () => {
      await using server = await serveCommands(subject, { maxClients: 4 });
      const events = watch(server);
      const placed = await placeAll(server, 1);
      await withoutProcesses(ABSENT, async () => {
        for (const count of [1, 2, 3]) {
          using client = await TestClient.connect(server.address);
          assert.match(await client.outcome(), /^(end|ECONNRESET)$/);
          const died = (await events.until('worker-died', count)).at(-1);
          assert.match(String(died?.error), /^WorkerError: .*could not be started: spawn .* ENOENT$/);
          assert.deepEqual([died?.clients, died?.restart], [1, undefined]);
          assert.equal((await events.until('closed', count)).at(-1)?.reason, 'worker');
        }
      });
      assert.equal(await placed[0]?.client.ask('echo still'), 'still');
      const more = await placeAll(server, 3);
      assert.equal(server.activeClients, 4);
      assertAddsUp(server);
      dispose([...placed, ...more]);
    },
  );

  for (const [how, execPath, reason] of [
    ['later', ABSENT, 'worker'],
    ['at once', NOTHING, 'error'],
  ] as const) {
    tidyTest(
      `those in line for whom starting a process fails ${how} are closed one by one, and the server goes on`,
      async () => {
        await using server = await serveCommands(subject, { maxClients: 1, maxWaiting: 3 });
        const events = watch(server);
        const placed = await placeAll(server, 1);
        const waiting: TestClient[] = [];
        for (const place of [1, 2, 3]) {
          const client = await TestClient.connect(server.address);
          assert.equal(await client.readLine(), `place ${place}`);
          waiting.push(client);
        }
        await withoutProcesses(execPath, async () => {
          placed[0]?.client.finish();
          for (const client of waiting) assert.match(await client.outcome(), /^(end|ECONNRESET)$/);
          await events.until('closed', 4);
        });
        assert.deepEqual(
          events.of('closed').map((event) => event.reason),
          ['client', reason, reason, reason],
        );
        const told = [...events.of('error'), ...events.of('worker-died')];
        assert.equal(told.length, 3);
        const [next] = await placeAll(server, 1);
        assert.equal(await next?.client.ask('crowd'), '1');
        assertAddsUp(server);
        for (const client of waiting) client[Symbol.dispose]();
        dispose([...placed, next as Placed]);
      },
    );
  }
});

onWorkers(
  [
    'epoll-threads',
    'epoll-processes',
    'libuv-threads',
    'libuv-processes',
    'process-pool',
    'thread-per-client',
    'process-per-client',
  ],
  (subject, tidyTest) => {
    const rounds = subject.traits.costly ? 2 : 15;
    tidyTest('clients that have gone before their socket is handed over leave nothing behind', async () => {
      await using server = await serveCommands(subject);
      const events = watch(server);
      const manners: ((client: TestClient) => void)[] = [
        (client) => client.reset(),
        (client) => client.socket.destroy(),
        (client) => {
          client.send('flood 1000000\n');
          client.reset();
        },
        (client) => {
          client.send('echo gone\n');
          client.socket.destroy();
        },
      ];
      for (let round = 0; round < rounds; round++) {
        await Promise.all(
          Array.from({ length: 12 }, async (_, i) =>
            manners[i % 4]?.(await TestClient.connect(server.address)),
          ),
        );
      }
      // Who comes last is served when all before it have been accepted.
      using last = await TestClient.connect(server.address);
      await eventually(
        'it is in, and nobody else',
        async () => server.activeClients === 1 && server.stats().waiting === 0,
      );
      last.finish('echo last\n');
      assert.match(await last.readText(), /last\n$/);
      await eventually('nobody is left', () => server.activeClients === 0);
      assertAddsUp(server);
      const { accepted } = server.stats();
      assert.equal(events.of('closed').length + events.of('refused').length, accepted);
      for (const { reason } of events.of('closed')) assert.match(reason, /^(client|reset)$/);
      assert.deepEqual(events.of('error'), []);
      assert.deepEqual(events.of('worker-died'), []);
    });
  },
);

const hasPrlimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;
onWorkers(['epoll-processes', 'libuv-processes'], (subject, tidyTest) => {
  if (!hasPrlimit) {
    test('more clients than a worker has descriptors', { skip: 'there is no prlimit (util-linux)' });
    return;
  }
  tidyTest(
    'clients for whom a worker has no descriptor are closed, which is said, and it serves the others',
    async () => {
      await using server = await serveCommands(subject, { workers: 1 });
      const events = watch(server);
      const placed = await placeAll(server, 1);
      const worker = processOf(placed[0] as Placed);
      execFileSync('prlimit', ['--pid', `${worker}`, '--nofile=60']);
      const all = await Promise.all(Array.from({ length: 80 }, () => TestClient.connect(server.address)));
      const served: TestClient[] = [];
      for (const client of all) {
        client.send('echo in\n');
        if ((await client.readLine().catch(() => '')) === 'in') served.push(client);
      }
      const turnedAway = all.length - served.length;
      assert.ok(served.length > 0 && turnedAway > 0, `${turnedAway} of ${all.length} were turned away`);
      await events.until('closed', turnedAway);
      assert.deepEqual(new Set(events.of('closed').map(({ reason }) => reason)), new Set(['error']));
      const errors = events.of('error').map(({ error }) => String(error));
      assert.equal(errors.length, turnedAway);
      for (const error of errors) assert.match(error, /no descriptor left|EMFILE/);
      // Whoever leaves makes room.
      for (const client of served.splice(0, 5)) {
        client.finish();
        await client.readAll();
      }
      await eventually('their places are free', () => server.activeClients === 1 + served.length);
      const newcomers = await placeAll(server, 5);
      for (const each of newcomers) assert.equal(processOf(each), worker);
      assert.deepEqual(events.of('worker-died'), []);
      assertAddsUp(server);
      dispose([...placed, ...newcomers]);
      for (const client of all) client[Symbol.dispose]();
    },
  );
});
