import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { type Model, serve } from 'zocalo';
import echo from '../src/echo.ts';

const model: Model = process.platform === 'linux' ? 'epoll' : 'libuv';

async function visited(
  talk: (client: TestClient, connect: () => Promise<TestClient>) => Promise<void>,
): Promise<void> {
  await using server = await serve(echo(), { model });
  using client = await TestClient.connect(server.address);
  await talk(client, () => TestClient.connect(server.address));
}

test('a line comes back byte for byte, whatever its bytes and its ending', () =>
  visited(async (client) => {
    const sent = Buffer.concat([
      Buffer.from('uno\n'),
      Buffer.from('dos\r\n'),
      Buffer.from([0, 0xff, 0x80, 0x0d, 0x0a]),
      Buffer.from('\n\r\n'),
      Buffer.from('ñandú 👨‍👩‍👧\n'),
    ]);
    client.finish(sent);
    assert.deepEqual(await client.readAll(), sent);
  }));

test('a last line without an ending comes back without one', () =>
  visited(async (client) => {
    client.finish('half a line');
    assert.equal(await client.readText(), 'half a line');
  }));

for (const goodbye of ['salir\n', 'salir\r\n', 'EXIT\n', 'Exit\r\n', 'quit\n']) {
  test(`the line ${JSON.stringify(goodbye)} says goodbye and ends the connection`, () =>
    visited(async (client) => {
      client.send(`one\n${goodbye}two\n`);
      assert.equal(await client.readText(), 'one\ngoodbye\n');
    }));
}

for (const line of ['exits\n', '/CLIENTS\n', 'salir \n', ' EXIT\n', 'quit\r\r\n']) {
  test(`${JSON.stringify(line)} is a line like any other`, () =>
    visited(async (client) => {
      client.finish(line);
      assert.equal(await client.readText(), line);
    }));
}

test('/clients tells how many are connected now', () =>
  visited(async (client, connect) => {
    assert.equal(await client.ask('/clients'), '1 client is connected');
    const other = await connect();
    assert.equal(await other.ask('/clients'), '2 clients are connected');
    other.finish();
    await other.readAll();
    await eventually('one is left', async () => (await client.ask('/clients')) === '1 client is connected');
  }));

test('a line that is too long is refused with a message, and the connection ends', () =>
  visited(async (client) => {
    client.send('x'.repeat(70_000));
    assert.equal(await client.readText(), 'error: a line is longer than 65536 bytes\n');
  }));
