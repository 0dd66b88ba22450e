import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CloseReason, closeReasons } from '../../src/index.ts';
import { defaultSessionLimits } from '../../src/session/limits.ts';
import { Session } from '../../src/session/session.ts';
import { type Conversation, type ConverseOptions, converse } from '../../src/testing/index.ts';
import { MemoryHost } from '../../src/testing/memory-host.ts';
import { answering, never } from './support.ts';

/** What the client sends, and what is done, to reach one end. */
type Way = {
  options?: ConverseOptions;
  sends?: string | Buffer;
  act?: (talk: Conversation) => void | Promise<void>;
  /** Whether the conversation ends with the message of `error` or of `farewell`. */
  finalMessage?: 'error' | 'farewell';
};

/** The death of a worker, of which a session is part, and the ends of TLS, which is around it: `test/conformance/tls.test.ts` has those. */
type Elsewhere = 'worker' | 'handshake' | 'handshake-timeout' | 'truncated' | 'tls';
const elsewhere: readonly CloseReason[] = [
  'worker',
  'handshake',
  'handshake-timeout',
  'truncated',
  'tls',
] satisfies Elsewhere[];

const ways: Record<Exclude<CloseReason, Elsewhere>, Way> = {
  client: { sends: 'a\n', act: (talk) => talk.end() },
  reset: { sends: 'a\n', act: (talk) => talk.reset() },
  protocol: { sends: 'end\n' },
  aborted: { act: (talk) => talk.client.abort() },
  idle: { options: { idleTimeoutMs: 10 }, act: (talk) => talk.advance(10), finalMessage: 'farewell' },
  'frame-timeout': {
    options: { frameTimeoutMs: 10 },
    sends: 'half',
    act: (talk) => talk.advance(10),
    finalMessage: 'farewell',
  },
  'write-timeout': {
    options: { writeTimeoutMs: 10 },
    async act(talk) {
      talk.stopReading();
      talk.send('a\n');
      await talk.advance(10);
    },
  },
  'handler-timeout': {
    options: { handlerTimeoutMs: 10 },
    sends: 'never\n',
    act: (talk) => talk.advance(10),
    finalMessage: 'farewell',
  },
  'max-session': { options: { maxSessionMs: 10 }, act: (talk) => talk.advance(10), finalMessage: 'farewell' },
  'frame-too-long': { sends: Buffer.alloc(100_000, 'x'), finalMessage: 'error' },
  'bad-frame': { sends: Buffer.from([0xff, 0x0a]), finalMessage: 'error' },
  quota: { options: { quota: 1 }, sends: 'a\n', finalMessage: 'farewell' },
  overflow: {
    act(talk) {
      talk.stopReading();
      talk.client.send(Buffer.alloc(2_000_000));
      talk.client.send('one more');
    },
  },
  drain: { act: (talk) => talk.drain(), finalMessage: 'farewell' },
  stopped: { act: (talk) => talk.stop() },
  error: { sends: 'throw\n', finalMessage: 'error' },
};

for (const reason of closeReasons) {
  if (elsewhere.includes(reason)) continue;
  const { options, sends, act, finalMessage } = ways[reason as keyof typeof ways];

  test(`"${reason}" is reached, reported to the protocol once and to the signal, and nothing comes after it`, async () => {
    const told: CloseReason[] = [];
    const protocol = answering(
      (line, client) => {
        if (line === 'end') client.end();
        if (line === 'throw') throw new Error('thrown');
        return line === 'never' ? never : 'x';
      },
      {
        error: () => 'final message: error',
        farewell: (reason) => `final message: farewell ${reason}`,
        close: (_client, reason) => told.push(reason),
      },
    );
    const talk = converse(protocol, options);
    const { signal } = talk.client;
    if (sends !== undefined) talk.send(sends);
    await act?.(talk);
    const received = await talk.receive();

    assert.equal(talk.closed, reason);
    assert.deepEqual(told, [reason]);
    assert.equal(signal.aborted, true);
    assert.equal(signal.reason, reason);
    const expected = { error: 'final message: error', farewell: `final message: farewell ${reason}` };
    assert.equal(received.replace(/^x*/, ''), finalMessage === undefined ? '' : expected[finalMessage]);

    // Whatever is done to it now, it stays over.
    talk.end();
    talk.drain();
    talk.stop();
    talk.client.end();
    talk.reset();
    await talk.advance(1_000_000);
    assert.equal(talk.client.send('too late'), false);
    assert.equal(await talk.receive(), '');
    assert.equal(talk.closed, reason);
    assert.deepEqual(told, [reason]);
    assert.deepEqual([talk.serverReads, talk.hasOutput], [false, false]);
  });
}

test('the first end is the only one, whatever a loop still calls', () => {
  const told: string[] = [];
  const protocol = answering(() => undefined, { close: (_client, reason) => told.push(reason) });
  const host = new MemoryHost(defaultSessionLimits, { activeClients: 1 });
  const session = new Session(
    protocol,
    { id: 1, remoteAddress: '', remotePort: 0, localPort: 0, dialect: 'x' },
    host,
  );
  session.stop();
  session.broken();
  session.receiveEnd();
  session.stop();
  session.drain();
  session.resume();
  session.tick(1e9);
  session.receive(Buffer.from('x\n'), 2);
  assert.deepEqual(told, ['stopped']);
  assert.equal(host.closed, 'stopped');
  assert.equal(session.messages, 0);
  assert.deepEqual([session.finished, session.interest, session.outgoing()], [true, 0, undefined]);
});
