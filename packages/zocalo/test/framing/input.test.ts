import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Input } from '../../src/framing/input.ts';

/** One receive: bytes are lent, some are taken, the rest is kept. */
type Turn = { received: Uint8Array; most: number; taken: number[]; skipped: number };

const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.record({
    received: fc.uint8Array({ maxLength: 40 }),
    most: fc.integer({ min: 1, max: 60 }),
    taken: fc.array(fc.nat(15), { maxLength: 4 }),
    skipped: fc.nat(5),
  }),
  { maxLength: 30 },
);

test('an input behaves as a plain run of bytes does', () => {
  fc.assert(
    fc.property(turns, (turns) => {
      const input = new Input();
      const receiveBuffer = Buffer.alloc(64);
      let model = Buffer.alloc(0);
      const given: [Buffer, Buffer][] = [];

      for (const { received, most, taken, skipped } of turns) {
        receiveBuffer.fill(0x2a).set(received);
        for (let from = 0; from < received.length; ) {
          const count = input.feed(receiveBuffer, from, received.length, most);
          const expected =
            model.length === 0
              ? received.length - from
              : Math.min(received.length - from, Math.max(most - model.length, 0));
          assert.equal(count, expected);
          model = Buffer.concat([model, received.subarray(from, from + count)]);
          from += count;
          if (count === 0) break;
        }
        assert.equal(input.length, model.length);
        for (const wanted of taken) {
          const length = Math.min(wanted, model.length);
          given.push([input.take(length), Buffer.from(model.subarray(0, length))]);
          model = model.subarray(length);
        }
        const skip = Math.min(skipped, model.length);
        input.skip(skip);
        model = Buffer.from(model.subarray(skip));
        assert.equal(input.detach(), false);
        receiveBuffer.fill(0x2a);
        compare(input, model);
      }
      for (const [taken, expected] of given) assert.deepEqual(taken, expected);
    }),
    { numRuns: 500 },
  );
});

function compare(input: Input, model: Buffer): void {
  assert.equal(input.length, model.length);
  assert.deepEqual(Buffer.from(input.view(0, model.length)), model);
  for (let i = 0; i < model.length; i++) assert.equal(input.at(i), model[i]);
  // 0x2a is what stands in the memory around: it is found only where it was received.
  for (const byte of [0x2a, model[0] ?? 0]) {
    for (let from = 0; from <= model.length; from++)
      assert.equal(input.indexOf(byte, from), model.indexOf(byte, from));
  }
  assert.equal(input.indexOf(0x2a, model.length + 1), -1);
}

test('integers of 1 to 4 bytes are read in both orders', () => {
  const input = new Input();
  const bytes = Buffer.from([0xff, 1, 2, 3, 0xfe]);
  input.feed(bytes, 0, bytes.length, 5);
  for (const size of [1, 2, 3, 4] as const) {
    assert.equal(input.readUInt(1, size, 'big'), bytes.readUIntBE(1, size));
    assert.equal(input.readUInt(1, size, 'little'), bytes.readUIntLE(1, size));
  }
});

test('text is read where it stands, and bytes that are not UTF-8 are replaced', () => {
  const input = new Input();
  const bytes = Buffer.from('xé\u{1f600}y');
  input.feed(bytes, 0, bytes.length, 100);
  assert.equal(input.text(1, 7), 'é\u{1f600}');
  assert.equal(input.text(2, 3), '\ufffd');
  assert.equal(input.length, 8);
});

test('the owner of borrowed memory learns when a large frame is a view of it', () => {
  const input = new Input();
  const lent = Buffer.alloc(20_000);
  input.feed(lent, 0, lent.length, lent.length);
  const frame = input.take(10_000);
  assert.equal(frame.buffer, lent.buffer);
  assert.equal(input.detach(), true);
  // The rest has a memory of its own by now.
  lent.fill(1);
  assert.equal(input.length, 10_000);
  assert.equal(input.indexOf(1), -1);
});

test('a large frame out of memory of its own stays as it is while more is received', () => {
  const input = new Input();
  const receiveBuffer = Buffer.alloc(5_000);
  const receive = (letter: string) => {
    receiveBuffer.fill(letter);
    input.feed(receiveBuffer, 0, receiveBuffer.length, 1_000_000);
    assert.equal(input.detach(), false);
  };
  receive('a');
  receive('a');
  receive('b');
  const frame = input.take(10_000);
  // Little is left each time, so that there would be room where the frame stands.
  for (let i = 0; i < 10; i++) {
    input.skip(input.length - 100);
    receive('c');
  }
  assert.ok(frame.every((byte) => byte === 0x61));
  assert.equal(input.length, 5_100);
});

test('an input that is cleared is empty and can be used again', () => {
  const input = new Input();
  input.feed(Buffer.from('abc'), 0, 3, 10);
  input.detach();
  input.clear();
  assert.equal(input.length, 0);
  input.feed(Buffer.from('xyz'), 1, 3, 10);
  assert.equal(input.text(0, 2), 'yz');
});
