import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, framesOf, pieces } from '@zocalo/test-support/frames-of.ts';
import fc from 'fast-check';
import {
  BareLineFeedError,
  byteLines,
  FrameError,
  FrameTooLongError,
  type LineEnding,
  type LinesOptions,
  lines,
  OptionError,
} from '../../src/index.ts';

const LF = 0x0a;
const CR = 0x0d;
const endings: readonly LineEnding[] = ['any', 'lf', 'crlf', 'strict-crlf'];

type Lines = { frames: Buffer[]; error: 'FrameTooLongError' | 'BareLineFeedError' | undefined };

/** The lines of bytes, found the plain way: one byte after the other, in one piece. */
function plainLines(bytes: Buffer, { ending = 'any', maxLength = 65_536, keepEnding }: LinesOptions): Lines {
  const frames: Buffer[] = [];
  let start = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== LF) continue;
    const afterCr = i > start && bytes[i - 1] === CR;
    if (ending === 'strict-crlf' && !afterCr) return { frames, error: 'BareLineFeedError' };
    if (ending === 'crlf' && !afterCr) continue;
    const end = afterCr && ending !== 'lf' ? i - 1 : i;
    if (end - start > maxLength) return { frames, error: 'FrameTooLongError' };
    frames.push(bytes.subarray(start, keepEnding ? i + 1 : end));
    start = i + 1;
  }
  // One byte more than the longest line can only be the CR of its ending, and the next one only the LF.
  const tooLong = bytes.length - start > maxLength + 1;
  return { frames, error: tooLong ? 'FrameTooLongError' : undefined };
}

for (const ending of endings) {
  test(`lines (${ending}) are found however they are split, and end at the same error`, () => {
    const options = fc.record({ maxLength: fc.integer({ min: 1, max: 12 }), keepEnding: fc.boolean() });
    fc.assert(
      fc.property(pieces(bytesOf(LF, LF, CR, CR, 0, 0x61, 0x62)), options, ({ bytes, pieces }, options) => {
        const expected = plainLines(bytes, { ending, ...options });
        const found = framesOf(byteLines({ ending, ...options }), pieces);
        assert.deepEqual(found.frames, expected.frames);
        assert.equal(found.error === undefined, expected.error === undefined);
        // A line can be too long and have a bare LF: the split decides which of the two is seen first.
        if (ending !== 'strict-crlf') assert.equal((found.error as Error | undefined)?.name, expected.error);
      }),
      { numRuns: 400 },
    );
  });
}

test('text lines are decoded alike however they are split, up to the first one that is not UTF-8', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const alphabet = bytesOf(LF, LF, 0x61, 0xc3, 0xa9, 0xef, 0xbf, 0xbd, 0xbb, 0);
  fc.assert(
    fc.property(pieces(alphabet), ({ bytes, pieces }) => {
      const expected: string[] = [];
      let bad = false;
      for (const line of plainLines(bytes, {}).frames) {
        try {
          expected.push(decoder.decode(line));
        } catch {
          bad = true;
          break;
        }
      }
      const found = framesOf(lines(), pieces);
      assert.deepEqual(found.frames, expected);
      assert.equal(found.closed, bad ? 'bad-frame' : undefined);
    }),
    { numRuns: 1_000 },
  );
});

test('a line that is not UTF-8 is a bad frame, and the lines before it are answered', () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0xaf]]) {
    const found = framesOf(lines(), ['good\n', Buffer.from([...bytes, LF]), 'more\n']);
    assert.deepEqual(found.frames, ['good']);
    assert.ok(found.error instanceof FrameError, `${bytes}`);
    assert.equal(found.error.message, 'a line is not UTF-8 text');
    assert.equal(found.closed, 'bad-frame');
  }
});

test('a replacement character that the client sent is text like any other', () => {
  const found = framesOf(lines(), ['a\ufffdb\n', '\ufffd\n']);
  assert.deepEqual(found.frames, ['a\ufffdb', '\ufffd']);
  assert.equal(found.closed, undefined);
});

test('a byte order mark stays in the line', () => {
  assert.deepEqual(framesOf(lines(), ['\ufeffa\n', '\ufeff\ufffd\n']).frames, ['\ufeffa', '\ufeff\ufffd']);
});

