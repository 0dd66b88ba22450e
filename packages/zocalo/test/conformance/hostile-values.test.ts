import assert from 'node:assert/strict';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryModel, testWith, upTo } from '@zocalo/test-support/models.ts';
import { serveCommands, serveModule } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

/** What a client may put where its handler expects text. The first one named memory of the process to io_uring. */
const values = [
  '{"length":4096,"byteOffset":4194304}',
  '{"length":4096,"byteOffset":0,"buffer":{"byteLength":4096}}',
  '42',
  'true',
  '{"type":"Buffer","data":[1,2,3]}',
];

onEveryModel((subject) => {
  const testOfTwo = testWith(subject, { clients: 2 });

  testOfTwo(
    'what is neither text nor bytes is never sent, and costs its own client the conversation',
    async () => {
      await using server = await serveCommands(subject);
      const events = new EventLog(server);
      using other = await TestClient.connect(server.address);
      let failed = 0;
      for (const way of ['reply', 'generator', 'send', 'later']) {
        for (const value of values) {
          using client = await TestClient.connect(server.address);
          client.send(`careless ${way} {"text":${value}}\n`);
          assert.match(await client.readText(), /^error [^\n]+\n$/, `${way} ${value}`);
          assert.match(
            String((await events.until('error', ++failed)).at(-1)?.error),
            /a handler replied|what is sent/,
          );
          assert.equal(await other.ask('echo still here'), 'still here');
        }
      }
    },
  );

  testOfTwo('one push of many megabytes reaches a client that reads', async () => {
    await using server = await serveCommands(subject);
    using client = await TestClient.connect(server.address);
    client.send('push 8000000\n');
    client.finish();
    const text = await client.readText();
    assert.equal(text.length, 8_000_007);
    assert.match(text, /^x+pushed\n$/);
  });

  testOfTwo(
    'what open enters into its async context is seen by all messages of its client, what a message enters by itself alone',
    async () => {
      const many = upTo(subject, 20);
      await using server = await serveCommands(subject, { maxClients: many });
      await Promise.all(
        Array.from({ length: many }, async (_, i) => {
          using client = await TestClient.connect(server.address);
          const [id] = (await client.ask('who')).split(' ');
          for (let round = 0; round < 10; round++) {
            assert.equal(await client.ask(`context call-${i}`), `client ${id} call-${i}`);
            assert.equal(await client.ask('echo between'), 'between');
          }
        }),
      );
    },
  );
});

onEveryModel((subject) => {
  const testInLine = testWith(subject, { line: true });

  testInLine(
    'words of the line and of a refusal that come as promises are none, and are reported',
    async () => {
      for (const fault of ['wait', 'refuse', 'close', 'next'] as const) {
        using folder = new TemporaryFolder();
        await using server = await serveModule(
          subject,
          'faulty',
          { fault, later: true, counterFile: folder.file('count') },
          { maxClients: 1, maxWaiting: 1 },
        );
        const events = new EventLog(server);
        using first = await TestClient.connect(server.address);
        assert.equal(await first.ask('a'), 'a');
        using second = await TestClient.connect(server.address);
        await events.until('waiting');
        using third = await TestClient.connect(server.address);
        assert.equal(await third.readText(), '');
        // An unhandled rejection would have ended this process by now.
        first.send('bye\n');
        assert.equal(await first.readText(), 'bye\n');
        assert.equal(await second.ask('b'), 'b');
        const errors = events.of('error').map(({ error }) => String(error));
        assert.ok(errors.length >= 2);
        for (const error of errors.slice(0, 2))
          assert.match(error, /ReplyError: what (wait|refuse)\(\) returns must be .* not a promise/);
      }
    },
  );
});
