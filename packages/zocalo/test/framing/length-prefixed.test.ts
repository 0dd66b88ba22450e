import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf, pieces } from '@zocalo/test-support/frames-of.ts';
import fc from 'fast-check';
import {
  FrameTooLongError,
  type LengthPrefixedOptions,
  lengthPrefixed,
  OptionError,
} from '../../src/index.ts';
import { shown } from '../../src/option-checks.ts';

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

test('the limit is by default what the length can express, and 65,536 at most', () => {
  const limits = [1, 2, 4].map((prefix) => {
    const framing = lengthPrefixed({ prefix: prefix as 1 | 2 | 4 });
    return framing.maxIncomplete - prefix;
  });
  assert.deepEqual(limits, [255, 65_535, 65_536]);
});

test('options that cannot be used are refused with their values', () => {
  const bad: [LengthPrefixedOptions, RegExp][] = [
    [{ prefix: 3 as 2 }, /prefix .* not 3$/],
    [{ prefix: '2' as unknown as 2 }, /prefix .* not the string "2"$/],
    [{ prefix: null as unknown as 2 }, /prefix .* not null$/],
    [{ endian: 'BE' as 'big' }, /endian must be one of big, little, not the string "BE"$/],
    [{ prefix: 1, maxLength: 256 }, /maxLength with prefix 1 .* from 0 to 255, not 256$/],
    [{ maxLength: '5' as unknown as number }, /maxLength .* not the string "5"$/],
    [{ maxlength: 5 } as LengthPrefixedOptions, /has no option "maxlength"; did you mean "maxLength"\?$/],
    [2 as LengthPrefixedOptions, /^the options of lengthPrefixed must be an object, not 2$/],
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

test('text is encoded as UTF-8, as its bytes would be', () => {
  const framing = lengthPrefixed();
  assert.deepEqual(framing.encode('hola ñ'), framing.encode(Buffer.from('hola ñ')));
  assert.deepEqual(framesOf(framing, [framing.encode('hola ñ')]).frames, [Buffer.from('hola ñ')]);
  assert.throws(() => lengthPrefixed({ maxLength: 2 }).encode('ññ'), FrameTooLongError);
});

test('what is neither text nor bytes is not encoded', () => {
  const forged = Object.create(Uint8Array.prototype) as Uint8Array;
  for (const value of [
    5,
    null,
    undefined,
    [1, 2],
    { length: 4_096 },
    new ArrayBuffer(4),
    new DataView(new ArrayBuffer(4)),
    forged,
  ]) {
    assert.throws(() => lengthPrefixed().encode(value as Uint8Array), {
      code: 'ERR_REPLY',
      message: `encode takes text or bytes, not ${shown(value)}`,
    });
  }
});
