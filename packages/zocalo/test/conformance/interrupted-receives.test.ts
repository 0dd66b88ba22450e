import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryLoop } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('@zocalo/test-support/raw-client.ts')),
  ...(await import('../../src/sys/message-socket.ts')),
  ...(await import('../../src/sys/sockets.ts')),
});
const { RawClient, messageSocketPair, receiveMessage, close } = linux ? await load() : ({} as never);
const skip = linux ? false : 'needs Linux';

/*
 * A receive may bring less than there is: it stops at a byte out of band, and behind bytes that came with a descriptor. All of it has arrived
 * before the server looks, or some of it after: both must be answered, though nothing more comes.
 */

onEveryLoop((subject) => {
  test('what is behind a byte out of band is answered, and the byte is no part of it', { skip }, async () => {
    await using server = await serveCommands(subject);
    using client = new RawClient(server.address);
    client.send('echo abc');
    client.sendUrgent('!');
    client.send('def\n');
    assert.equal(await client.readLine(), 'abcdef');

    client.send('echo ready\necho ab');
    assert.equal(await client.readLine(), 'ready');
    client.send('c');
    client.sendUrgent('!');
    client.send('def\necho next\n');
    assert.equal(await client.readLine(), 'abcdef');
    assert.equal(await client.readLine(), 'next');
  });

  test('what is behind a descriptor that a client of a Unix socket passes is answered, and the descriptor is closed', {
    skip,
  }, async () => {
    using folder = new TemporaryFolder();
    await using server = await serveCommands(subject, { path: folder.file('socket') });
    using client = new RawClient(server.address);
    const [kept, passed] = messageSocketPair();
    try {
      client.pass(passed, 'echo abc');
      client.send('def\n');
      close(passed);
      assert.equal(await client.readLine(), 'abcdef');
      await eventually('the descriptor is closed', () => receiveMessage(kept)?.length === 0);
      // It is still a client like any other.
      client.send('echo next\n');
      assert.equal(await client.readLine(), 'next');
    } finally {
      close(kept);
    }
  });
});
