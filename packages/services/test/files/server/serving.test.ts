import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { served } from '@zocalo/test-support/command.ts';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { subjects } from '@zocalo/test-support/models.ts';
import { memoryOf } from '@zocalo/test-support/proc.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { sliceModes } from '../../../src/files/server/slices.ts';
import { bodyOf, openIn, SharedFolder, serveFolder } from './support.ts';

const MB = 1_048_576;
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const content = randomBytes(33 * 1_000_000);

for (const subject of subjects.filter(({ name }) => name === 'epoll' || name === 'libuv')) {
  describe(subject.name, { timeout: 180_000 }, () => {
    for (const mode of sliceModes) {
      test(`33 MB arrive byte for byte in the mode ${mode}`, async () => {
        using folder = new SharedFolder({ large: content });
        await using server = await serveFolder(subject, folder, { slices: mode });
        using client = await TestClient.connect(server.address);
        client.send(`get_slice large 0 ${content.length}\r\nquit\r\n`);
        const head = Buffer.from('0 OK\r\n');
        assert.equal(hash(await client.readAll()), hash(Buffer.concat([head, bodyOf(mode, content), head])));
      });
    }

    test('500 clients at once fetch a different slice each', async () => {
      using folder = new SharedFolder({ large: content });
      await using server = await serveFolder(subject, folder, {}, { maxClients: 500 });
      await Promise.all(
        Array.from({ length: 500 }, async (_, i) => {
          using client = await TestClient.connect(server.address);
          const [offset, size] = [i * 65_537, (i % 7) * 30_011 + i];
          const raw = i % 2 === 0;
          client.send(`get_slice large ${offset} ${size}${raw ? ' raw' : ''}\r\nquit\r\n`);
          const slice = content.subarray(offset, offset + size);
          const expected = raw
            ? Buffer.concat([Buffer.from(`0 OK\r\nContent-Length: ${size}\r\n\r\n`), slice])
            : Buffer.concat([Buffer.from('0 OK\r\n'), bodyOf('base64', slice)]);
          const got = await client.readAll();
          assert.equal(hash(got.subarray(0, -6)), hash(expected), `client ${i}`);
          assert.equal(got.subarray(-6).toString(), '0 OK\r\n');
        }),
      );
      await eventually('no file is open any more', () => openIn(folder) === 0);
    });

    test('a file that grows is sent as long as it was', async () => {
      using folder = new SharedFolder({ growing: Buffer.alloc(8 * MB, 'a') });
      await using server = await serveFolder(subject, folder);
      for (const form of ['', ' raw']) {
        using client = await TestClient.connect(server.address, { reading: false });
        client.send(`get_metadata growing\r\nget_slice growing 0 ${8 * MB}${form}\r\nhelp\r\nquit\r\n`);
        client.read();
        await client.readUntil(`${8 * MB}\r\n`);
        client.socket.pause();
        appendFileSync(folder.file('growing'), 'b'.repeat(MB));
        client.socket.resume();
        const rest = (await client.readAll()).toString('latin1');
        const [before, after] =
          form === '' ? [`0 OK\r\n`, '\r\n'] : [`0 OK\r\nContent-Length: ${8 * MB}\r\n\r\n`, ''];
        const whole = Buffer.alloc(8 * MB, 'a').toString(form === '' ? 'base64' : 'latin1');
        assert.ok(rest.startsWith(`${before}${whole}${after}0 OK\r\nget_file_listing\r\n`));
        truncateSync(folder.file('growing'), 8 * MB);
      }
    });

    test('clients that leave in the middle of a slice leave no file open', async () => {
      using folder = new SharedFolder({ large: content });
      await using server = await serveFolder(subject, folder);
      const log = new EventLog(server);
      for (let i = 0; i < 20; i++) {
        const client = await TestClient.connect(server.address);
        client.send(`get_slice large ${i} ${content.length - i}${i % 2 === 0 ? ' raw' : ''}\r\n`);
        if (i % 4 < 2) await client.readBytes(100);
        if (i % 3 === 0) client.socket.destroy();
        else client.reset();
      }
      await log.until('closed', 20);
      await eventually('no file is open any more', () => openIn(folder) === 0);
    });

    test('200 clients that stop reading in the middle of a slice of 1 GB cost less than 100 MB, and the other clients no time', async (t) => {
      using folder = new SharedFolder({ small: 'hola' });
      writeFileSync(folder.file('huge'), '');
      truncateSync(folder.file('huge'), 1_000_000_000);
      const flags = [folder.path, '--model', subject.name, '--log', 'off', '--write-timeout', 'none'];
      const { command, connect } = await served(t, 'files', flags);
      const pid = command.process.pid as number;
      const warm = await connect();
      warm.send('get_slice huge 0 30000000\r\nget_slice huge 0 30000000 raw\r\n');
      await warm.readBytes(70_000_000);
      const before = memoryOf(pid);
      const clients = await Promise.all(Array.from({ length: 200 }, () => connect()));
      await Promise.all(
        clients.map(async (client, i) => {
          client.send(`get_slice huge 0 1000000000${i % 4 === 0 ? ' raw' : ''}\r\n`);
          await client.readBytes(200_000);
          client.socket.pause();
        }),
      );
      let others = 0;
      for (; others < 50; others++) {
        const other = await connect();
        other.send('get_slice small 0 4 raw\r\nquit\r\n');
        assert.equal(await other.readText(), '0 OK\r\nContent-Length: 4\r\n\r\nhola0 OK\r\n');
      }
      await eventually('memory grew by less than 100 MB', () => memoryOf(pid) - before < 100_000_000);
      for (const client of clients) client.reset();
    });
  });
}
