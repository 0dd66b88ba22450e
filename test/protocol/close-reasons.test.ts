import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CloseReason, closeReasons } from '../../src/index.ts';
import { defaultSessionLimits } from '../../src/protocol/limits.ts';
import { Session } from '../../src/protocol/session.ts';
import { type Conversation, type ConverseOptions, converse } from '../../src/testing/index.ts';
import { MemoryHost } from '../../src/testing/memory-host.ts';
import { answering, never } from './support.ts';

/** What the client says, and what is done, to reach one end. */
type Way = {
  options?: ConverseOptions;
  says?: string | Buffer;
  act?: (talk: Conversation) => void | Promise<void>;
  /** Whether the conversation ends with the words of `error` or of `farewell`. */
  words?: 'error' | 'farewell';
};

/** All but the death of a worker, of which a session is part. */
const ways: Record<Exclude<CloseReason, 'worker'>, Way> = {
  client: { says: 'a\n', act: (talk) => talk.end() },
  reset: { says: 'a\n', act: (talk) => talk.reset() },
  protocol: { says: 'end\n' },
  idle: { options: { idleTimeout: 10 }, act: (talk) => talk.advance(10), words: 'farewell' },
  'frame-timeout': {
    options: { frameTimeout: 10 },
    says: 'half',
    act: (talk) => talk.advance(10),
    words: 'farewell',
  },
  'write-timeout': {
    options: { writeTimeout: 10 },
    async act(talk) {
      talk.stopReading();
      talk.send('a\n');
      await talk.advance(10);
    },
  },
  'handler-timeout': {
    options: { handlerTimeout: 10 },
    says: 'never\n',
    act: (talk) => talk.advance(10),
    words: 'farewell',
  },
  'max-session': { options: { maxSession: 10 }, act: (talk) => talk.advance(10), words: 'farewell' },
  'frame-too-long': { says: Buffer.alloc(100_000, 'x'), words: 'error' },
  'bad-frame': { says: Buffer.from([0xff, 0x0a]), words: 'error' },
  quota: { options: { quota: 1 }, says: 'a\n', words: 'farewell' },
  overflow: {
    act(talk) {
      talk.stopReading();
      talk.client.send(Buffer.alloc(2_000_000));
    },
  },
  drain: { act: (talk) => talk.drain(), words: 'farewell' },
  stopped: { act: (talk) => talk.stop() },
  error: { says: 'throw\n', words: 'error' },
};

for (const reason of closeReasons) {
  if (reason === 'worker') continue;
  const { options, says, act, words } = ways[reason];

  test(`"${reason}" is reached, told to the protocol once and to the signal, and nothing comes after it`, async () => {
    const told: CloseReason[] = [];
    const protocol = answering(
      (line, client) => {
        if (line === 'end') client.end();
        if (line === 'throw') throw new Error('thrown');
        return line === 'never' ? never : 'x';
      },
      {
        error: () => 'last words: error',
        farewell: (reason) => `last words: farewell ${reason}`,
        close: (_client, reason) => told.push(reason),
      },
    );
    const talk = converse(protocol, options);
    const { signal } = talk.client;
    if (says !== undefined) talk.send(says);
    await act?.(talk);
    const received = await talk.receive();

    assert.equal(talk.closed, reason);
    assert.deepEqual(told, [reason]);
    assert.equal(signal.aborted, true);
    assert.equal(signal.reason, reason);
    const expected = { error: 'last words: error', farewell: `last words: farewell ${reason}` };
    assert.equal(received.replace(/^x*/, ''), words === undefined ? '' : expected[words]);

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
