import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess } from '@zocalo/test-support/test-process.ts';
import { formatAddress, ListenError, OptionError } from '../../src/index.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

onEveryModel((subject) => {
  const testInLine = testWith(subject, { line: true });

  test('TCP over IPv4, at a port that was free', async () => {
    await using server = await serveCommands(subject, { port: 0 });
    assert.equal(server.address.host, '127.0.0.1');
    assert.ok(server.address.port > 0);
    assert.equal(formatAddress(server.address), `127.0.0.1:${server.address.port}`);
    using client = await TestClient.connect(server.address);
    assert.equal(await client.ask('who'), `1 127.0.0.1 ${client.socket.localPort} ${server.address.port}`);
  });

  test('TCP over IPv6', { skip: hasIpv6 ? false : 'this machine has no ::1' }, async () => {
    await using server = await serveCommands(subject, { host: '::1' });
    assert.equal(formatAddress(server.address), `[::1]:${server.address.port}`);
    using client = await TestClient.connect(server.address);
    assert.equal(await client.ask('who'), `1 ::1 ${client.socket.localPort} ${server.address.port}`);
  });

  test('a Unix socket, whose file is there while it is served and gone afterwards', async () => {
    using folder = new TemporaryFolder();
    const path = folder.file('socket');
    await using server = await serveCommands(subject, { path });
    assert.equal(formatAddress(server.address), path);
    const events = new EventLog(server);
    using client = await TestClient.connect(server.address);
    assert.equal(await client.ask('who'), '1  0 0');
    client.finish('countLater 3\nflood 1000000\n');
    assert.equal((await client.readAll()).length, 21 + 1_000_000);
    const [closed] = await events.until('closed');
    assert.deepEqual(closed?.client, { id: 1, remoteAddress: '', remotePort: 0 });
    assert.ok(existsSync(path));
    await server.close();
    assert.equal(existsSync(path), false);
  });

  testInLine('a waiting line and its hang-ups work over a Unix socket as well', async () => {
    using folder = new TemporaryFolder();
    await using server = await serveCommands(subject, { path: folder.file('socket'), maxClients: 1 });
    using inside = await TestClient.connect(server.address);
    using leaves = await TestClient.connect(server.address);
    assert.equal(await leaves.readLine(), 'place 1');
    using stays = await TestClient.connect(server.address);
    assert.equal(await stays.readLine(), 'place 2');
    leaves.socket.destroy();
    assert.equal(await stays.readLine(), 'place 1');
    inside.socket.destroy();
    assert.equal(await stays.ask('echo in'), 'in');
  });

  test('a path that does not fit into a socket address is refused before anything is opened', async () => {
    using folder = new TemporaryFolder();
    await assert.rejects(serveCommands(subject, { path: folder.file('x'.repeat(120)) }), OptionError);
  });

  test('an address in use is a ListenError that says so', async () => {
    using folder = new TemporaryFolder();
    for (const where of [{}, { path: folder.file('socket') }]) {
      await using server = await serveCommands(subject, where);
      const taken = server.address.path === undefined ? { port: server.address.port } : where;
      await assert.rejects(serveCommands(subject, taken), (error) => {
        assert.ok(error instanceof ListenError);
        assert.equal(error.reason, 'EADDRINUSE');
        assert.equal(error.code, 'ERR_LISTEN');
        const [place, words] = error.message.split(': ');
        assert.equal(place, `cannot listen on ${formatAddress(server.address)}`);
        assert.match(words ?? '', /^the (port is in use|path is taken); .* choose another/);
        return true;
      });
      // The one that was there first is not disturbed.
      using client = await TestClient.connect(server.address);
      assert.equal(await client.ask('echo still here'), 'still here');
    }
  });

  test('the socket file that a killed server left is replaced, and a file of another kind is not', async () => {
    using folder = new TemporaryFolder();
    const path = folder.file('socket');
    await using killed = await ServerProcess.start({
      subject,
      module: 'commands',
      protocol: {},
      options: { path },
    });
    killed.child.kill('SIGKILL');
    await killed.exited;
    assert.ok(existsSync(path));
    // The kernel closes what a ring of io_uring still held a little after its process has ended.
    await eventually('no server listens there any more', async () => {
      try {
        using _late = await TestClient.connect({ host: '', port: 0, path });
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
      }
    });
    await using server = await serveCommands(subject, { path });
    using client = await TestClient.connect(server.address);
    assert.equal(await client.ask('echo hello'), 'hello');

    writeFileSync(folder.file('text'), 'mine');
    await assert.rejects(serveCommands(subject, { path: folder.file('text') }), { reason: 'EADDRINUSE' });
    assert.equal(readFileSync(folder.file('text'), 'utf8'), 'mine');
  });

  const linux = { skip: process.platform === 'linux' ? false : 'abstract sockets are of Linux' };
  test('an abstract Unix socket has the name that it was given, whole, and no file', linux, async () => {
    const path = `\0zocalo ${process.pid} ${subject.name}`;
    await using server = await serveCommands(subject, { path });
    assert.equal(server.address.path, path);
    assert.equal(formatAddress(server.address), `@${path.slice(1)}`);
    assert.match(readFileSync('/proc/net/unix', 'utf8'), new RegExp(` @${path.slice(1)}$`, 'm'));
    using client = await TestClient.connect(server.address);
    assert.equal(await client.ask('echo hello'), 'hello');
    // A longer one is another.
    await using other = await serveCommands(subject, { path: `${path}!` });
    await assert.rejects(serveCommands(subject, { path }), { reason: 'EADDRINUSE' });
    using second = await TestClient.connect(other.address);
    assert.equal(await second.ask('who'), '1  0 0');
  });

  test('the file of a Unix socket has the permissions of mode, whatever the umask', async () => {
    using folder = new TemporaryFolder();
    for (const mode of [0o600, 0o666]) {
      const path = folder.file(`socket-${mode}`);
      await using server = await serveCommands(subject, { path, mode });
      assert.equal(statSync(path).mode & 0o777, mode);
      using client = await TestClient.connect(server.address);
      assert.equal(await client.ask('echo hello'), 'hello');
    }
  });

  test(
    'a client has the same address of none when its own end of a Unix socket has a path',
    linux,
    async () => {
      using folder = new TemporaryFolder();
      await using server = await serveCommands(subject, { path: folder.file('socket') });
      const { RawClient } = await import('@zocalo/test-support/raw-client.ts');
      using client = RawClient.from(folder.file('mine'), server.address);
      client.send('who\n');
      assert.equal(await client.readLine(), '1  0 0');
    },
  );

  const ipv6 = { skip: hasIpv6 ? false : 'this machine has no ::1' };
  test(
    'an IPv4 client of an IPv6 address has its own address, and none gets in where it is for IPv6 only',
    ipv6,
    async () => {
      await using both = await serveCommands(subject, { host: '::' });
      using client = await TestClient.connect({ host: '127.0.0.1', port: both.address.port });
      assert.equal(await client.ask('who'), `1 127.0.0.1 ${client.socket.localPort} ${both.address.port}`);

      await using server = await serveCommands(subject, { host: '::', ipv6Only: true });
      await assert.rejects(TestClient.connect({ host: '127.0.0.1', port: server.address.port }), {
        code: 'ECONNREFUSED',
      });
      using inside = await TestClient.connect({ host: '::1', port: server.address.port });
      assert.equal(await inside.ask('echo in'), 'in');
    },
  );

  test('two servers may listen on one port if both say so, and all clients are served', linux, async () => {
    await using one = await serveCommands(subject, { reusePort: true });
    await using two = await serveCommands(subject, { reusePort: true, port: one.address.port });
    await assert.rejects(serveCommands(subject, { port: one.address.port }), { reason: 'EADDRINUSE' });
    const served = () => one.stats().accepted > 0 && two.stats().accepted > 0;
    // The kernel chooses by a hash of the addresses.
    for (let i = 0; i < 200 && !served(); i++) {
      using client = await TestClient.connect(one.address);
      client.send('echo hello\n');
      // Where one client is served at a time, the one before may not have left yet.
      assert.match(await client.readUntil('hello\n'), /^(place 1\n)?hello\n$/);
    }
    assert.ok(served(), 'one of them had no client');
  });

  test('an address of another machine is a ListenError that says so', async () => {
    // TEST-NET-1 of RFC 5737: no machine has it.
    await assert.rejects(serveCommands(subject, { host: '192.0.2.1', port: 7 }), {
      reason: 'EADDRNOTAVAIL',
      message: /^cannot listen on 192\.0\.2\.1:7: this machine has no such address/,
    });
    using folder = new TemporaryFolder();
    await assert.rejects(serveCommands(subject, { path: folder.file('nowhere/socket') }), {
      reason: process.platform === 'linux' && subject.name === 'libuv' ? /EACCES|ENOENT/ : 'ENOENT',
      message: /^cannot listen on .*\/nowhere\/socket: /,
    } as object);
  });
});
