import assert from 'node:assert/strict';
import { EventLog } from '../support/event-log.ts';
import { eventually } from '../support/eventually.ts';
import { onEveryModel, testWith } from '../support/models.ts';
import { serveCommands } from '../support/serving.ts';
import { TestClient } from '../support/test-client.ts';

onEveryModel((subject) => {
  const testInLine = testWith(subject, { line: true });
  const { costly, workers } = subject.traits;

  testInLine(
    'of many clients that arrive, 3 are in at a time, and all are served in the order in which they came',
    async () => {
      const many = costly ? 15 : 200;
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
          const crowd = Number(await client.ask('crowd'));
          assert.ok(crowd <= 3, `${crowd} were in at once`);
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
        assert.ok(inside <= 3, 'somebody was early');
      }
      assert.equal(server.stats().waiting, 0);
      assert.ok(server.stats().longestWait > 0);
      for (const client of clients) client[Symbol.dispose]();
    },
  );

  testInLine('whoever waits is told the place, and the new one whenever it changes', async () => {
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

  testInLine('whoever hangs up leaves the line, and those behind move up', async () => {
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
    assert.equal(await inside.ask('crowd'), '1');
    assert.deepEqual(events.storyOf(2), ['accepted', 'waiting']);
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

  testInLine('whoever has waited long enough is told so and sent away, not before', async () => {
    await using server = await serveCommands(subject, { maxClients: 1, waitTimeout: 300 });
    using inside = await TestClient.connect(server.address);
    assert.equal(await inside.ask('echo in'), 'in');
    const start = performance.now();
    using waiting = await TestClient.connect(server.address);
    assert.equal(await waiting.readText(), 'place 1\nrefused wait-timeout\n');
    assert.ok(performance.now() - start >= 290);
    assert.equal(server.stats().refused['wait-timeout'], 1);
    assert.equal(await inside.ask('echo still'), 'still');
  });

  testInLine('when house and line are full, whoever comes is told so and sent away', async () => {
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

  testInLine('a long line of clients who are all served at once is served', async () => {
    // Where it is not one turn in which all are served, everybody is told every place.
    const many = costly ? 12 : workers === undefined ? 1_500 : 150;
    await using server = await serveCommands(
      subject,
      { maxClients: 1, maxWaiting: 2_000, waitTimeout: 120_000 },
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
