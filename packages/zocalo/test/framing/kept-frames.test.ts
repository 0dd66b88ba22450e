import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, framesOf, pieces } from '@zocalo/test-support/frames-of.ts';
import fc from 'fast-check';
import { byteLines, type Client, fixedSize, lengthPrefixed, type Protocol, raw } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';

// The receive buffer of a conversation is used again after each receive: frames that are views of it must have been declared so.

/** Frames of this size are given to the protocol without a copy. */
const LARGE = 20_000;

const prefixed = lengthPrefixed({ maxLength: LARGE });
const large = (letter: string) => Buffer.alloc(LARGE, letter);
const isIntact = (frame: Uint8Array | undefined, letter: string) =>
  frame !== undefined && frame.length === LARGE && frame.every((byte) => byte === letter.charCodeAt(0));

test('small frames that a handler keeps are never overwritten', () => {
  fc.assert(
    fc.property(pieces(bytesOf(0x0a, 0x61, 0x62, 0x63)), ({ bytes, pieces }) => {
      const { frames } = framesOf(byteLines({ keepEnding: true }), pieces);
      assert.deepEqual(Buffer.concat(frames), bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1));
    }),
  );
});

test('large frames that a handler keeps are never overwritten, in whatever pieces they come', () => {
  const sent = Buffer.concat(
    ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => prefixed.encode(large(letter))),
  );
  for (const size of [1_000, 7_777, 20_002, 40_000, 65_536]) {
    const count = Math.ceil(sent.length / size);
    const cut = Array.from({ length: count }, (_, i) => sent.subarray(i * size, (i + 1) * size));
    const { frames } = framesOf(prefixed, cut);
    assert.equal(frames.length, 7);
    for (const [i, letter] of [...'abcdefg'].entries())
      assert.ok(isIntact(frames[i], letter), `${letter}, ${size}`);
  }
});

test('what raw hands over is never overwritten', () => {
  const letters = ['a', 'b', 'c'];
  const { frames } = framesOf(raw(), letters.map(large));
  for (const [i, letter] of letters.entries()) assert.ok(isIntact(frames[i], letter), letter);
});

/** Keeps the frames it gets, and does something at each. */
function keeping(kept: Buffer[], atEach: (client: Client, frame: Buffer) => void): Protocol<Buffer> {
  return {
    name: 'keeping',
    framing: prefixed,
    message(frame, client) {
      kept.push(frame);
      atEach(client, frame);
    },
  };
}

test('a large frame that a handler keeps stays as it is when the handler ends the conversation', () => {
  const kept: Buffer[] = [];
  const talk = converse(keeping(kept, (client) => client.end()));
  talk.send(prefixed.encode(large('a')));
  assert.equal(talk.closed, 'protocol');
  assert.ok(isIntact(kept[0], 'a'));
});

test('a large frame that a handler keeps stays as it is when a bad frame comes after it', () => {
  const kept: Buffer[] = [];
  const talk = converse(keeping(kept, () => {}));
  talk.send(Buffer.concat([prefixed.encode(large('a')), Buffer.from([0xff, 0xff])]));
  assert.equal(talk.closed, 'frame-too-long');
  assert.ok(isIntact(kept[0], 'a'));
});

test('a large frame that is sent back stays as it is when a bad frame comes after it', async () => {
  const talk = converse({ name: 'echo', framing: prefixed, message: (frame) => frame });
  talk.stopReading();
  talk.send(Buffer.concat([prefixed.encode(large('a')), Buffer.from([0xff, 0xff])]));
  talk.startReading();
  assert.ok(isIntact(await talk.receiveBytes(), 'a'));
});

test('a large frame that a handler keeps stays as it is when the quota is spent by it', () => {
  const kept: Buffer[] = [];
  const talk = converse(
    keeping(kept, () => {}),
    { quota: 1 },
  );
  talk.send(prefixed.encode(large('a')));
  assert.equal(talk.closed, 'quota');
  assert.ok(isIntact(kept[0], 'a'));
});

test('a large frame that a handler keeps stays as it is when the handler drains the server', () => {
  const kept: Buffer[] = [];
  const talk = converse(keeping(kept, () => talk.drain()));
  talk.send(
    Buffer.concat([prefixed.encode(large('a')), prefixed.encode(large('b')), Buffer.from('incomplete')]),
  );
  assert.equal(talk.closed, 'frame-too-long');
  assert.ok(isIntact(kept[0], 'a'));
  assert.ok(isIntact(kept[1], 'b'));
});

test('frames that stand in the same memory do not stand in each other', () => {
  const { frames } = framesOf(fixedSize(10_000), [Buffer.alloc(30_000, 'x'), Buffer.alloc(10_000, 'y')]);
  assert.equal(frames.length, 4);
  frames[0]?.fill('z');
  assert.ok(frames[1]?.every((byte) => byte === 0x78));
});
