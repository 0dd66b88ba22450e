import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameTooLongError, type Framing } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { framesOf, pieces } from './frames-of.ts';
import { netstrings } from './netstring.ts';

const netstring = (frame: Uint8Array) =>
  Buffer.concat([Buffer.from(`${frame.length}:`), frame, Buffer.from(',')]);

test('netstrings come out as they went in, however they are split', () => {
  const conversation = fc
    .array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 })
    .chain((frames) =>
      pieces(fc.constant(Buffer.concat(frames.map(netstring)))).map(({ pieces }) => ({ frames, pieces })),
    );
  fc.assert(
    fc.property(conversation, ({ frames, pieces }) => {
      assert.deepEqual(
        framesOf(netstrings(20), pieces).frames,
        frames.map((frame) => Buffer.from(frame)),
      );
    }),
  );
});

test('what a framing of a user throws closes the conversation as for the framings that come with it', () => {
  const outcome = (bytes: string) => framesOf(netstrings(20), [bytes]).closed;
  assert.equal(outcome('3:one!'), 'bad-frame');
  assert.equal(outcome('x:'), 'bad-frame');
  assert.equal(outcome('no length'), 'bad-frame');
  assert.equal(outcome('21:'), 'frame-too-long');
});

test('a framing that fails otherwise is an error of the server, which is reported', () => {
  const failure = new TypeError('a mistake in the framing');
  const framing: Framing<Buffer> = {
    name: 'broken',
    maxIncomplete: 10,
    create: () => ({
      next: () => {
        throw failure;
      },
    }),
  };
  const talk = converse({ name: 'broken', framing, message: () => undefined });
  talk.send('x');
  assert.equal(talk.closed, 'error');
  assert.deepEqual(talk.errors, [failure]);
});

/** A framing without any limit of its own: its frames end with a semicolon. */
const unlimited: Framing<Buffer> = {
  name: 'unlimited',
  maxIncomplete: 10,
  create: () => ({
    next(input) {
      const end = input.indexOf(0x3b);
      return end < 0 ? undefined : input.take(end + 1);
    },
  }),
};

test('a framing that sets no limit itself is held to the one it declares, in many pieces', () => {
  const { frames, error, closed } = framesOf(unlimited, ['fits;', ...Array<string>(12).fill('x'), ';']);
  assert.deepEqual(frames.map(String), ['fits;']);
  assert.ok(error instanceof FrameTooLongError);
  assert.equal(error.limit, 10);
  assert.equal(closed, 'frame-too-long');
});

test('a framing that sets no limit itself is held to the one it declares, in one piece', () => {
  const { frames, error, closed } = framesOf(unlimited, [`fits;${'x'.repeat(1_000)}`]);
  assert.deepEqual(frames.map(String), ['fits;']);
  assert.ok(error instanceof FrameTooLongError);
  assert.equal(closed, 'frame-too-long');
});

test('an incomplete frame of exactly the declared limit is waited for', () => {
  const { frames, closed } = framesOf(unlimited, ['123456789', '0']);
  assert.deepEqual([frames, closed], [[], undefined]);
  assert.deepEqual(framesOf(unlimited, ['123456789', ';']).frames.map(String), ['123456789;']);
});
