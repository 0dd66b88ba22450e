import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatTarget, parseTarget } from '@zocalo/command';
import { connectTo } from '@zocalo/command/connect';
import { directory } from '@zocalo/test-support/command.ts';
import { soon } from '@zocalo/test-support/eventually.ts';
import { ConnectError } from 'zocalo';

const local = '127.0.0.1';
const targets: readonly (readonly [text: string, target: ReturnType<typeof parseTarget>])[] = [
  ['127.0.0.1:8080', { host: local, port: 8080 }],
  ['localhost:1', { host: 'localhost', port: 1 }],
  ['example.org:65535', { host: 'example.org', port: 65_535 }],
  ['[::1]:8080', { host: '::1', port: 8080 }],
  [':8080', { host: local, port: 8080 }],
  ['8080', { host: local, port: 8080 }],
  ['./a.sock', { path: './a.sock' }],
  ['/tmp/a:80', { path: '/tmp/a:80' }],
  ['', undefined],
  ['host', undefined],
  ['host:', undefined],
  ['host:0', undefined],
  ['0', undefined],
  ['host:65536', undefined],
  ['host:80x', undefined],
  ['::1', undefined],
  ['::1:8080', undefined],
  ['[::1]', undefined],
  ['[]:80', undefined],
  ['-1', undefined],
];

for (const [text, target] of targets) {
  const what = target === undefined ? 'not a place' : JSON.stringify(target);
  test(`${JSON.stringify(text)} is ${what}`, () => assert.deepEqual(parseTarget(text), target));
}

test('a place is written as it would be given', () => {
  for (const text of ['127.0.0.1:8080', '[::1]:8080', '/tmp/a.sock']) {
    const target = parseTarget(text);
    assert.equal(target && formatTarget(target), text);
  }
});

async function failure(connecting: Promise<unknown>): Promise<ConnectError> {
  const error = await connecting.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof ConnectError, String(error));
  assert.equal(error.code, 'ERR_CONNECT');
  return error;
}

test('where nothing listens, that is what the error says', async () => {
  const server = createServer().listen(0, local);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const error = await failure(connectTo({ host: local, port }));
  assert.equal(error.reason, 'ECONNREFUSED');
  assert.equal(error.message, `nothing listens on 127.0.0.1:${port}`);
  assert.ok(error.cause instanceof Error);
});

test('a socket that is not there, and a file that is none', async (t) => {
  const where = directory(t);
  const path = join(where, 'no.sock');
  assert.equal(
    (await failure(connectTo({ path }))).message,
    `nothing listens on ${path}: there is no such socket`,
  );
  const file = join(where, 'file');
  writeFileSync(file, '');
  const { reason } = await failure(connectTo({ path: file }));
  assert.ok(reason === 'ECONNREFUSED' || reason === 'ENOTSOCK', reason);
});

test('a host that does not exist', async () => {
  const { message } = await failure(connectTo({ host: 'no-such-host.invalid', port: 80 }));
  assert.equal(message, 'the host of no-such-host.invalid:80 cannot be found');
});

test('a server that does not answer is given up at the deadline', {
  skip: process.platform !== 'linux',
}, async (t) => {
  // Once its backlog is full, Linux drops what asks to be let in, and sends no answer.
  const { listenOn, localAddress, close } = await import('zocalo/sys');
  const { encodeIpAddress } = await import('zocalo/sys');
  const fd = listenOn(encodeIpAddress(local, 0), 0);
  t.after(() => close(fd));
  const { port } = localAddress(fd);
  for (let i = 0; i < 8; i++) {
    const filler = createConnection({ host: local, port });
    filler.on('error', () => {});
    t.after(() => filler.destroy());
  }
  const error = await soon('the deadline', failure(connectTo({ host: local, port }, 300)));
  assert.equal(error.reason, 'ETIMEDOUT');
  assert.equal(error.message, `127.0.0.1:${port} did not answer within 0.3 s`);
});

test('without a deadline it connects as well', async (t) => {
  const server = createServer((socket) => socket.end('hola')).listen(0, local);
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const socket = await connectTo({ host: local, port }, Number.POSITIVE_INFINITY);
  assert.equal(String(await socket.reduce((text, chunk) => text + chunk, '')), 'hola');
  socket.destroy();
});
