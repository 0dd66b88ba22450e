import assert from 'node:assert/strict';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands, serveFrames } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testInLine = testWith(subject, { line: true });
  const { spawnsPerClient } = subject.traits;

  testInLine(
    'of many clients that arrive, 3 are in at a time, and all are served in the order in which they came',
    async () => {
      const many = spawnsPerClient ? 15 : 200;
      await using server = await serveCommands(
        subject,
        { maxClients: 3, maxWaiting: many },
        { greeting: 'in\n' },
      );
      const events = new EventLog(server);
      const clients: TestClient[] = [];
      for (let i = 0; i < many; i++) clients.push(await TestClient.connect(server.address));
      await events.until('waiting', many - 3);
      assert.equal(server.activeClients, 3);
      assert.deepEqual(
        events.of('waiting').map(({ place }) => place),
        Array.from({ length: many - 3 }, (_, i) => i + 1),
      );

      await Promise.all(
        clients.map(async (client, i) => {
          await client.readUntil('in\n');
          const active = Number(await client.ask('active'));
          assert.ok(active <= 3, `${active} were in at once`);
          client.finish(`echo ${i}\n`);
          assert.equal(await client.readText(), `${i}\n`);
        }),
      );

      await events.until('closed', many);
      const entered = events.of('opened').map(({ client }) => client.id);
      assert.deepEqual(
        entered,
        Array.from({ length: many }, (_, i) => i + 1),
      );
      let inside = 0;
      for (const { type } of events.all) {
        if (type === 'opened') inside++;
        if (type === 'closed') inside--;
        assert.ok(inside <= 3, 'a client was let in too early');
      }
      assert.equal(server.stats().waiting, 0);
      assert.ok(server.stats().longestWaitMs > 0);
      for (const client of clients) client[Symbol.dispose]();
    },
  );

  testInLine(
    'a client that has waited is told when it is let in, before the greeting, and one that has not is not',
    async () => {
      const words = { admitted: 'your turn\n', greeting: 'in\n' };
      await using server = await serveCommands(subject, { maxClients: 1 }, words);
      using first = await TestClient.connect(server.address);
      assert.equal(await first.readUntil('in\n'), 'in\n');
      using second = await TestClient.connect(server.address);
      assert.equal(await second.readLine(), 'place 1');
      first.finish();
      assert.equal(await second.readUntil('in\n'), 'your turn\nin\n');
    },
  );

  testInLine('a waiting client is told its place, and the new one whenever it changes', async () => {
    await using server = await serveCommands(subject, { maxClients: 1 });
    using first = await TestClient.connect(server.address);
    assert.equal(await first.ask('echo in'), 'in');
    using second = await TestClient.connect(server.address);
    assert.equal(await second.readLine(), 'place 1');
    using third = await TestClient.connect(server.address);
    assert.equal(await third.readLine(), 'place 2');
    first.finish();
    assert.equal(await third.readLine(), 'place 1');
    assert.equal(await second.ask('echo in'), 'in');
  });

  testInLine('a client that hangs up leaves the line, and those behind it move up', async () => {
    await using server = await serveCommands(subject, { maxClients: 1 });
    const events = new EventLog(server);
    using inside = await TestClient.connect(server.address);
    assert.equal(await inside.ask('echo in'), 'in');
    const waiting: TestClient[] = [];
    for (let i = 0; i < 4; i++) {
      const client = await TestClient.connect(server.address);
      assert.equal(await client.readLine(), `place ${i + 1}`);
      waiting.push(client);
    }
    const [finishes, resets, destroys, last] = waiting as [TestClient, TestClient, TestClient, TestClient];
    finishes.finish();
    assert.equal(await last.readLine(), 'place 3');
    resets.reset();
    assert.equal(await last.readLine(), 'place 2');
    destroys.socket.destroy();
    assert.equal(await last.readLine(), 'place 1');
    assert.deepEqual(
      events.of('refused').map(({ cause, client }) => `${client.id} ${cause}`),
      ['2 left', '3 left', '4 left'],
    );
    assert.equal(server.stats().waiting, 1);
    inside.finish();
    assert.equal(await last.ask('echo at last'), 'at last');
  });

  testInLine('nothing of a client is read, and no handler hears of it, while it waits', async () => {
    await using server = await serveCommands(subject, { maxClients: 1 });
    const events = new EventLog(server);
    using inside = await TestClient.connect(server.address);
    using waiting = await TestClient.connect(server.address);
    waiting.send('echo early\n');
    assert.equal(await waiting.readLine(), 'place 1');
    assert.equal(await inside.ask('active'), '1');
    assert.deepEqual(events.typesFor(2), ['accepted', 'waiting']);
    inside.finish();
    assert.equal(await waiting.readLine(), 'early');
  });

  testInLine('a client that asks and finishes while it waits is answered when its turn comes', async () => {
    await using server = await serveCommands(subject, { maxClients: 1 });
    const events = new EventLog(server);
    using inside = await TestClient.connect(server.address);
    assert.equal(await inside.ask('echo in'), 'in');
    using waiting = await TestClient.connect(server.address);
    assert.equal(await waiting.readLine(), 'place 1');
    waiting.finish('echo asked while waiting\ncountLater 2\n');
    // One more comes after it, so that the server has seen its end for certain.
    using behind = await TestClient.connect(server.address);
    assert.equal(await behind.readLine(), 'place 2');
    inside.finish();
    assert.equal(await waiting.readText(), 'asked while waiting\nline 1\nline 2\n');
    assert.equal(await behind.readLine(), 'place 1');
    assert.equal(await behind.ask('echo me too'), 'me too');
    assert.equal(events.of('refused').length, 0);
  });

  testInLine(
    'a client that floods while it waits is answered all of it, in order, when its turn comes',
    async () => {
      await using server = await serveCommands(subject, { maxClients: 1 });
      using inside = await TestClient.connect(server.address);
      assert.equal(await inside.ask('echo in'), 'in');
      using waiting = await TestClient.connect(server.address);
      assert.equal(await waiting.readLine(), 'place 1');
      const count = 100_000;
      waiting.finish(Array.from({ length: count }, (_, i) => `echo ${i}\n`).join(''));
      assert.equal(await inside.ask('later 50 still in'), 'still in');
      assert.equal(server.stats().bytesIn, 'echo in\nlater 50 still in\n'.length);
      inside.finish();
      assert.equal(await waiting.readText(), Array.from({ length: count }, (_, i) => `${i}\n`).join(''));
    },
  );

  testInLine(
    'a line full of clients that wrote and hung up keeps out no client that is still there',
    async () => {
      // Without messages for places: nothing is sent to a waiting client, so nothing tells whether it is there.
      await using server = await serveFrames(subject, { framing: 'lines' }, { maxClients: 1, maxWaiting: 4 });
      const events = new EventLog(server);
      using inside = await TestClient.connect(server.address);
      inside.send('in\n');
      assert.equal(await inside.readUntil('>'), '<in>');
      for (let i = 0; i < 4; i++) {
        const ghost = await TestClient.connect(server.address);
        ghost.finish('gone\n');
        await events.until('waiting', i + 1);
        ghost.socket.destroy();
      }
      // The last of them is noticed a moment after it has come.
      const real = await eventually('a client that is there has a place in line', async () => {
        const waited = events.of('waiting').length;
        const refused = events.of('refused').length;
        const client = await TestClient.connect(server.address);
        client.send('there\n');
        await eventually(
          'it waits, or is refused',
          () => events.of('waiting').length > waited || events.of('refused').length > refused,
        );
        if (events.of('waiting').length > waited) return client;
        client[Symbol.dispose]();
        return undefined;
      });
      using here = real;
      assert.equal(server.stats().waiting, 4);
      // And it is the next.
      inside.finish();
      assert.equal(await here.readUntil('>'), '<there>');
      assert.equal(events.of('opened')[1]?.client.remotePort, here.socket.localPort);
    },
  );

  testInLine(
    'a client that finished in a line that is full gives way, and is told that it is full',
    async () => {
      await using server = await serveCommands(subject, { maxClients: 1, maxWaiting: 2 });
      using inside = await TestClient.connect(server.address);
      assert.equal(await inside.ask('echo in'), 'in');
      using first = await TestClient.connect(server.address, { keepsOpen: true });
      assert.equal(await first.readLine(), 'place 1');
      using second = await TestClient.connect(server.address, { keepsOpen: true });
      assert.equal(await second.readLine(), 'place 2');
      second.finish('echo two\n');
      using third = await eventually('a third has a place', async () => {
        const client = await TestClient.connect(server.address);
        if ((await client.readLine()) === 'place 2') return client;
        client[Symbol.dispose]();
        return undefined;
      });
      assert.equal(await second.readText(), 'refused full\n');
      // One that has finished and is in no other's way is served in its turn.
      third.finish();
      await eventually('the third has left', () => server.stats().waiting === 1);
      first.finish('echo one\n');
      inside.finish();
      assert.equal(await first.readText(), 'one\n');
    },
  );

  testInLine(
    'where the end of sending means that a client has left, it leaves the line with it',
    async () => {
      await using server = await serveCommands(subject, { maxClients: 1 }, { halfClose: false });
      const events = new EventLog(server);
      using inside = await TestClient.connect(server.address);
      assert.equal(await inside.ask('echo in'), 'in');
      using leaves = await TestClient.connect(server.address, { keepsOpen: true });
      assert.equal(await leaves.readLine(), 'place 1');
      leaves.finish('echo never\n');
      const [refused] = await events.until('refused');
      assert.equal(refused?.cause, 'left');
      assert.equal(server.stats().waiting, 0);
    },
  );

  testInLine('a client that has waited long enough is told so and closed, not before', async () => {
    await using server = await serveCommands(subject, { maxClients: 1, waitTimeoutMs: 300 });
    using inside = await TestClient.connect(server.address);
    assert.equal(await inside.ask('echo in'), 'in');
    const start = performance.now();
    using waiting = await TestClient.connect(server.address);
    assert.equal(await waiting.readText(), 'place 1\nrefused wait-timeout\n');
    assert.ok(performance.now() - start >= 290);
    assert.equal(server.stats().refused['wait-timeout'], 1);
    assert.equal(await inside.ask('echo still'), 'still');
  });

  testInLine('when server and line are full, a new client is told so and closed', async () => {
    await using server = await serveCommands(subject, { maxClients: 1, maxWaiting: 1 });
    using inside = await TestClient.connect(server.address);
    using waiting = await TestClient.connect(server.address);
    assert.equal(await waiting.readLine(), 'place 1');
    for (let i = 0; i < 3; i++) {
      using late = await TestClient.connect(server.address);
      // It has begun to speak, and hears the words all the same.
      late.send('echo hello\n');
      assert.equal(await late.readText(), 'refused full\n');
    }
    assert.equal(server.stats().refused.full, 3);
    assert.equal(await inside.ask('echo still'), 'still');
  });

  testInLine('a long line of clients that are all served at once is served', async () => {
    const many = spawnsPerClient ? 12 : 1_500;
    await using server = await serveCommands(
      subject,
      { maxClients: 1, maxWaiting: 2_000, waitTimeoutMs: 120_000 },
      { greeting: 'now\n', onlyGreets: true },
    );
    using first = await TestClient.connect(server.address);
    assert.equal(await first.readLine(), 'now');
    const clients: TestClient[] = [];
    for (let i = 0; i < many; i++) clients.push(await TestClient.connect(server.address));
    await eventually('all wait', () => server.stats().waiting === many);
    first.finish();
    for (const client of clients) {
      assert.match(await client.readText(), /now\n$/);
      client[Symbol.dispose]();
    }
    await eventually('all have left', () => server.stats().active === 0);
    assert.equal(server.stats().closed.protocol, many);
  });
});
