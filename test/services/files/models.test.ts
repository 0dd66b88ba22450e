import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { EventLog } from '../../support/event-log.ts';
import { onEveryLoop, upTo } from '../../support/models.ts';
import { TestClient } from '../../support/test-client.ts';
import { bodyOf, SharedFolder, serveFolder, variedBytes } from './support.ts';

const content = variedBytes(1_500_001);

/** What holds of the file server whatever waits for its clients; the rest is tested with two of them, and in memory. */
onEveryLoop((subject) => {
  test('files are listed, told the size of, and sent, to several clients at once', async () => {
    using folder = new SharedFolder({ large: content, small: 'hola' });
    await using server = await serveFolder(subject, folder, {}, { maxClients: upTo(subject, 4) });
    await Promise.all(
      Array.from({ length: upTo(subject, 4) }, async (_, i) => {
        using client = await TestClient.connect(server.address);
        const size = content.length - 2 * i;
        client.send('get_metadata large\r\nget_slice small 1 2\r\n');
        client.send(
          `get_slice large ${i} ${size} raw\r\nget_slice large ${i} ${size}\r\nnonsense\r\nquit\r\nhelp\r\n`,
        );
        const slice = content.subarray(i, i + size);
        const expected = Buffer.concat([
          Buffer.from(`0 OK\r\n${content.length}\r\n0 OK\r\nb2w=\r\n`),
          Buffer.from(`0 OK\r\nContent-Length: ${size}\r\n\r\n`),
          slice,
          Buffer.from('0 OK\r\n'),
          bodyOf('base64', slice),
          Buffer.from('200 no such command\r\n0 OK\r\n'),
        ]);
        assert.ok((await client.readAll()).equals(expected));
      }),
    );
  });

  test('the last reply arrives although more had been sent than was read', async () => {
    using folder = new SharedFolder();
    await using server = await serveFolder(subject, folder);
    using client = await TestClient.connect(server.address);
    client.send(`nonsense\r\nquit\n${'x'.repeat(300_000)}`);
    assert.match(await client.readText(), /^200 [^\r\n]+\r\n100 [^\r\n]+\r\n$/);
  });

  test('a client that leaves in the middle of a slice costs nobody else anything', async () => {
    using folder = new SharedFolder({ large: content });
    await using server = await serveFolder(subject, folder);
    const log = new EventLog(server);
    for (const form of ['', ' raw']) {
      const client = await TestClient.connect(server.address, { reading: false });
      client.send(`get_slice large 0 ${content.length}${form}\r\n`.repeat(20));
      client.read();
      await client.readBytes(100_000);
      client.reset();
    }
    await log.until('closed', 2);
    using other = await TestClient.connect(server.address);
    other.send('get_slice large 0 3 raw\r\nquit\r\n');
    assert.ok((await other.readAll()).includes(content.subarray(0, 3)));
    assert.deepEqual(log.of('error'), []);
  });

  test('a file that shrinks while it is being sent ends the connection', async () => {
    using folder = new SharedFolder();
    await using server = await serveFolder(subject, folder);
    const log = new EventLog(server);
    const length = 64 * 1_048_576;
    for (const form of ['', ' raw']) {
      writeFileSync(folder.file('sparse'), '');
      truncateSync(folder.file('sparse'), length);
      using client = await TestClient.connect(server.address, { reading: false });
      client.send(`get_slice sparse 0 ${length}${form}\r\nhelp\r\n`);
      client.read();
      await client.readBytes(100_000);
      client.socket.pause();
      truncateSync(folder.file('sparse'), 1_000_000);
      client.socket.resume();
      const rest = await client.readAll();
      assert.ok(rest.length < length - 100_000, 'all came, although the file had become short');
      assert.ok(!rest.includes('get_metadata'), 'what was asked later was answered after half a slice');
    }
    const closed = await log.until('closed', 2);
    assert.deepEqual(
      closed.map(({ reason }) => reason),
      ['error', 'error'],
    );
  });
});
