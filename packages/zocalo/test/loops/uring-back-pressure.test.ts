import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { converse, ScriptedSession } from './uring-support.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of this module do not exist. */
const createUringLoop = linux
  ? (await import('../../src/loops/uring.ts')).createUringLoop
  : (undefined as never);

/** Writes without pause until the system takes no more for as long as many turns last. @returns how much it has taken */
async function pour(client: Socket, chunk: Buffer, most: number): Promise<number> {
  const taken = () => client.bytesWritten - client.writableLength;
  let stalled = 0;
  for (let before = -1; stalled < 2_000 && taken() < most; before = taken()) {
    while (client.writableLength < chunk.length) client.write(chunk);
    await nextTurn();
    stalled = taken() === before ? stalled + 1 : 0;
  }
  return taken();
}

/** How many bytes of a client wait unread at the other side: rx_queue in proc(5). */
function unread(client: Socket): number {
  const hex = (port: number | undefined) => (port ?? 0).toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local, remote, , queues] = line.trim().split(/\s+/);
    if (local?.endsWith(`:${hex(client.remotePort)}`) && remote?.endsWith(`:${hex(client.localPort)}`))
      return Number.parseInt(queues?.split(':')[1] ?? '', 16);
  }
  throw new Error('the connection is not there');
}

describe('back-pressure of uring', { skip: linux ? false : 'io_uring is a mechanism of Linux' }, () => {
  test('a session that does not want to read is given nothing, its client is slowed down, and nothing is lost', async () => {
    const session = new ScriptedSession();
    session.reads = false;
    await using conversation = await converse(createUringLoop(), session);
    const { client } = conversation;
    const chunk = Buffer.alloc(1_048_576, 'abcdefgh');
    // What it takes is the kernel's own: its buffers for both sides, at most 6 and 4 MB (tcp(7), tcp_rmem and tcp_wmem).
    const most = 64 * chunk.length;
    assert.ok((await pour(client, chunk, most)) < most / 2);
    assert.equal(session.received.length, 0);
    session.reads = true;
    session.waker?.wake();
    await eventually('the rest comes', () => session.bytesReceived > chunk.length);
    session.reads = false;
    const taken = session.bytesReceived;
    assert.ok((await pour(client, chunk, most)) < most);
    assert.equal(session.bytesReceived, taken);
    session.reads = true;
    session.waker?.wake();
    client.end();
    await eventually('all has come', () => session.ended);
    assert.equal(session.bytesReceived, client.bytesWritten);
    const all = Buffer.concat(session.received);
    for (let at = 0; at < all.length; at += chunk.length)
      assert.ok(all.subarray(at, at + chunk.length).equals(chunk));
  });

  test('small messages that are not wanted stay in the kernel, but for the first', async () => {
    const session = new ScriptedSession();
    await using conversation = await converse(createUringLoop(), session);
    const { client } = conversation;
    client.write('wanted');
    await eventually('it has come', () => session.bytesReceived === 6);
    session.reads = false;
    client.write('unwanted');
    await eventually('it is taken, since a receive was under way', () => unread(client) === 0);
    for (let i = 0; i < 100; i++) {
      client.write('unwanted');
      await nextTurn();
    }
    await eventually('the others are not', () => unread(client) === 100 * 8);
    session.reads = true;
    session.waker?.wake();
    await eventually('all of them come', () => session.bytesReceived === 6 + 101 * 8);
    assert.equal(unread(client), 0);
  });

  test('an end that comes while the session does not want to read is reported when it does', async () => {
    const session = new ScriptedSession();
    await using conversation = await converse(createUringLoop(), session);
    conversation.client.write('one');
    await eventually('it has come', () => session.bytesReceived === 3);
    session.reads = false;
    conversation.client.end('two');
    for (let i = 0; i < 50; i++) await nextTurn();
    assert.equal(session.ended, false);
    session.reads = true;
    session.waker?.wake();
    await eventually('the end is reported', () => session.ended);
    assert.equal(Buffer.concat(session.received).toString(), 'onetwo');
  });

  test('a reset is noticed by a session that neither reads nor sends', async () => {
    const session = new ScriptedSession();
    await using conversation = await converse(createUringLoop(), session);
    conversation.client.write('one');
    await eventually('it has come', () => session.bytesReceived === 3);
    session.reads = false;
    conversation.client.write('unread');
    for (let i = 0; i < 50; i++) await nextTurn();
    session.waker?.wake();
    for (let i = 0; i < 50; i++) await nextTurn();
    conversation.client.resetAndDestroy();
    await eventually('it is reported', () => session.wasBroken);
  });
});
