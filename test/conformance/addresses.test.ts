import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { formatAddress, ListenError, OptionError } from '../../src/index.ts';
import { EventLog } from '../support/event-log.ts';
import { eventually } from '../support/eventually.ts';
import { TemporaryFolder } from '../support/journal.ts';
import { onEveryModel, testWith } from '../support/models.ts';
import { serveCommands } from '../support/serving.ts';
import { TestClient } from '../support/test-client.ts';
import { ServerProcess } from '../support/test-process.ts';

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
    await eventually('nobody listens there any more', async () => {
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

  test('an address of another machine is a ListenError that says so', async () => {
    // TEST-NET-1 of RFC 5737: nobody has it.
    await assert.rejects(serveCommands(subject, { host: '192.0.2.1' }), { reason: 'EADDRNOTAVAIL' });
  });
});
