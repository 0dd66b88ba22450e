import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Journal, TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryModel, type Subject, upTo } from '@zocalo/test-support/models.ts';
import { backlogOf, processTree } from '@zocalo/test-support/proc.ts';
import { serveCommands, type TestServer } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { OptionError } from '../../src/index.ts';

// What is true of some models only, and is the reason why the tests of something else are not defined for them.

/** A thread as the protocol tells it: `<process>/task/<thread>`, where the first thread of a process has the number of the process. */
const here = `${process.pid}/task/${process.pid}`;

/** Whether a thread that the protocol has told is still there. */
const alive = (thread: string) => existsSync(`/proc/${thread}`);

/** Asserts that a thread is of the kind that serves for a subject. */
function assertKind({ traits }: Subject, thread: string): void {
  const [pid, task] = thread.split('/task/').map(Number);
  if (traits.workers === undefined) assert.equal(thread, here);
  else if (traits.workers === 'threads') {
    assert.equal(pid, process.pid);
    assert.notEqual(task, process.pid);
  } else {
    assert.notEqual(pid, process.pid);
    assert.ok(processTree(process.pid).includes(pid as number));
  }
}

async function connectAll(server: TestServer, count: number): Promise<TestClient[]> {
  const clients: TestClient[] = [];
  for (let i = 0; i < count; i++) clients.push(await TestClient.connect(server.address));
  return clients;
}

onEveryModel((subject) => {
  const { workers, clientsAtOnce, spawnsPerClient } = subject.traits;
  // libuv serves on systems that have no /proc, too.
  const skip = process.platform === 'linux' ? false : 'threads are seen in /proc';

  test('clients are served in threads or processes of the kind that the model says', { skip }, async () => {
    const count = upTo(subject, 3);
    await using server = await serveCommands(subject, { maxClients: count });
    for (const client of await connectAll(server, count)) {
      assertKind(subject, await client.ask('where'));
      client[Symbol.dispose]();
    }
  });

  if (clientsAtOnce === 1) {
    test('a client is accepted only when the one before it has gone, and waits in the kernel until then', async () => {
      await using server = await serveCommands(subject);
      using first = await TestClient.connect(server.address);
      assert.equal(await first.ask('echo in'), 'in');
      using second = await TestClient.connect(server.address);
      using third = await TestClient.connect(server.address);
      third.send('who\n');
      second.send('who\n');
      for (let i = 0; i < 5; i++) assert.equal(await first.ask(`later 20 ${i}`), `${i}`);
      const { accepted, active, waiting } = server.stats();
      assert.deepEqual({ accepted, active, waiting }, { accepted: 1, active: 1, waiting: 0 });
      assert.equal(backlogOf(server.address.port), 2);
      assert.equal(second.available, 0);
      first.finish();
      assert.match(await second.readLine(), /^2 /);
      assert.equal(third.available, 0);
      second.reset();
      assert.match(await third.readLine(), /^3 /);
      assert.equal(await third.ask('active'), '1');
    });

    test('options that speak of several clients are refused', async () => {
      for (const options of [{ maxClients: 2 }, { maxWaiting: 1 }, { whenFull: 'refuse' }] as const)
        await assert.rejects(serveCommands(subject, options), OptionError);
    });
  }

  if (workers !== undefined) {
    test('a handler that computes delays only the clients of its own worker', async () => {
      using journal = new Journal();
      using folder = new TemporaryFolder();
      await using server = await serveCommands(subject, {}, { journal: journal.path });
      using computing = await TestClient.connect(server.address);
      computing.send(`spin ${folder.file('enough')}\n`);
      await journal.includes('spins');
      using other = await TestClient.connect(server.address);
      assert.equal(await other.ask('later 5 meanwhile'), 'meanwhile');
      assert.equal(computing.available, 0);
      writeFileSync(folder.file('enough'), '');
      assert.equal(await computing.readLine(), 'spun');
    });
  }

  if (workers !== undefined && clientsAtOnce < Number.POSITIVE_INFINITY && !spawnsPerClient) {
    test('a pool of 4 serves 4 at once, each alone, and the fifth takes the worker of the one that leaves', async () => {
      await using server = await serveCommands(subject, { workers: 4 });
      const clients = await connectAll(server, 4);
      const threads = await Promise.all(clients.map((client) => client.ask('where')));
      assert.equal(new Set(threads).size, 4);
      using fifth = await TestClient.connect(server.address);
      assert.equal(await fifth.readLine(), 'place 1');
      const { active, waiting } = server.stats();
      assert.deepEqual({ active, waiting }, { active: 4, waiting: 1 });
      clients[2]?.finish();
      assert.equal(await fifth.ask('where'), threads[2]);
      for (const client of clients) client[Symbol.dispose]();
    });

    test('a pool lets in as many as it has workers, however many it is allowed', async () => {
      await using server = await serveCommands(subject, { workers: 2, maxClients: 100 });
      const clients = await connectAll(server, 3);
      assert.equal(await clients[2]?.readLine(), 'place 1');
      assert.equal(server.activeClients, 2);
      for (const client of clients) client[Symbol.dispose]();
    });
  }

  if (spawnsPerClient) {
    test('every client has a thread or process to itself, which ends when the client has left', async () => {
      await using server = await serveCommands(subject);
      const events = new EventLog(server);
      const clients = await connectAll(server, 3);
      const threads = await Promise.all(clients.map((client) => client.ask('where')));
      assert.equal(new Set(threads).size, 3);
      for (const thread of threads) assert.ok(alive(thread));
      clients[0]?.finish();
      clients[1]?.reset();
      await eventually('two have ended', () => !threads.slice(0, 2).some(alive));
      assert.equal(await clients[2]?.ask('where'), threads[2]);
      // The next one does not inherit theirs.
      using next = await TestClient.connect(server.address);
      const another = await next.ask('where');
      assert.ok(!threads.includes(another) && alive(another));
      clients[2]?.finish();
      await events.until('closed', 3);
      await server.close();
      assert.ok(![...threads, another].some(alive), 'a worker is left');
    });
  } else if (workers !== undefined) {
    test('a fixed number of workers stays while clients come and go, and ends with the server', async () => {
      await using server = await serveCommands(subject);
      const events = new EventLog(server);
      const threads = new Set<string>();
      for (let i = 0; i < 6; i++) {
        using client = await TestClient.connect(server.address);
        threads.add(await client.ask('where'));
        client.finish();
        await client.readAll();
        await events.until('closed', i + 1);
      }
      assert.ok(threads.size <= (subject.options.workers ?? 0));
      assert.ok([...threads].every(alive));
      await server.close();
      assert.ok(![...threads].some(alive), 'a worker is left');
    });
  }
});
