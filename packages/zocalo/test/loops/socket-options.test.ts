import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import {
  type AcceptedSocket,
  defaultListenOptions,
  type ListenOptions,
  type Loop,
} from '../../src/loops/loop.ts';
import { ScriptedSession } from './uring-support.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/loops/epoll.ts')),
  ...(await import('../../src/loops/uring.ts')),
  ...(await import('../../src/loops/libuv.ts')),
  ...(await import('../../src/loops/socket-calls.ts')),
  ...(await import('../../src/sys/libc.ts')),
  ...(await import('../../src/sys/sockets.ts')),
  ...(await import('../../src/sys/socket-address.ts')),
  ...(await import('@zocalo/test-support/raw-client.ts')),
});
const sys = linux ? await load() : ({} as never);

/** Numbers of `<sys/socket.h>` and `<netinet/tcp.h>`. */
const options = {
  SO_SNDBUF: [1, 7],
  SO_RCVBUF: [1, 8],
  SO_KEEPALIVE: [1, 9],
  TCP_NODELAY: [6, 1],
  TCP_KEEPIDLE: [6, 4],
  TCP_KEEPINTVL: [6, 5],
  TCP_KEEPCNT: [6, 6],
  TCP_USER_TIMEOUT: [6, 18],
  TCP_NOTSENT_LOWAT: [6, 25],
} as const;

function optionOf(fd: number, name: keyof typeof options): number {
  const getsockopt = sys.bind<
    (fd: number, level: number, name: number, value: Buffer, length: Buffer) => number
  >('int getsockopt(int, int, int, void *, void *)');
  const [level, number] = options[name];
  const value = Buffer.alloc(4);
  sys.check('getsockopt', getsockopt(fd, level, number, value, Buffer.from([4, 0, 0, 0])));
  return value.readInt32LE(0);
}

/** Loops that accept each in its own way, and how to find the descriptor of what they have accepted. */
const loops: Readonly<Record<string, () => Promise<Loop>>> = {
  epoll: async () => sys.createEpollLoop(),
  uring: async () => sys.createUringLoop(),
  libuv: async () => new sys.LibuvLoop(await sys.loadSocketCalls()),
};
const descriptorOf = (socket: AcceptedSocket) =>
  'fd' in socket ? (socket.fd as number) : sys.descriptorOf((socket as unknown as { socket: Socket }).socket);

/** A loop with a connection that it has accepted. */
async function accepted(
  create: () => Promise<Loop>,
  own: Partial<ListenOptions>,
  work: (socket: AcceptedSocket, client: Socket, loop: Loop) => unknown,
): Promise<void> {
  const loop = await create();
  const sockets: AcceptedSocket[] = [];
  const listener = await loop.listen(
    { address: '127.0.0.1', port: 0 },
    { ...defaultListenOptions, ...own },
    { onSocket: (socket) => sockets.push(socket), onAcceptError: (error) => assert.fail(error) },
  );
  const client = connect((listener.target as { port: number }).port, '127.0.0.1');
  client.pause();
  try {
    await work(await eventually('the connection is accepted', () => sockets[0]), client, loop);
  } finally {
    client.destroy();
    listener.close();
    await loop.stop();
  }
}

const skip = linux ? false : 'needs Linux';
for (const [name, create] of Object.entries(loops)) {
  describe(name, { skip }, () => {
    test('a connection has the options by default', () =>
      accepted(create, {}, (socket) => {
        const fd = descriptorOf(socket);
        const set = Object.fromEntries(
          (['SO_KEEPALIVE', 'TCP_KEEPIDLE', 'TCP_KEEPINTVL', 'TCP_KEEPCNT', 'TCP_NODELAY'] as const).map(
            (option) => [option, optionOf(fd, option)],
          ),
        );
        assert.deepEqual(set, {
          SO_KEEPALIVE: 1,
          TCP_KEEPIDLE: 60,
          TCP_KEEPINTVL: 10,
          TCP_KEEPCNT: 3,
          TCP_NODELAY: 1,
        });
        assert.equal(optionOf(fd, 'TCP_USER_TIMEOUT'), 90_000);
        assert.equal(optionOf(fd, 'TCP_NOTSENT_LOWAT'), 131_072);
        socket.close();
      }));

    test('without keepAliveMs the user timeout is after writeTimeoutMs, and none takes the place of too few probes', async () => {
      const timeouts: number[][] = [];
      for (const [keepAliveMs, writeTimeoutMs] of [
        [Number.POSITIVE_INFINITY, 1_000.5],
        [1_000, 30_000],
        [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
      ] as const) {
        await accepted(create, { keepAliveMs, writeTimeoutMs }, (socket) => {
          const fd = descriptorOf(socket);
          timeouts.push([optionOf(fd, 'SO_KEEPALIVE'), optionOf(fd, 'TCP_USER_TIMEOUT')]);
          socket.close();
        });
      }
      assert.deepEqual(timeouts, [
        [0, 2_001],
        [1, 0],
        [0, 0],
      ]);
    });

    test('buffers have the sizes that are asked for, of which the kernel makes twice as much (socket(7))', () =>
      accepted(create, { sendBuffer: 20_000, receiveBuffer: 30_000 }, (socket) => {
        const fd = descriptorOf(socket);
        assert.deepEqual([optionOf(fd, 'SO_SNDBUF'), optionOf(fd, 'SO_RCVBUF')], [40_000, 60_000]);
        socket.close();
      }));

    test('a session can ask how much its client has not acknowledged', () =>
      accepted(create, {}, async (socket, client, loop) => {
        const session = new ScriptedSession();
        loop.adopt(socket, session);
        assert.equal(session.waker?.unacknowledged?.(), 0);
        session.output = Buffer.alloc(2_000_000);
        session.waker?.wake();
        await eventually('the client is behind', () => (session.waker?.unacknowledged?.() ?? 0) > 0);
        client.on('data', () => {});
        client.resume();
        await eventually(
          'the client has all',
          () => session.waker?.unacknowledged?.() === 0 && session.output === undefined,
        );
        session.finished = true;
        session.waker?.wake();
      }));
  });
}

test('the file of a Unix socket is never more open than it should be', { skip }, () => {
  using folder = new TemporaryFolder();
  const before = process.umask(0);
  try {
    const fd = sys.listenOn(sys.encodeUnixAddress(folder.file('socket')), 1, { mode: 0o600 });
    assert.equal(statSync(folder.file('socket')).mode & 0o777, 0o600);
    sys.close(fd);
  } finally {
    process.umask(before);
  }
});

test('libuv: a client that has reset its connection by the time it is accepted is none', {
  skip,
}, async () => {
  const loop = new sys.LibuvLoop(await sys.loadSocketCalls());
  const addresses: string[] = [];
  const listener = await loop.listen({ address: '127.0.0.1', port: 0 }, defaultListenOptions, {
    onSocket(socket) {
      addresses.push(socket.remoteAddress);
      socket.close();
    },
    onAcceptError: (error) => assert.fail(error),
  });
  const { port } = listener.target as { port: number };
  // In this turn nothing is accepted.
  for (let i = 0; i < 3; i++) new sys.RawClient({ host: '127.0.0.1', port }).reset();
  using _real = new sys.RawClient({ host: '127.0.0.1', port });
  await eventually('one is accepted', () => addresses.length > 0);
  assert.deepEqual(addresses, ['127.0.0.1']);
  listener.close();
  await loop.stop();
});
