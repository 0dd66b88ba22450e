import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  FrameTooLongError,
  type LengthPrefixedOptions,
  lengthPrefixed,
  OptionError,
} from '../../src/index.ts';
import { framesOf, pieces } from './frames-of.ts';

const layouts: LengthPrefixedOptions[] = [1, 2, 4].flatMap((prefix) =>
  (['big', 'little'] as const).map((endian) => ({ prefix: prefix as 1 | 2 | 4, endian })),
);

for (const { prefix, endian } of layouts as Required<LengthPrefixedOptions>[]) {
  test(`what is encoded with a length of ${prefix} bytes, ${endian}-endian, comes out, however it is split`, () => {
    const framing = lengthPrefixed({ prefix, endian });
    const frames = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 });
    const conversation = frames.chain((frames) =>
      pieces(fc.constant(Buffer.concat(frames.map((frame) => framing.encode(frame))))).map(({ pieces }) => ({
        frames,
        pieces,
      })),
    );
    fc.assert(
      fc.property(conversation, ({ frames, pieces }) => {
        const found = framesOf(framing, pieces);
        assert.deepEqual(
          found.frames,
          frames.map((frame) => Buffer.from(frame)),
        );
        assert.equal(found.error, undefined);
      }),
      { numRuns: 200 },
    );
  });
}

test('the length is written in the size and order asked for', () => {
  const encoded = (options: LengthPrefixedOptions) =>
    lengthPrefixed(options).encode(Buffer.alloc(3)).toString('hex');
  assert.equal(encoded({ prefix: 1 }), '03000000');
  assert.equal(encoded({}), '0003000000');
  assert.equal(encoded({ endian: 'little' }), '0300000000');
  assert.equal(encoded({ prefix: 4 }), '00000003000000');
  assert.equal(encoded({ prefix: 4, endian: 'little' }), '03000000000000');
});

test('a length over the limit is an error as soon as the length has come, after the frames before it', () => {
  for (const { prefix, endian } of layouts as Required<LengthPrefixedOptions>[]) {
    const framing = lengthPrefixed({ prefix, endian, maxLength: 5 });
    const six = lengthPrefixed({ prefix, endian }).encode(Buffer.alloc(6)).subarray(0, prefix);
    const found = framesOf(framing, [Buffer.concat([framing.encode(Buffer.from('12345')), six])]);
    assert.deepEqual(found.frames, [Buffer.from('12345')]);
    assert.ok(found.error instanceof FrameTooLongError);
    assert.equal(found.error.limit, 5);
    assert.equal(found.closed, 'frame-too-long');
  }
});

test('nothing longer than the limit is encoded', () => {
  assert.throws(() => lengthPrefixed({ maxLength: 5 }).encode(Buffer.alloc(6)), FrameTooLongError);
  assert.throws(() => lengthPrefixed({ prefix: 1 }).encode(Buffer.alloc(256)), FrameTooLongError);
});

test('the limit is by default what the length can say, and 65,536 at most', () => {
  const limits = [1, 2, 4].map((prefix) => {
    const framing = lengthPrefixed({ prefix: prefix as 1 | 2 | 4 });
    return framing.maxIncomplete - prefix;
  });
  assert.deepEqual(limits, [255, 65_535, 65_536]);
});

test('options that cannot be used are refused with their values', () => {
  const bad: [LengthPrefixedOptions, RegExp][] = [
    [{ prefix: 3 as 2 }, /prefix .* not 3$/],
    [{ prefix: 1, maxLength: 256 }, /maxLength .* from 0 to 255 .* not 256$/],
    [{ maxLength: -1 }, /maxLength .* not -1$/],
    [{ maxLength: 0.5 }, /maxLength .* not 0.5$/],
    [{ maxLength: Number.NaN }, /maxLength .* not NaN$/],
  ];
  for (const [options, message] of bad) {
    assert.throws(
      () => lengthPrefixed(options),
      (error) => error instanceof OptionError && message.test(error.message),
    );
  }
});

test('a limit of 0 bytes allows empty frames alone', () => {
  const framing = lengthPrefixed({ prefix: 1, maxLength: 0 });
  assert.deepEqual(framesOf(framing, ['\0\0']).frames.length, 2);
  assert.equal(framesOf(framing, ['\x01']).closed, 'frame-too-long');
});
