import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf } from '@zocalo/test-support/frames-of.ts';
import { everySplit } from '@zocalo/test-support/pieces.ts';
import { byteLines, type Framing, fixedSize, lengthPrefixed, lines } from '../../src/index.ts';
import { netstrings } from './netstring.ts';

type Conversation = { name: string; framing: Framing<Buffer | string>; bytes: Buffer; frames: string[] };

const latin1 = (text: string) => Buffer.from(text, 'latin1');

const conversations: Conversation[] = [
  {
    name: 'lines of any ending',
    framing: lines(),
    bytes: Buffer.from('one\r\n\ntwó\n\r\r\n🙂\n'),
    frames: ['one', '', 'twó', '\r', '🙂'],
  },
  {
    name: 'lines ended by LF',
    framing: lines({ ending: 'lf' }),
    bytes: Buffer.from('one\r\n\ntwó\n'),
    frames: ['one\r', '', 'twó'],
  },
  {
    name: 'lines ended by CR LF',
    framing: lines({ ending: 'crlf' }),
    bytes: Buffer.from('one\r\n\n\r\r\ntwó\r\n\r\n'),
    frames: ['one', '\n\r', 'twó', ''],
  },
  {
    name: 'lines strictly ended by CR LF',
    framing: lines({ ending: 'strict-crlf' }),
    bytes: Buffer.from('one\r\n\r\rtwó\r\n\r\n'),
    frames: ['one', '\r\rtwó', ''],
  },
  {
    name: 'lines with their endings kept',
    framing: byteLines({ keepEnding: true }),
    bytes: Buffer.from('one\r\n\ntwo\r\n'),
    frames: ['one\r\n', '\n', 'two\r\n'],
  },
  {
    name: 'lines of which the last is not ended',
    framing: lines({ unterminated: 'deliver', maxLength: 3 }),
    bytes: Buffer.from('one\r\ntwo\nsix'),
    frames: ['one', 'two', 'six'],
  },
  {
    name: 'frames with a length of 1 byte',
    framing: lengthPrefixed({ prefix: 1 }),
    bytes: latin1('\x03one\x00\x05three'),
    frames: ['one', '', 'three'],
  },
  {
    name: 'frames with a length of 2 bytes, big-endian',
    framing: lengthPrefixed(),
    bytes: latin1('\x00\x03one\x00\x00\x00\x05three'),
    frames: ['one', '', 'three'],
  },
  {
    name: 'frames with a length of 2 bytes, little-endian',
    framing: lengthPrefixed({ endian: 'little' }),
    bytes: latin1('\x03\x00one\x00\x00\x05\x00three'),
    frames: ['one', '', 'three'],
  },
  {
    name: 'frames with a length of 4 bytes, big-endian',
    framing: lengthPrefixed({ prefix: 4, maxLength: 5 }),
    bytes: latin1('\x00\x00\x00\x03one\x00\x00\x00\x00\x00\x00\x00\x05three'),
    frames: ['one', '', 'three'],
  },
  {
    name: 'frames with a length of 4 bytes, little-endian',
    framing: lengthPrefixed({ prefix: 4, endian: 'little' }),
    bytes: latin1('\x03\x00\x00\x00one\x00\x00\x00\x00\x05\x00\x00\x00three'),
    frames: ['one', '', 'three'],
  },
  {
    name: 'frames of a fixed size',
    framing: fixedSize(3),
    bytes: latin1('onetwosixten'),
    frames: ['one', 'two', 'six', 'ten'],
  },
  {
    name: 'netstrings, a framing that a user wrote',
    framing: netstrings(10),
    bytes: latin1('3:one,0:,10:ten,ten:10,'),
    frames: ['one', '', 'ten,ten:10'],
  },
];

for (const { name, framing, bytes, frames } of conversations) {
  test(`${name} are the same at every split into one, two and three pieces`, () => {
    for (const pieces of [1, 2, 3].flatMap((count) => everySplit(bytes, count))) {
      const found = framesOf(framing, pieces, { ended: true });
      assert.deepEqual(found.frames.map(String), frames, pieces.map(String).join('|'));
      assert.equal(found.closed, 'client');
    }
  });
}

for (const { name, framing, bytes, frames } of conversations) {
  test(`${name} are the same when they come byte by byte`, () => {
    const found = framesOf(framing, everySplit(bytes, bytes.length).flat(), { ended: true });
    assert.deepEqual(found.frames.map(String), frames);
  });
}

test('an incomplete last frame is dropped, unless the framing delivers it', () => {
  const incomplete: [Framing<Buffer | string>, string][] = [
    [lines(), 'one\ntwo'],
    [lengthPrefixed({ prefix: 1 }), '\x03one\x04two'],
    [fixedSize(3), 'onetw'],
    [netstrings(10), '3:one,3:two'],
  ];
  for (const [framing, bytes] of incomplete) {
    const found = framesOf(framing, [bytes], { ended: true });
    assert.deepEqual(found.frames.map(String), ['one']);
    assert.equal(found.closed, 'client');
  }
});
