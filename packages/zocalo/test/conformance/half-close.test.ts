import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { onEveryLoop } from '@zocalo/test-support/models.ts';
import { serveCommands, sharedServer } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryLoop((subject) => {
  const shared = sharedServer(() => serveCommands(subject));

  test('a client that has finished sending still gets all its answers, then the end', async () => {
    const events = new EventLog(shared());
    using client = await TestClient.connect(shared().address);
    client.finish('echo a\nlater 30 b\ncountLater 3\nflood 300000\necho c\n');
    const read = await client.readAll();
    assert.equal(read.subarray(0, 25).toString(), 'a\nb\nline 1\nline 2\nline 3\n');
    assert.equal(read.length, 25 + 300_000 + 2);
    assert.equal(read.subarray(-2).toString(), 'c\n');
    const [closed] = await events.until('closed');
    assert.equal(closed?.reason, 'client');
    assert.equal(closed?.messages, 5);
  });

  test('a client that finishes without sending anything is closed', async () => {
    const events = new EventLog(shared());
    using client = await TestClient.connect(shared().address);
    client.finish();
    assert.equal(await client.readText(), '');
    assert.equal((await events.until('closed'))[0]?.reason, 'client');
  });

  test('half a line before the end is dropped, and what came before it is answered', async () => {
    using client = await TestClient.connect(shared().address);
    client.finish('echo whole\necho hal');
    assert.equal(await client.readText(), 'whole\n');
  });

  test('a client that finishes and reads slowly gets a long answer whole', async () => {
    using client = await TestClient.connect(shared().address, { reading: false });
    client.finish('flood 20000000\n');
    client.read();
    client.socket.on('data', () => {
      client.socket.pause();
      setImmediate(() => client.socket.resume());
    });
    assert.equal((await client.readAll()).length, 20_000_000);
  });
});
