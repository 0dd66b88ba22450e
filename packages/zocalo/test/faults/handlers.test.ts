import assert from 'node:assert/strict';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { hasLine, onEveryModel, testWith, upTo } from '@zocalo/test-support/models.ts';
import { type Fault, faults } from '@zocalo/test-support/protocols/faulty.ts';
import { serveCommands, serveModule } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testOfTwo = testWith(subject, { clients: 2 });

  const failures = [
    { command: 'throw', answer: 'error thrown\n', message: 'thrown' },
    { command: 'reject', answer: 'error rejected\n', message: 'rejected' },
    // Words after half an answer would be taken for the rest of it.
    { command: 'half', answer: 'half ', message: 'half-way' },
    { command: 'halfLater', answer: 'half ', message: 'half-way, later' },
    { command: 'nonsense', answer: /^error .+\n$/, message: /number/ },
  ];

  for (const { command, answer, message } of failures) {
    testOfTwo(`a handler that fails (${command}) costs its client alone, and is reported`, async () => {
      await using server = await serveCommands(subject);
      const events = new EventLog(server);
      using before = await TestClient.connect(server.address);
      assert.equal(await before.ask('echo before'), 'before');
      using client = await TestClient.connect(server.address);
      client.send(`echo first\n${command}\necho never\n`);
      const read = await client.readText();
      if (answer instanceof RegExp) assert.match(read.replace('first\n', ''), answer);
      else assert.equal(read, `first\n${answer}`);
      const [error] = await events.until('error');
      assert.match(String(error?.error), new RegExp(message));
      assert.equal(error?.client?.id, 2);
      assert.equal((await events.until('closed'))[0]?.reason, 'error');
      assert.equal(await before.ask('echo after'), 'after');
      using after = await TestClient.connect(server.address);
      assert.equal(await after.ask('echo new'), 'new');
    });
  }

  testOfTwo('a handler that never settles costs its client alone', async () => {
    await using server = await serveCommands(subject, { handlerTimeoutMs: 200 });
    const events = new EventLog(server);
    using client = await TestClient.connect(server.address);
    client.send('never\n');
    using other = await TestClient.connect(server.address);
    assert.equal(await other.ask('echo meanwhile'), 'meanwhile');
    assert.equal(await client.readText(), 'farewell handler-timeout\n');
    assert.equal(await other.ask('echo after'), 'after');
    const [closed] = await events.until('closed');
    assert.equal(closed?.reason, 'handler-timeout');
  });

  testOfTwo('many failing clients at once disturb none of those between them', async () => {
    const many = upTo(subject, 60);
    await using server = await serveCommands(subject, { maxClients: many });
    await Promise.all(
      Array.from({ length: many }, async (_, i) => {
        using client = await TestClient.connect(server.address);
        const { command } = failures[i % failures.length] as { command: string };
        if (i % 2 === 0) client.finish(`${command}\n`);
        else assert.equal(await client.ask(`later 5 ${i}`), `${i}`);
        if (i % 2 === 0) await client.readAll();
      }),
    );
    await eventually('all failures are counted', () => server.stats().closed.error === Math.ceil(many / 2));
  });

  /** What the clients of each faulty protocol do to run into its fault. */
  const provoke: { [fault in Fault]?: string } = { next: '!\n', error: 'throw\n', close: 'bye\n' };

  for (const fault of faults) {
    const testOfFault = testWith(subject, { line: fault === 'wait' || fault === 'refuse' });

    testOfFault(
      `a protocol whose ${fault} throws affects at most the client it is called for, and frees its place`,
      async () => {
        const options = hasLine(subject) ? { maxClients: 2, maxWaiting: 1 } : {};
        using folder = new TemporaryFolder();
        const protocolOptions = { fault, counterFile: folder.file('count') };
        await using server = await serveModule(subject, 'faulty', protocolOptions, options);
        const events = new EventLog(server);
        using first = await TestClient.connect(server.address);
        assert.equal(await first.ask('one'), 'one');
        if (fault === 'farewell') {
          await server.drain();
          assert.ok(events.of('error').length > 0);
          assert.equal(server.activeClients, 0);
          return;
        }
        if (!hasLine(subject)) {
          first.finish();
          await first.readAll();
        }
        using second = await TestClient.connect(server.address);
        second.send(provoke[fault] ?? 'hello\n');
        if (fault === 'wait' || fault === 'refuse') {
          assert.equal(await second.readLine(), 'hello');
          using third = await TestClient.connect(server.address);
          using fourth = await TestClient.connect(server.address);
          assert.equal(await fourth.readText(), '');
          second.finish();
          await second.readAll();
          assert.equal(await third.ask('three'), 'three');
          third.finish();
        }
        await second.outcome();
        await eventually('the failure is reported', () => events.of('error').length > 0);
        await eventually('its place is free', () => server.activeClients === (hasLine(subject) ? 1 : 0));
        if (hasLine(subject)) assert.equal(await first.ask('still'), 'still');
        // Every other one is unlucky, so one of these two is not.
        using fifth = await TestClient.connect(server.address);
        assert.equal(await fifth.ask('five'), 'five');
      },
    );
  }
});
