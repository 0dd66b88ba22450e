import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EchoLoad, EchoResult } from '../../src/load/task.ts';
import { measure } from '../../src/runner/measure.ts';
import { directory, echo, load, server } from '../support.ts';

const skip = process.platform === 'linux' ? false : 'the generator uses epoll and /proc';
const anywhere = { cores: null, note: undefined };

async function reasonFor(t: TestContext, onData: string, given: Partial<EchoLoad> = {}): Promise<string> {
  const result = await measure(server(t, onData), load(given), anywhere);
  return result.kind === 'failure' ? result.reason : 'it did not fail';
}

test('an echo that returns every byte has figures', { skip }, async (t) => {
  const result = (await measure(server(t, echo), load(), anywhere)) as EchoResult;
  assert.equal(result.kind, 'echo');
  assert.ok(result.messages > 0, `${result.messages} messages`);
  assert.ok(Math.abs(result.messagesPerSecond - result.messages / result.seconds) < 1e-6);
  assert.ok(result.seconds >= 0.1);
  const { total } = result.cpuMicrosPerMessage;
  assert.ok(total > 1 && total < 1e5, `${total} µs a message`);
  assert.ok(result.latencyMicros.p50 <= result.latencyMicros.p99);
});

test('idle clients are connected all the while, beside the active ones', { skip }, async (t) => {
  const file = join(directory(t), 'most');
  const count = `
    let now = 0, most = 0, messages = new Map();
    process.on('SIGTERM', () => {
      const idle = [...messages.values()].filter((count) => count === 1).length;
      require('node:fs').writeFileSync(${JSON.stringify(file)}, most + ' at once, ' + idle + ' idle');
      process.exit();
    });`;
  const onData = `
    if (!messages.has(socket)) { most = Math.max(most, ++now); socket.on('close', () => now--); }
    messages.set(socket, (messages.get(socket) ?? 0) + 1);
    ${echo}`;
  const result = await measure(server(t, onData, count), load({ clients: 2, idleClients: 150 }), anywhere);
  assert.equal(result.kind, 'echo');
  assert.equal(readFileSync(file, 'utf8'), '152 at once, 150 idle');
});

test('bytes that come back changed fail the measurement', { skip }, async (t) => {
  assert.match(await reasonFor(t, 'bytes[0] ^= 1; socket.write(bytes)'), /^client \d got other bytes back$/);
});

test('more bytes than were sent fail the measurement', { skip }, async (t) => {
  assert.match(
    await reasonFor(t, 'socket.write(Buffer.concat([bytes, Buffer.alloc(1)]))'),
    /^client \d got 1 bytes more than it had sent$/,
  );
});

test('a connection that is lost fails the measurement', { skip }, async (t) => {
  const onData =
    'socket.count = (socket.count ?? 0) + 1; if (socket.count > 50) socket.end(); else socket.write(bytes)';
  assert.match(
    await reasonFor(t, onData),
    /^client \d lost its connection: closed by the server, after 50 mess/,
  );
});

test('an idle client that is lost fails the measurement', { skip }, async (t) => {
  const onData = `${echo}; socket.count = (socket.count ?? 0) + 1; setTimeout(() => socket.count === 1 && socket.end(), 30)`;
  assert.match(
    await reasonFor(t, onData, { idleClients: 5 }),
    /^client \d lost its connection: closed by the se/,
  );
});

test('a server that does not start fails the measurement, with its message', { skip }, async (t) => {
  const failing = server(t, echo, 'throw new RangeError("no luck today");');
  const result = await measure(failing, load(), anywhere);
  assert.deepEqual(result, {
    kind: 'failure',
    reason: 'the server did not start: RangeError: no luck today',
  });
});
