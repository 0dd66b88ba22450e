import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '@zocalo/test-support/eventually.ts';
import { onEveryLoop, type Subject, testWith } from '@zocalo/test-support/models.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { type DrainReport, lines, type Protocol, type Reply, type Server, serve } from '../../src/index.ts';

/** A server whose handlers can reach it, and the answers of one kind of line each. */
async function serveWith(
  subject: Subject,
  answers: Record<string, (server: Server) => Reply>,
): Promise<Server> {
  let server: Server | undefined;
  const protocol: Protocol<string> = {
    name: 'inside',
    framing: lines(),
    message: (line) => (answers[line] === undefined ? `${line}\n` : answers[line](server as Server)),
    farewell: (reason) => `farewell ${reason}\n`,
  };
  server = await serve(protocol, subject.options);
  return server;
}

const told = ({ cut }: DrainReport) => `drained, ${cut} cut\n`;
const drained = async (server: Server) => told(await server.drain());

onEveryLoop(
  (subject) => {
    // In a worker a handler has no server to reach.
    if (subject.traits.workers !== undefined) return;
    const testOfThree = testWith(subject, { clients: 3 });

    const ways: Record<string, (server: Server) => Reply> = {
      'an asynchronous handler': drained,
      'a handler that asks after something else': async (server) => {
        await sleep(1);
        return drained(server);
      },
      'a handler that passes the promise on': (server) => server.drain().then(told),
      'a generator': async function* (server) {
        yield 'draining\n';
        yield drained(server);
      },
      'a handler that asks twice': async (server) => {
        await Promise.all([server.drain(), server.drain()]);
        return drained(server);
      },
    };
    for (const [way, answer] of Object.entries(ways)) {
      test(`${way} may wait for the drain, and its answer is delivered`, async () => {
        await using server = await serveWith(subject, { drain: answer });
        using client = await TestClient.connect(server.address);
        client.send('drain\n');
        assert.match(await client.readText(), /^(draining\n)?drained, 0 cut\nfarewell drain\n$/);
        assert.deepEqual(await server.drain(), { cut: 0 });
        assert.equal(server.stats().closed.drain, 1);
      });
    }

    testOfThree('it waits for all others, and two that ask do not wait for each other', async () => {
      let finish = (_: string) => {};
      const slow = new Promise<string>((resolve) => (finish = resolve));
      const asked: string[] = [];
      const ask = (server: Server) => {
        asked.push('asked');
        return drained(server).finally(() => asked.push('told'));
      };
      await using server = await serveWith(subject, { drain: ask, slow: () => slow });
      using one = await TestClient.connect(server.address);
      using other = await TestClient.connect(server.address);
      using busy = await TestClient.connect(server.address);
      busy.send('slow\n');
      assert.equal(await one.ask('in'), 'in');
      one.send('drain\n');
      other.send('drain\n');
      await eventually('both have asked', () => asked.length === 2);
      for (let i = 0; i < 20; i++) await sleep(1);
      assert.deepEqual(asked, ['asked', 'asked']);
      finish('done\n');
      assert.equal(await busy.readText(), 'done\nfarewell drain\n');
      for (const client of [one, other])
        assert.equal(await client.readText(), 'drained, 0 cut\nfarewell drain\n');
      assert.deepEqual(await server.drain(), { cut: 0 });
    });

    testOfThree(
      'when the time is over the other clients are cut off, and the handler that asked still answers',
      async () => {
        const answers = {
          drain: async (server: Server) => told(await server.drain(300)),
          never: () => new Promise<never>(() => {}),
        };
        await using server = await serveWith(subject, answers);
        using busy = await TestClient.connect(server.address);
        busy.send('never\n');
        using client = await TestClient.connect(server.address);
        client.send('drain\n');
        assert.equal(await client.readText(), 'drained, 1 cut\nfarewell drain\n');
        assert.deepEqual(await server.drain(), { cut: 1 });
        await busy.outcome();
      },
    );

    test('a handler that asks and does not wait gets the final report, after its answer is delivered', async () => {
      let report: DrainReport | undefined;
      const ask = (server: Server) => {
        void server.drain().then((it) => (report = it));
        return 'stopping\n';
      };
      await using server = await serveWith(subject, { drain: ask });
      using client = await TestClient.connect(server.address);
      client.send('drain\n');
      assert.equal(await client.readText(), 'stopping\nfarewell drain\n');
      await eventually('it is told', () => report?.cut === 0);
    });

    test('a handler may wait for close, which breaks its own conversation off too', async () => {
      let closed = false;
      const close = async (server: Server) => {
        await server.close();
        closed = true;
        return 'closed\n';
      };
      await using server = await serveWith(subject, { close });
      using client = await TestClient.connect(server.address);
      client.send('close\n');
      await client.outcome();
      assert.equal(client.available, 0);
      await eventually('it has gone on', () => closed);
    });

    test('a drain with a time that is none is refused, and nothing is drained', async () => {
      await using server = await serveWith(subject, {});
      for (const time of [Number.NaN, -1, '5', null, {}]) {
        await assert.rejects(server.drain(time as number), {
          code: 'ERR_OPTION',
          message: /^drain: the time must be 0 or more milliseconds, not /,
        });
      }
      using client = await TestClient.connect(server.address);
      assert.equal(await client.ask('in'), 'in');
      await soon('it drains', server.drain(0));
    });
  },
  { atOnce: true },
);
