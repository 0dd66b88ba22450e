import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { eventually, soon } from '@zocalo/test-support/eventually.ts';
import { defaultListenOptions, RECEIVE_BUFFER_SIZE } from '../../src/loops/loop.ts';
import { FOR_EVER, RELEASED, UNTIL_ANSWERED } from '../../src/session/session-port.ts';
import { acceptConnection, converse, ScriptedSession } from './uring-support.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of this module do not exist. */
const createUringLoop = linux
  ? (await import('../../src/loops/uring.ts')).createUringLoop
  : (undefined as never);

const rings = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('io_uring');
    } catch {
      return false;
    }
  }).length;

const hasEnded = (client: Socket) =>
  new Promise<void>((resolve) => client.resume().once('end', resolve).once('close', resolve));

describe('uring', { skip: linux ? false : 'io_uring is a mechanism of Linux' }, () => {
  test('all loops of a thread share one ring, and the last one closes it', async () => {
    const before = rings();
    const first = createUringLoop();
    const second = createUringLoop();
    assert.equal(rings(), before + 1);
    await first.stop();
    assert.equal(rings(), before + 1);
    await second.stop();
    assert.equal(rings(), before);
  });

  test('memory that a session was given is never written again', async () => {
    const session = new ScriptedSession();
    session.keeps = FOR_EVER;
    await using conversation = await converse(createUringLoop(), session);
    const frames = 300;
    for (let i = 0; i < frames; i++) {
      // Of every size: such that many fit into a buffer, such that fill it, and larger ones.
      const frame = Buffer.alloc([100, 4_096, 16_384, 70_000][i % 4] as number, i % 251);
      conversation.client.write(frame);
      const before = session.bytesReceived;
      await eventually('the frame has come', () => session.bytesReceived - before === frame.length);
    }
    let at = 0;
    const all = Buffer.concat(session.received);
    for (let i = 0; i < frames; i++) {
      const length = [100, 4_096, 16_384, 70_000][i % 4] as number;
      const part = all.subarray(at, at + length);
      assert.ok(
        part.every((byte) => byte === i % 251),
        `frame ${i} is as it came`,
      );
      at += length;
    }
  });

  test('memory that a session did not keep is used again', async () => {
    const session = new ScriptedSession();
    const memories = new Set<ArrayBufferLike>();
    const { receive } = session;
    session.receive = (bytes, length) => {
      memories.add(bytes.buffer);
      return receive.call(session, bytes, length);
    };
    await using conversation = await converse(createUringLoop(), session);
    for (let i = 1; i <= 200; i++) {
      conversation.client.write('x');
      await eventually('it has come', () => session.bytesReceived === i);
    }
    assert.equal(memories.size, 1);
  });

  test('memory that a session reads until it has answered is used again, and not before', async () => {
    const session = new ScriptedSession();
    session.keeps = UNTIL_ANSWERED;
    const memories = new Set<ArrayBufferLike>();
    session.onReceive = () => {
      session.output = session.received.pop() as Buffer;
      memories.add(session.output.buffer);
    };
    const { sent } = session;
    session.sent = (count) => {
      sent.call(session, count);
      session.keeps = session.output === undefined ? RELEASED : UNTIL_ANSWERED;
    };
    await using conversation = await converse(createUringLoop(), session);
    const echoed: Buffer[] = [];
    conversation.client.on('data', (bytes: Buffer) => echoed.push(bytes));
    for (let i = 1; i <= 200; i++) {
      session.keeps = UNTIL_ANSWERED;
      conversation.client.write(Buffer.alloc(4_000, i));
      await eventually('it has come back', () => Buffer.concat(echoed).length === i * 4_000);
    }
    assert.ok(Buffer.concat(echoed).every((byte, at) => byte === 1 + Math.floor(at / 4_000)));
    assert.equal(memories.size, 1);
  });

  test('a client that streams is received from once a turn, into large buffers, and all of it comes in order', async () => {
    const session = new ScriptedSession();
    await using conversation = await converse(createUringLoop(), session);
    const turns: number[] = [];
    session.onReceive = () => turns.push(conversation.loop.ring.turn);
    const sent = Buffer.from(Uint32Array.from({ length: 1_000_000 }, (_, i) => i).buffer);
    conversation.client.write(sent);
    await eventually('all has come', () => session.bytesReceived === sent.length);
    assert.ok(Buffer.concat(session.received).equals(sent));
    assert.equal(new Set(turns).size, turns.length);
    const sizes = session.received.map(({ length }) => length);
    assert.ok(Math.max(...sizes) > 4_096);
    assert.ok(Math.max(...sizes) <= RECEIVE_BUFFER_SIZE);
  });

  test('a connection that is broken off while it sends and receives releases its descriptor once', async () => {
    const session = new ScriptedSession();
    await using conversation = await converse(createUringLoop(), session);
    // More than all buffers on the way hold, and it is not read.
    session.output = Buffer.alloc(64 * 1_048_576);
    session.waker?.wake();
    const before = session.output.length;
    await eventually('sending has begun', () => (session.output?.length ?? 0) < before);
    const [connection] = [...conversation.loop.dispatcher.registrations()].filter(
      (watched) => 'session' in watched,
    );
    session.finished = true;
    (connection as unknown as { destroy(): void }).destroy();
    // Both are under way in the kernel until it has cancelled them.
    assert.deepEqual(conversation.released, []);
    await eventually('it is released', () => conversation.released.length > 0);
    assert.equal(conversation.loop.load, 0);
    await soon('the client sees the end', hasEnded(conversation.client));
    assert.equal(conversation.released.length, 1);
  });

  test('a socket that lingers is closed once, when the other side has finished', async () => {
    const session = new ScriptedSession();
    await using conversation = await converse(createUringLoop(), session);
    session.output = Buffer.from('final output');
    session.waker?.wake();
    await eventually('it is sent', () => session.output === undefined);
    session.finished = true;
    session.waker?.wake();
    await soon('the client sees the end', hasEnded(conversation.client));
    assert.deepEqual(conversation.released, []);
    conversation.client.end();
    await eventually('it is released', () => conversation.released.length > 0);
    assert.equal(conversation.released.length, 1);
    assert.equal(conversation.loop.load, 0);
  });

  test('what arrived for more clients than there are buffers is caught up with at once', async () => {
    const loop = createUringLoop();
    const meetings = await Promise.all(Array.from({ length: 600 }, () => acceptConnection(loop)));
    const sessions = meetings.map(({ socket }) => {
      const session = new ScriptedSession();
      loop.adopt(socket, session);
      return session;
    });
    await eventually('all are connected', () => meetings.every(({ client }) => client.readyState === 'open'));
    // A connected socket writes at once, so all of it has arrived and no turn has been taken since.
    for (const { client } of meetings) client.write('here');
    await loop.receiveAvailable();
    assert.ok(sessions.every((session) => session.bytesReceived === 4));
    for (const { client, listener } of meetings) {
      client.destroy();
      listener.close();
    }
    await soon('the loop stops', loop.stop());
  });

  test('a listener that is closed leaves its address free, although an accept was under way', async () => {
    const loop = createUringLoop();
    const { client, socket, listener } = await acceptConnection(loop);
    const target = listener.target as { address: string; port: number };
    listener.close();
    socket.close();
    client.destroy();
    const again = await loop.listen(
      target,
      { ...defaultListenOptions, backlog: 16 },
      { onSocket() {}, onAcceptError() {} },
    );
    again.close();
    await loop.stop();
  });
});
