import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { fixedSize, lines, OptionError, type Protocol, type Reply, raw } from '../../src/index.ts';
import { type Conversation, converse } from '../../src/testing/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'zocalo-'));
const path = join(folder, 'file');
writeFileSync(path, 'done');
after(() => rmSync(folder, { recursive: true, force: true }));

const answering = (
  message: (line: string) => Reply,
  rest: Partial<Protocol<string>> = {},
): Protocol<string> => ({
  name: 'test',
  framing: lines(),
  message,
  ...rest,
});
const echo = answering((line) => `${line}\n`);

test('the example of its documentation', async () => {
  const shout = {
    name: 'shout',
    framing: lines(),
    message: async (line: string) => `${line.toUpperCase()}\n`,
    farewell: () => 'bye\n',
  };

  const talk = converse(shout, { idleTimeoutMs: 60_000 });
  talk.send('hel');
  talk.send('lo\n');
  assert.equal(await talk.receive(), 'HELLO\n');

  await talk.advance(60_000);
  assert.equal(await talk.receive(), 'bye\n');
  assert.equal(talk.closed, 'idle');
});

test('what was received is taken, as text or as bytes', async () => {
  const talk = converse(echo);
  talk.send('né\n');
  assert.equal(await talk.receive(), 'né\n');
  assert.equal(await talk.receive(), '');
  talk.send(Buffer.from('né\n'));
  assert.deepEqual(await talk.receiveBytes(), Buffer.from('né\n'));
  assert.deepEqual(await talk.receiveBytes(), Buffer.alloc(0));
});

test('messages and bytes are counted', async () => {
  const talk = converse(answering((line) => line.repeat(2)));
  talk.send('one\ntwó\nhalf');
  await talk.settle();
  assert.deepEqual([talk.messages, talk.bytesIn, talk.bytesOut], [2, 13, 14]);
});

test('what is sent may be changed afterwards', async () => {
  const talk = converse({ name: 'raw', framing: raw(), message: (bytes) => bytes }, { highWater: 1 });
  const bytes = Buffer.from('one');
  talk.stopReading();
  talk.send(bytes);
  talk.send(bytes);
  bytes.write('two');
  talk.startReading();
  assert.equal(await talk.receive(), 'oneone');
});

test('pieces arrive as they are sent, the large ones 64 KiB at a time', async () => {
  const lengths: number[] = [];
  const talk = converse({
    name: 'lengths',
    framing: raw(),
    message: (bytes): void => {
      lengths.push(bytes.length);
    },
  });
  for (const length of [1, 0, 5, 65_536, 65_537]) talk.send(Buffer.alloc(length));
  await talk.settle();
  assert.deepEqual(lengths, [1, 5, 65_536, 65_536, 1]);
});

test('a client takes as many bytes as it wants to', async () => {
  const talk = converse(echo);
  talk.startReading(3);
  talk.send('one two\n');
  assert.equal(await talk.receive(), 'one');
  assert.equal(talk.hasOutput, true);
  talk.startReading(1);
  assert.equal(await talk.receive(), ' ');
  talk.stopReading();
  assert.equal(await talk.receive(), '');
  talk.startReading();
  assert.equal(await talk.receive(), 'two\n');
  assert.equal(talk.hasOutput, false);
});

const handlers: { name: string; answer: () => Promise<string> }[] = [
  {
    name: 'many promises',
    async answer() {
      for (let i = 0; i < 1_000; i++) await undefined;
      return 'done';
    },
  },
  {
    name: 'many turns of the loop',
    async answer() {
      for (let i = 0; i < 200; i++) await turn();
      return 'done';
    },
  },
  {
    name: 'process.nextTick',
    answer: () => new Promise((resolve) => process.nextTick(resolve, 'done')),
  },
  {
    name: 'an open file',
    async answer() {
      const file = await open(path);
      const { buffer, bytesRead } = await file.read();
      await file.close();
      return buffer.toString('utf8', 0, bytesRead);
    },
  },
];

for (const { name, answer } of handlers) {
  test(`receiving waits for a handler that waits for ${name}`, async () => {
    const talk = converse(answering(answer));
    talk.send('x\n');
    assert.equal(await talk.receive(), 'done');
  });
}

test('receiveUntil waits for what comes from outside', async () => {
  const talk = converse(answering(() => readFile(path, 'utf8')));
  talk.send('x\n');
  assert.equal(await talk.receiveUntil('done'), 'done');
});

test('receiving does not wait for a handler that waits for a timer, and receiveUntil does', async () => {
  const talk = converse(answering((line) => sleep(1_000, `${line}\n`)));
  talk.send('one\ntwo\n');
  assert.equal(await talk.receive(), '');
  assert.equal(await talk.receiveUntil('\n'), 'one\n');
  assert.equal(await talk.receiveUntil('\n'), 'two\n');
});

