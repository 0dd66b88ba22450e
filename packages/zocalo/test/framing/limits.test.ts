import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Framing, fixedSize, lengthPrefixed, lines, raw } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { netstrings } from './netstring.ts';

const LIMIT = 1_000;

/** The same framing, which also notes how many bytes were waiting when it was asked. */
function watched<Frame>(framing: Framing<Frame>): Framing<Frame> & { most: number } {
  const watch = {
    ...framing,
    most: 0,
    create() {
      const framer = framing.create();
      return {
        next(input: Parameters<typeof framer.next>[0]) {
          watch.most = Math.max(watch.most, input.length);
          return framer.next(input);
        },
      };
    },
  };
  return watch;
}

type Case = { name: string; framing: Framing<Buffer | string>; endless: Buffer };

const x = (length: number) => Buffer.alloc(length, 'x');
const prefixed = lengthPrefixed({ maxLength: 10 * LIMIT }).encode(x(10 * LIMIT));

const cases: Case[] = [
  { name: 'lines', framing: lines({ maxLength: LIMIT }), endless: x(10 * LIMIT) },
  {
    name: 'lines ended by strict CR LF',
    framing: lines({ maxLength: LIMIT, ending: 'strict-crlf' }),
    endless: x(10 * LIMIT),
  },
  { name: 'length-prefixed frames', framing: lengthPrefixed({ maxLength: LIMIT }), endless: prefixed },
  {
    name: 'netstrings',
    framing: netstrings(LIMIT),
    endless: Buffer.concat([Buffer.from('9999:'), x(10 * LIMIT)]),
  },
];

for (const { name, framing, endless } of cases) {
  for (const size of [1, 7, 100, LIMIT]) {
    test(`an endless frame of ${name} in pieces of ${size} is refused before more than the limit is kept`, () => {
      const watch = watched(framing);
      const talk = converse({ name, framing: watch, message: () => undefined });
      for (let at = 0; at < endless.length && talk.closed === undefined; at += size) {
        talk.send(endless.subarray(at, at + size));
      }
      assert.equal(talk.closed, 'frame-too-long');
      assert.equal(talk.messages, 0);
      // The framer is shown at most what may be kept, however much has come; into an empty input, one piece.
      assert.ok(watch.most <= Math.max(framing.maxIncomplete, size), `${watch.most} bytes were kept`);
      assert.ok(talk.bytesIn <= framing.maxIncomplete + size, `${talk.bytesIn} bytes were read`);
    });
  }

  test(`an endless frame of ${name} in one piece is refused`, () => {
    const talk = converse({ name, framing, message: () => undefined });
    talk.send(endless);
    assert.equal(talk.closed, 'frame-too-long');
  });
}

test('a frame larger than the high-water mark is read to its end', async () => {
  const frame = x(300_000);
  const talk = converse(
    { name: 'large', framing: fixedSize(frame.length), message: (bytes) => `${bytes.length}\n` },
    { highWater: 1_000 },
  );
  talk.send(frame);
  talk.send(frame.subarray(1));
  assert.equal(await talk.receive(), '300000\n');
  talk.send('x');
  assert.equal(await talk.receive(), '300000\n');
});

test('while an answer is awaited, little more is read than the high-water mark', async () => {
  for (const framing of [raw(), fixedSize(10), fixedSize(100_000)] as Framing<Buffer>[]) {
    const talk = converse(
      { name: 'slow', framing, message: () => new Promise<never>(() => {}) },
      { highWater: 5_000 },
    );
    for (let i = 0; i < 1_000; i++) talk.send(x(1_000));
    await talk.settle();
    assert.equal(talk.messages, 1);
    const answered = Math.max(framing.maxIncomplete, 1_000);
    assert.ok(talk.bytesIn < answered + 5_000 + 1_000, `${talk.bytesIn} bytes were read`);
    assert.equal(talk.unread, 1_000_000 - talk.bytesIn);
    assert.equal(talk.serverReads, false);
  }
});