test('NUL bytes are part of a line', () => {
  assert.deepEqual(framesOf(lines(), ['\0a\0\n\0\n']).frames, ['\0a\0', '\0']);
});

test('byte lines do not care about the encoding', () => {
  const bytes = Buffer.from([0xff, 0xfe, 0, 0x80]);
  const found = framesOf(byteLines(), [bytes, '\n']);
  assert.deepEqual(found.frames, [bytes]);
});

test('with strict CR LF a bare LF is an error as soon as it comes, not when its line ends', () => {
  const found = framesOf(lines({ ending: 'strict-crlf' }), ['good\r\nbad\nstill the same li']);
  assert.deepEqual(found.frames, ['good']);
  assert.ok(found.error instanceof BareLineFeedError);
  assert.ok(found.error instanceof FrameError);
  assert.equal(found.closed, 'bad-frame');
});

test('with strict CR LF a CR at the end of one piece and an LF at the start of the next are an ending', () => {
  assert.deepEqual(framesOf(lines({ ending: 'strict-crlf' }), ['one\r', '\n', '\r', '\n']).frames, [
    'one',
    '',
  ]);
});

test('an unterminated line is dropped or delivered as asked, also when only a CR has come of its ending', () => {
  const options = { ended: true };
  assert.deepEqual(framesOf(lines(), ['one\ntw'], options).frames, ['one']);
  const deliver = lines({ unterminated: 'deliver' });
  assert.deepEqual(framesOf(deliver, ['one\ntw', 'o'], options).frames, ['one', 'two']);
  assert.deepEqual(framesOf(deliver, ['one\n'], options).frames, ['one']);
  assert.deepEqual(framesOf(deliver, ['one\r'], options).frames, ['one\r']);
  assert.deepEqual(framesOf(deliver, [], options).frames, []);
});

test('an unterminated line must be within the limit and UTF-8 too', () => {
  const long = framesOf(lines({ unterminated: 'deliver', maxLength: 3 }), ['four'], { ended: true });
  assert.deepEqual([long.frames, long.closed], [[], 'frame-too-long']);
  const bad = framesOf(lines({ unterminated: 'deliver' }), [Buffer.from([0xc3])], { ended: true });
  assert.deepEqual([bad.frames, bad.closed], [[], 'bad-frame']);
});

test('the limit counts the line, not its ending', () => {
  for (const ending of ['\n', '\r\n']) {
    assert.deepEqual(framesOf(lines({ maxLength: 5 }), [`12345${ending}`]).frames, ['12345']);
    const longer = framesOf(lines({ maxLength: 5 }), [`123456${ending}`]);
    assert.deepEqual(longer.frames, []);
    assert.ok(longer.error instanceof FrameTooLongError);
    assert.equal(longer.error.limit, 5);
    assert.equal(longer.closed, 'frame-too-long');
  }
  // With LF alone, a CR is an ordinary byte and counts.
  assert.equal(framesOf(lines({ maxLength: 5, ending: 'lf' }), ['12345\r\n']).closed, 'frame-too-long');
});

test('a limit that is no whole number of 1 or more is refused with its value', () => {
  for (const maxLength of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => lines({ maxLength }),
      (error) =>
        error instanceof OptionError &&
        error.message.includes(`maxLength`) &&
        error.message.endsWith(`not ${maxLength}`),
    );
  }
});

test('options of lines that cannot be used, or that there are not, are refused', () => {
  const bad: readonly [unknown, RegExp][] = [
    [{ ending: 'cr' }, /^lines: ending must be one of any, lf, crlf, strict-crlf, not the string "cr"$/],
    [{ ending: null }, /ending .* not null$/],
    [{ maxLength: '100' }, /maxLength .* not the string "100"$/],
    [{ keepEnding: 'no' }, /keepEnding must be true or false, not the string "no"$/],
    [{ unterminated: true }, /unterminated must be one of drop, deliver, not true$/],
    [{ maxLenght: 100 }, /^lines has no option "maxLenght"; did you mean "maxLength"\?$/],
    [{ colour: 1 }, /^lines has no option "colour"; it has ending, /],
    [100, /^the options of lines must be an object, not 100$/],
    [null, /not null$/],
  ];
  for (const [options, message] of bad) {
    for (const make of [lines, byteLines]) {
      assert.throws(() => make(options as LinesOptions), { code: 'ERR_OPTION', message });
    }
  }
});