test('receiveUntil takes no more than it was asked for', async () => {
  const talk = converse(echo);
  talk.send('one\ntwo\nthree\n');
  assert.equal(await talk.receiveUntil('\n'), 'one\n');
  assert.equal(await talk.receiveUntil('wo'), 'two');
  assert.equal(await talk.receive(), '\nthree\n');
});

test('receiveUntil reports what has come when what is wanted does not, and leaves it there', async () => {
  const talk = converse(echo);
  talk.send('one\n');
  await assert.rejects(talk.receiveUntil('two', 1), {
    message: '"two" has not come; the conversation goes on, and what came is "one\\n"',
  });
  talk.end();
  await assert.rejects(talk.receiveUntil('two', 60_000), {
    message: '"two" has not come; the conversation is over (client), and what came is "one\\n"',
  });
  assert.equal(await talk.receive(), 'one\n');
});

test('time stands still until it is let pass', async () => {
  const talk = converse(echo, { idleTimeoutMs: 1 });
  await sleep(5);
  assert.equal(talk.now, 0);
  assert.equal(talk.closed, undefined);
  await talk.advance(0.5);
  await talk.advance(0);
  assert.equal(talk.now, 0.5);
  await talk.advance(10);
  assert.equal(talk.now, 10.5);
  assert.equal(talk.closed, 'idle');
});

test('what a deadline leads to happens at its time', async () => {
  const times: number[] = [];
  const talk: Conversation = converse(
    answering(() => undefined, {
      farewell: () => void times.push(talk.now),
      close: () => times.push(talk.now),
    }),
    { idleTimeoutMs: 100 },
  );
  await talk.advance(1_000);
  assert.deepEqual(times, [100, 100]);
  assert.equal(talk.now, 1_000);
});

test('time does not go back, nor to its end', async () => {
  const talk = converse(echo);
  for (const time of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(
      talk.advance(time),
      (error) => error instanceof OptionError && error.message.endsWith(`${time}`),
    );
  }
});

test('it works while Node’s own timers are virtual', async () => {
  mock.timers.enable();
  try {
    const talk = converse(answering((line) => new Promise((resolve) => setTimeout(resolve, 1_000, line))));
    talk.send('late');
    talk.send('r\n');
    assert.equal(await talk.receive(), '');
    mock.timers.tick(1_000);
    assert.equal(await talk.receive(), 'later');
  } finally {
    mock.timers.reset();
  }
});

test('a client that has ended its sending cannot send', () => {
  const talk = converse(answering(() => new Promise<never>(() => {})));
  talk.send('x\n');
  talk.end();
  talk.end();
  assert.throws(() => talk.send('y\n'), { message: 'this client has already sent its last byte' });
});

test('a protocol can reach its own conversation from its handlers', async () => {
  const talk: Conversation = converse(
    answering((line) => {
      if (line === 'again') talk.send('sent by itself\n');
      if (line === 'break') talk.reset();
      return `${line}\n`;
    }),
  );
  talk.send('again\n');
  assert.equal(await talk.receive(), 'again\nsent by itself\n');
  talk.send('break\n');
  await talk.settle();
  assert.equal(talk.closed, 'reset');
});

test('a frame that is kept although the protocol declared otherwise is written over; one that its answer needs is not', async () => {
  for (const keepsFrames of [true, false]) {
    const kept: Buffer[] = [];
    const talk = converse({
      name: 'keeper',
      framing: fixedSize(10_000),
      keepsFrames,
      message(frame) {
        kept.push(frame);
        return kept.length === 2 ? turn(frame) : frame;
      },
    });
    talk.send('a'.repeat(10_000));
    assert.equal(await talk.receive(), 'a'.repeat(10_000));
    assert.equal(kept[0]?.includes('a'), keepsFrames);
    talk.send('b'.repeat(10_000));
    assert.equal(await talk.receive(), 'b'.repeat(10_000));
  }
});

test('many conversations go on at once', async () => {
  const talks = Array.from({ length: 50 }, () => converse(answering(async (line) => `${line}\n`)));
  for (const [i, talk] of talks.entries()) talk.send(`${i}\n`);
  const received = await Promise.all(talks.map((talk) => talk.receive()));
  assert.deepEqual(
    received,
    talks.map((_, i) => `${i}\n`),
  );
});

test('a quota that cannot be used is refused', () => {
  assert.throws(() => converse(echo, { quota: 0 }), OptionError);
  assert.throws(() => converse(echo, { quota: 1, quotaRefillMs: 0 }), OptionError);
});
