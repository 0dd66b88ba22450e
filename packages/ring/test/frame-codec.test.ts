import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf } from '@zocalo/test-support/frames-of.ts';
import { everySplit } from '@zocalo/test-support/pieces.ts';
import fc from 'fast-check';
import { FrameError, FrameTooLongError } from 'zocalo';
import { crc32c } from '../src/protocol/crc32c.ts';
import { type Frame, FrameType, frameOf, MAX_PAYLOAD } from '../src/protocol/frame.ts';
import { decodeFrame, encodeFrame, ringFraming } from '../src/protocol/frame-codec.ts';

const word = fc.integer({ min: 0, max: 0xffff });
const long = fc.integer({ min: 0, max: 0xffffffff });

const anyFrame: fc.Arbitrary<Frame> = fc
  .record({
    type: fc.constantFrom(...Object.values(FrameType)),
    flags: word,
    view: long,
    epoch: long,
    source: word,
    destination: word,
    message: long,
    previous: long,
    token: long,
    linkNumber: long,
    incarnation: long,
    hops: word,
    payload: fc.uint8Array({ maxLength: 100 }),
  })
  .map(({ payload, ...fields }) => ({ ...fields, payload: Buffer.from(payload) }));

/** What follows the length. */
const body = (bytes: Buffer) => bytes.subarray(4);
const plain = (frame: Frame) => ({ ...frame, payload: Buffer.from(frame.payload).toString('hex') });

test('the CRC-32C is that of RFC 3720, appendix B.4', () => {
  const bytes = (make: (index: number) => number) =>
    Buffer.from(Array.from({ length: 32 }, (_, i) => make(i)));
  assert.equal(crc32c(bytes(() => 0)), 0x8a9136aa);
  assert.equal(crc32c(bytes(() => 0xff)), 0x62a8ab43);
  assert.equal(crc32c(bytes((i) => i)), 0x46dd794e);
  assert.equal(crc32c(bytes((i) => 31 - i)), 0x113fdb5c);
  const read10 =
    '01c00000000000000000000000000000140000000000040000000014000000182800000000000000 0200000000000000'.replaceAll(
      ' ',
      '',
    );
  assert.equal(crc32c(Buffer.from(read10, 'hex')), 0xd9963a56);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('a CRC goes on from the CRC of what came before, wherever the cut is', () => {
  const bytes = Buffer.from('the quick brown fox jumps over the lazy dog');
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.equal(crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut)), crc32c(bytes));
  }
});

test('a frame comes back as it was sent', () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      assert.deepEqual(plain(decodeFrame(body(encodeFrame(frame)))), plain(frame));
    }),
    { numRuns: 2_000 },
  );
});

test('the header has the layout of docs/ring.md', () => {
  const bytes = encodeFrame({
    type: FrameType.DATA,
    flags: 0x0102,
    view: 0x03040506,
    epoch: 0x0708090a,
    source: 0x0b0c,
    destination: 0x0d0e,
    message: 0x0f101112,
    previous: 0x13141516,
    token: 0x1718191a,
    linkNumber: 0x1b1c1d1e,
    incarnation: 0x1f202122,
    hops: 0x2324,
    payload: Buffer.from('hi'),
  });
  const header =
    '0000002e 01 04 0102 03040506 0708090a 0b0c 0d0e 0f101112 13141516 1718191a 1b1c1d1e 1f202122 2324 0000';
  assert.equal(bytes.toString('hex', 0, 44), header.replaceAll(' ', ''));
  assert.equal(bytes.toString('latin1', 48), 'hi');
  const unsigned = Buffer.from(bytes);
  unsigned.writeUInt32BE(0, 44);
  assert.equal(bytes.readUInt32BE(44), crc32c(unsigned));
});

test('frames are found however their bytes are cut', () => {
  const frames = [
    frameOf(FrameType.TOKEN, { token: 7, epoch: 2 }),
    frameOf(FrameType.DATA, { message: 3, payload: Buffer.from('text') }),
  ];
  const bytes = Buffer.concat(frames.map(encodeFrame));
  for (const pieces of [...everySplit(bytes, 2), [...bytes].map((byte) => Buffer.of(byte))]) {
    const outcome = framesOf(ringFraming, pieces);
    assert.equal(outcome.error, undefined);
    assert.deepEqual(outcome.frames.map(plain), frames.map(plain));
  }
});

test('of 100,000 frames with a changed bit or byte none is taken for a frame', () => {
  const original = encodeFrame(
    frameOf(FrameType.DATA, { source: 1, destination: 2, payload: Buffer.alloc(64, 'x') }),
  );
  let random = 1;
  const next = (below: number) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (random >>> 8) % below;
  };
  for (let run = 0; run < 100_000; run++) {
    const bytes = Buffer.from(body(original));
    const changes = 1 + next(3);
    for (let change = 0; change < changes; change++) {
      const at = next(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (next(2) === 0 ? 1 << next(8) : 1 + next(255));
    }
    if (bytes.equals(body(original))) continue;
    assert.throws(() => decodeFrame(bytes), FrameError, `run ${run}`);
  }
});

test('random bytes are never a frame, and never anything but a FrameError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.throws(() => decodeFrame(Buffer.from(bytes)), FrameError);
    }),
    { numRuns: 2_000 },
  );
});

test('another version, an unknown type and a length beyond the longest payload end the connection', () => {
  const changed = (at: number, value: number) => {
    const bytes = encodeFrame(frameOf(FrameType.TOKEN));
    bytes[at] = value;
    bytes.writeUInt32BE(0, 44);
    bytes.writeUInt32BE(crc32c(bytes), 44);
    return framesOf(ringFraming, [bytes]);
  };
  assert.match(String(changed(4, 2).error), /version 2/);
  assert.match(String(changed(5, 77).error), /unknown type 77/);
  const long = Buffer.alloc(8);
  long.writeUInt32BE(44 + MAX_PAYLOAD + 1);
  const outcome = framesOf(ringFraming, [long]);
  assert.ok(outcome.error instanceof FrameTooLongError);
  assert.equal(outcome.closed, 'frame-too-long');
  const short = Buffer.alloc(47);
  short.writeUInt32BE(43);
  assert.equal(framesOf(ringFraming, [short]).closed, 'bad-frame');
});

test('the longest payload goes through, a longer one is refused by the sender', () => {
  const payload = Buffer.alloc(MAX_PAYLOAD, 'p');
  const bytes = encodeFrame(frameOf(FrameType.DATA, { payload }));
  const [frame] = framesOf(ringFraming, [bytes.subarray(0, 40_000), bytes.subarray(40_000)]).frames;
  assert.ok(frame !== undefined && Buffer.from(frame.payload).equals(payload));
  assert.throws(
    () => encodeFrame(frameOf(FrameType.DATA, { payload: Buffer.alloc(MAX_PAYLOAD + 1) })),
    RangeError,
  );
});
