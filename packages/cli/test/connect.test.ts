import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, directory, run, served } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';

/** A server in this process, with the connections it gets. */
async function listening(
  t: TestContext,
  onSocket: (socket: Socket) => void,
  host = '127.0.0.1',
): Promise<string> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    onSocket(socket);
  }).listen(0, host);
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

test('as a pipe it sends stdin, half-closes at its end, and prints all the answers', async (t) => {
  const { port } = await served(t, 'reverse');
  assert.deepEqual(await run(t, ['connect', `127.0.0.1:${port}`], { input: 'hola\nñandú\n' }), {
    status: 0,
    stdout: 'aloh\núdnañ\n',
    stderr: '',
  });
});

for (const form of [':PORT', 'PORT', 'localhost:PORT']) {
  test(`${form} is a place on this machine`, async (t) => {
    const { port } = await served(t, 'echo');
    const { status, stdout } = await run(t, ['connect', form.replace('PORT', String(port))], {
      input: 'hola\n',
    });
    assert.deepEqual([status, stdout], [0, 'hola\n']);
  });
}

test('IPv6 and Unix sockets', async (t) => {
  const six = await served(t, 'echo', ['--host', '::1']);
  assert.equal((await run(t, ['connect', `[::1]:${six.port}`], { input: 'six\n' })).stdout, 'six\n');
  const path = join(directory(t), 'echo.sock');
  const unix = new Command(t, ['serve', 'echo', '--path', path]);
  await unix.printed(/listening/);
  assert.equal((await run(t, ['connect', path], { input: 'unix\n' })).stdout, 'unix\n');
});

test('bytes go through unchanged, in both directions, more than any buffer holds', async (t) => {
  const { port } = await served(t, 'echo');
  const bytes = randomBytes(4_000_000);
  const command = new Command(t, ['connect', String(port)]);
  command.endInput(bytes);
  assert.equal(await command.exited(), 0);
  assert.ok(command.stdoutBytes.equals(bytes), 'the bytes came back as they were');
});

test('it waits for a server that answers long after the end of stdin', async (t) => {
  let peer: Socket | undefined;
  const where = await listening(t, (socket) => {
    peer = socket;
    socket.resume();
  });
  const command = new Command(t, ['connect', where]);
  command.endInput('question');
  const server = await eventually('it has connected', () => peer);
  if (!server.readableEnded) await once(server, 'end');
  server.end('answer');
  assert.equal(await command.exited(), 0);
  assert.equal(command.stdout, 'answer');
});

test('what the server sends is printed as it comes', async (t) => {
  let peer: Socket | undefined;
  const where = await listening(t, (socket) => {
    peer = socket;
    socket.write('waiting: place 2 in line\n');
  });
  const command = new Command(t, ['connect', where]);
  await command.printed(/^waiting: place 2 in line\n$/);
  peer?.write('waiting: place 1 in line\n');
  await command.printed(/place 1 in line\n$/);
});

test('when the server closes first, that is said, and it ends though stdin is open', async (t) => {
  const where = await listening(t, (socket) => socket.end('bye\n'));
  const command = new Command(t, ['connect', where]);
  assert.equal(await command.exited(), 0);
  assert.equal(command.stdout, 'bye\n');
  assert.equal(command.stderr, `zocalo: ${where} closed the connection\n`);
});

test('when nothing listens, one line and exit status 1', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  assert.deepEqual(await run(t, ['connect', `:${port}`]), {
    status: 1,
    stdout: '',
    stderr: `zocalo: nothing listens on 127.0.0.1:${port}\n`,
  });
});

test('a connection that breaks is one line and exit status 1', async (t) => {
  const where = await listening(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const command = new Command(t, ['connect', where]);
  command.type('x');
  assert.equal(await command.exited(), 1);
  assert.equal(command.stderr, `zocalo: the connection to ${where} broke: ECONNRESET\n`);
});

test('a reader of stdout that has gone away ends it without complaint', async (t) => {
  const where = await listening(t, (socket) => {
    const more = () => {
      while (socket.writable && socket.write('y\n'.repeat(10_000)));
    };
    socket.on('drain', more);
    more();
  });
  const command = new Command(t, ['connect', where]);
  await command.printed(/y\n/);
  command.process.stdout?.destroy();
  assert.equal(await command.exited(), 0);
  assert.equal(command.stderr, '');
});

test('salir and EXIT are bytes like any others in a pipe', async (t) => {
  let got = '';
  const where = await listening(t, (socket) => {
    socket.on('data', (bytes: Buffer) => {
      got += bytes;
    });
    socket.on('end', () => socket.end());
  });
  await run(t, ['connect', where], { input: 'salir\nEXIT\nmore\n' });
  assert.equal(got, 'salir\nEXIT\nmore\n');
});
