import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { onEveryLoop, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

// A socket that is closed with unread bytes sends a reset, and a reset destroys the answer that is still on its way
// (RFC 1122 section 4.2.2.13). So a client that goes on sending must still receive the last message, then the end, and no ECONNRESET.

onEveryLoop((subject) => {
  const testInLine = testWith(subject, { line: true });

  const endings: { name: string; bytes: string; answer: string; reason: string }[] = [
    { name: 'says goodbye', bytes: 'bye\n', answer: 'bye\n', reason: 'protocol' },
    { name: 'fails', bytes: 'throw\n', answer: 'error thrown\n', reason: 'error' },
    {
      name: 'meets bad bytes',
      bytes: '\xff\n',
      answer: 'error a line is not UTF-8 text\n',
      reason: 'bad-frame',
    },
    {
      name: 'meets a line that is too long',
      bytes: 'x'.repeat(70_000),
      answer: 'error a frame is longer than the limit of 65536 bytes\n',
      reason: 'frame-too-long',
    },
    {
      name: 'has spent a quota',
      bytes: 'echo\n'.repeat(9),
      answer: `${'\n'.repeat(7)}farewell quota\n`,
      reason: 'quota',
    },
  ];

  for (const { name, bytes, answer, reason } of endings) {
    test(`a server that ${name} is received to the end by a client that goes on sending`, async () => {
      await using server = await serveCommands(subject, { quota: 7 });
      const events = new EventLog(server);
      using client = await TestClient.connect(server.address);
      client.send(Buffer.concat([Buffer.from(bytes, 'latin1'), Buffer.alloc(4_000_000, 'more\n')]));
      assert.equal(await client.readText(), answer);
      assert.equal(await client.outcome(), 'end');
      assert.equal((await events.until('closed'))[0]?.reason, reason);
    });
  }

  test('an answer that is still in the kernel when its server has closed arrives whole', async () => {
    await using server = await serveCommands(subject);
    const events = new EventLog(server);
    using client = await TestClient.connect(server.address, { reading: false });
    const length = 150_000;
    client.send(Buffer.concat([Buffer.from(`bytes ${length}\nbye\n`), Buffer.alloc(1_500_000, 'more\n')]));
    await events.until('closed');
    client.read();
    const read = await client.readAll();
    assert.equal(read.length, length + 4);
    assert.equal(read.subarray(-4).toString(), 'bye\n');
  });

  testInLine('a client that has no place is told so although it is sending already', async () => {
    await using server = await serveCommands(subject, { maxClients: 1, maxWaiting: 0 });
    using inside = await TestClient.connect(server.address);
    assert.equal(await inside.ask('echo in'), 'in');
    using client = await TestClient.connect(server.address);
    client.send(Buffer.alloc(1_000_000, 'echo\n'));
    assert.equal(await client.readText(), 'refused full\n');
  });

  test('the slot is free at once, though the last client still lingers', async () => {
    await using server = await serveCommands(subject, { maxClients: 1 });
    using lingering = await TestClient.connect(server.address, { keepsOpen: true });
    lingering.send('bye\n');
    assert.equal(await lingering.readText(), 'bye\n');
    using next = await TestClient.connect(server.address);
    const answer = await next.ask('echo in');
    // A worker tells of the end a moment after the client has seen it: the next one may have been in line for that long.
    if (answer === 'place 1' && subject.traits.workers !== undefined)
      assert.equal(await next.readLine(), 'in');
    else assert.equal(answer, 'in');
  });
});
