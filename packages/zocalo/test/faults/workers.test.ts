import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, soon } from '@zocalo/test-support/eventually.ts';
import { subjectNamed } from '@zocalo/test-support/models.ts';
import { serveCrashing, serveModule } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { serve } from '../../src/index.ts';

const isolations = ['epoll-threads', 'epoll-processes'].map(subjectNamed);

/** What is reported of a death. A process writes to its error output what it died of; only a thread reports that. */
const causes: Record<string, Record<string, string>> = {
  throw: { thread: 'crashing', process: 'status 1' },
  exit: { thread: 'status 7', process: 'status 7' },
  kill: { process: 'SIGKILL' },
};

for (const subject of isolations) {
  for (const death of ['throw', 'exit', ...(subject.name === 'epoll-processes' ? ['kill'] : [])]) {
    test(`${subject.name}: a worker that dies (${death}) takes its own clients only, and is replaced`, async () => {
      await using served = await serveCrashing(subject, { workers: 2 });
      const { server, events } = served;
      using clients = await TestClient.connectAll(server.address, 6);
      const homes = await Promise.all(clients.map((client) => client.ask('home')));
      const doomed = homes[0];
      clients[0]?.send(`${death}\n`);
      const [died] = await events.until('worker-died');
      await events.until('closed', 3);
      assert.equal(died?.clients, 3);
      assert.ok(died?.error.message.includes(causes[death]?.[subject.options.isolation as string] ?? ''));
      assert.equal(died?.restartMs, 100);
      assert.deepEqual(
        events.of('closed').map(({ reason }) => reason),
        ['worker', 'worker', 'worker'],
      );
      assert.equal(server.activeClients, 3);
      for (const [i, client] of clients.entries()) {
        if (homes[i] === doomed) await client.outcome();
        else assert.equal(await client.ask('home'), homes[i]);
      }
      await events.until('worker-started');
      using newcomers = await TestClient.connectAll(server.address, 3);
      const newHomes = await Promise.all(newcomers.map((client) => client.ask('home')));
      assert.ok(
        newHomes.some((home) => !homes.includes(home)),
        'the new worker serves',
      );
    });
  }

  test(`${subject.name}: a worker in an endless loop is ended when the server stops, and nothing of it is left`, async () => {
    const tasks = () => readdirSync('/proc/self/task').length;
    const descriptors = () => readdirSync('/proc/self/fd').length;
    // The first server leaves what Node opens once.
    await (await serveModule(subject, 'crashing', {}, { workers: 2 })).close();
    const [tasksBefore, descriptorsBefore] = [tasks(), descriptors()];
    await using server = await serveModule(subject, 'crashing', {}, { workers: 2 });
    using client = await TestClient.connect(server.address);
    using other = await TestClient.connect(server.address);
    const pids = [await client.ask('home'), await other.ask('home')];
    client.send('spin\n');
    await soon('the server stops', server.close());
    client[Symbol.dispose]();
    other[Symbol.dispose]();
    await eventually('its threads are gone', () => tasks() <= tasksBefore);
    // A thread that is broken off cannot close what its loop had opened: two descriptors.
    const lost = subject.name === 'epoll-threads' ? 2 : 0;
    await eventually('its descriptors are closed', () => descriptors() <= descriptorsBefore + lost);
    if (subject.name === 'epoll-processes')
      for (const pid of pids) assert.throws(() => process.kill(Number(pid), 0));
  });
}

for (const name of ['thread-pool', 'process-pool', 'thread-per-client', 'process-per-client']) {
  test(`${name}: a worker that is blocked on its silent client stops with the server`, async () => {
    await using server = await serveModule(subjectNamed(name), 'crashing', {}, {});
    using client = await TestClient.connect(server.address);
    assert.notEqual(await client.ask('home'), '');
    const start = performance.now();
    await soon('the server stops', server.close());
    // Told, and not ended by force, which is done after 3 s.
    assert.ok(performance.now() - start < 3_000, 'it had to be ended by force');
    await client.outcome();
  });

  test(`${name}: sockets whose clients have gone already leave nothing behind`, async () => {
    await using server = await serveModule(subjectNamed(name), 'crashing', {}, {});
    for (let i = 0; i < 20; i++) {
      const client = await TestClient.connect(server.address);
      client.send('home\n');
      client.reset();
    }
    await eventually('all have left', () => {
      const { accepted, active, waiting } = server.stats();
      return accepted > 0 && active + waiting === 0;
    });
    using late = await TestClient.connect(server.address);
    assert.notEqual(await late.ask('home'), '');
  });
}

test('process-per-client: when no process can be started, the client is refused and the server goes on', async () => {
  const subject = subjectNamed('process-per-client');
  await using served = await serveCrashing(subject);
  const { server, events } = served;
  const { execPath } = process;
  process.execPath = '/nonexistent/node';
  try {
    using unlucky = await TestClient.connect(server.address);
    assert.equal(await unlucky.readText(), 'refused no-worker\n');
    const [died] = await events.until('worker-died');
    assert.match(died?.error.message ?? '', /could not be started: .*ENOENT/);
    assert.equal((await events.until('refused'))[0]?.cause, 'no-worker');
    assert.equal(events.of('opened').length, 0);
    assert.equal(server.activeClients, 0);
  } finally {
    process.execPath = execPath;
  }
  using lucky = await TestClient.connect(server.address);
  assert.notEqual(await lucky.ask('home'), '');
});

for (const model of ['process-per-client', 'thread-per-client']) {
  test(`${model}: at the limit on processes and threads each client is closed, and the server goes on and stops`, () => {
    const script = fileURLToPath(new URL('../../../test-support/src/at-process-limit.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, model], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const lines = stdout.trim().split('\n');
    const why = /could not be started: .*EAGAIN, which is the limit on processes and threads/;
    assert.equal(lines.filter((line) => why.test(line)).length, 3, stdout);
    assert.equal(lines.filter((line) => /^answer: "(end|ECONNRESET)"$/.test(line)).length, 3, stdout);
    assert.equal(lines.at(-1), 'active: 0');
  });
}

test('a protocol that fails to load in a worker is an error when the server starts', async () => {
  const url = new URL('../../../test-support/src/protocols/crashing.ts', import.meta.url);
  for (const model of ['thread-pool', 'process-pool'] as const) {
    const options = { model, workers: 1, protocolOptions: { failsInWorkers: true } };
    await assert.rejects(serve(url, options), { code: 'ERR_WORKER', message: /could not start: .*not here/ });
  }
});

test('a model with workers needs a module and options that can be cloned, and says so', async () => {
  const { default: crashing } = await import('@zocalo/test-support/protocols/crashing.ts');
  const url = new URL('../../../test-support/src/protocols/crashing.ts', import.meta.url);
  await assert.rejects(serve(await crashing(), { model: 'thread-pool' }), {
    code: 'ERR_OPTION',
    message: /give it as a module/,
  });
  await assert.rejects(serve(url, { model: 'epoll', workers: 2, protocolOptions: { f() {} } }), {
    code: 'ERR_OPTION',
    message: /cloneable/,
  });
  await assert.rejects(serve(new URL('./nowhere.ts', import.meta.url), {}), { code: 'ERR_PROTOCOL_MODULE' });
});
