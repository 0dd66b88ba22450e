import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { onEveryLoop, upTo } from '@zocalo/test-support/models.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { identityOf } from '../../../src/files/server/identity.ts';
import { bodyOf, SharedFolder, serveFolder, variedBytes } from './support.ts';

const content = variedBytes(1_500_001);

/** What holds of the file server whatever waits for its clients; the rest is tested with two of them, and in memory. */
onEveryLoop((subject) => {
  test('files are listed, told the size of, and sent, to several clients at once', async () => {
    using folder = new SharedFolder({ large: content, small: 'hola' });
    const { version } = identityOf(statSync(folder.file('small'), { bigint: true }));
    const digest = createHash('sha256').update('hola').digest('hex');
    await using server = await serveFolder(subject, folder, {}, { maxClients: upTo(subject, 4) });
    await Promise.all(
      Array.from({ length: upTo(subject, 4) }, async (_, i) => {
        using client = await TestClient.connect(server.address);
        const size = content.length - 2 * i;
        client.send('get_metadata large\r\nget_slice small 1 2\r\nget_slice small 0 4 sha256\r\n');
        client.send(`get_slice small 0 4 raw ${version}\r\n`);
        client.send(
          `get_slice large ${i} ${size} raw\r\nget_slice large ${i} ${size}\r\nnonsense\r\nquit\r\nhelp\r\n`,
        );
        const slice = content.subarray(i, i + size);
        const expected = Buffer.concat([
          Buffer.from(`0 OK\r\n${content.length}\r\n0 OK\r\nb2w=\r\n0 OK\r\nSHA-256: ${digest}\r\n\r\n`),
          Buffer.from('0 OK\r\nContent-Length: 4\r\n\r\nhola'),
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

  test('a client that leaves in the middle of a slice costs other clients nothing', async () => {
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

  test('a file that is truncated while it is being sent ends the connection, and nothing that was not in it comes', async () => {
    using folder = new SharedFolder();
    await using server = await serveFolder(subject, folder);
    const log = new EventLog(server);
    const length = 16 * 1_048_576;
    for (const form of ['', ' raw']) {
      writeFileSync(folder.file('shrinking'), Buffer.alloc(length, 'a'));
      using client = await TestClient.connect(server.address, { reading: false });
      client.send(`get_slice shrinking 0 ${length}${form}\r\nhelp\r\n`);
      client.read();
      const head = await client.readBytes(form === '' ? 6 : 34);
      await client.readBytes(100_000);
      client.socket.pause();
      await eventually('the server waits for its client', () => server.stats().bytesOut > 200_000);
      truncateSync(folder.file('shrinking'), 1_000_001);
      client.socket.resume();
      const rest = await client.readAll();
      assert.ok(rest.length < length - 100_000, 'all came, although the file had become short');
      const what = form === '' ? 'YWFh' : 'aaaa';
      const expected = Buffer.alloc(rest.length, what.slice(100_000 % 4) + what.slice(0, 100_000 % 4));
      assert.ok(rest.equals(expected), `something else came behind ${head.toString('latin1')}`);
    }
    const closed = await log.until('closed', 2);
    assert.deepEqual(
      closed.map(({ reason }) => reason),
      ['error', 'error'],
    );
  });
});
