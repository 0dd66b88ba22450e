import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Framing, lengthPrefixed, lines } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';

const MIB = 1_048_576;

/** The work of what reads or copies buffers as a whole while `run` runs, in bytes touched. */
function bytesTouched(run: () => void): number {
  let touched = 0;
  const prototype: Pick<Buffer, 'indexOf' | 'copy'> = Buffer.prototype;
  const { indexOf, copy } = prototype;
  prototype.indexOf = function (this: Buffer, byte: string | number | Uint8Array, from?: unknown): number {
    const start = Number(from ?? 0);
    const found: number = Reflect.apply(indexOf, this, [byte, start]);
    touched += (found < 0 ? this.length : found + 1) - Math.min(start, this.length);
    return found;
  };
  prototype.copy = function (this: Buffer, ...into: Parameters<Buffer['copy']>): number {
    const copied = copy.apply(this, into);
    touched += copied;
    return copied;
  };
  try {
    run();
  } finally {
    Object.assign(prototype, { indexOf, copy });
  }
  return touched;
}

/** A little for each byte and for each piece, and no more for each when there are many. */
function assertLinear(work: (length: number) => number, short: number, long: number): void {
  const [few, many] = [work(short) / short, work(long) / long];
  const found = `${many} bytes touched per byte, against ${few} when there are few`;
  assert.ok(many < 2 * few && many < 1_000, found);
}

/** Sends bytes in pieces of sizes that change from 1 up to the given one. */
function converseInPieces(framing: Framing<string | Buffer>, bytes: Buffer, size: number): void {
  let length = -1;
  const talk = converse({
    name: 'large',
    framing,
    message: (frame) => {
      length = frame.length;
    },
  });
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = bytes.subarray(at, at + 1 + (i % size));
    talk.send(piece);
    at += piece.length;
  }
  assert.equal(talk.messages, 1);
  assert.ok(length > 0);
}

const lineOf = (length: number) => Buffer.concat([Buffer.alloc(length, 'x'), Buffer.from('\n')]);
test('a line of 5 MiB in small pieces takes work in proportion to its length', () => {
  const framing = lines({ maxLength: 5 * MIB });
  const work = (length: number) => bytesTouched(() => converseInPieces(framing, lineOf(length), 128));
  assertLinear(work, MIB / 4, 5 * MIB);
});

test('a line of 5 MiB that must end with CR LF takes work in proportion to its length', () => {
  const framing = lines({ ending: 'strict-crlf', maxLength: 8 * MIB });
  const line = (length: number) => Buffer.concat([Buffer.alloc(length, 'x'), Buffer.from('\r\n')]);
  const work = (length: number) => bytesTouched(() => converseInPieces(framing, line(length), 128));
  assertLinear(work, MIB / 4, 5 * MIB);
});

test('a line of 64 KiB byte by byte takes work in proportion to its length', () => {
  const work = (length: number) => bytesTouched(() => converseInPieces(lines(), lineOf(length), 1));
  assertLinear(work, 4_096, 65_536);
});

test('a length-prefixed frame of 5 MiB in small pieces takes work in proportion to its length', () => {
  const framing = lengthPrefixed({ prefix: 4, maxLength: 5 * MIB });
  const frame = (length: number) => framing.encode(Buffer.alloc(length));
  const work = (length: number) => bytesTouched(() => converseInPieces(framing, frame(length), 128));
  assertLinear(work, MIB / 4, 5 * MIB);
});

test('many small lines in one piece take work in proportion to their number', () => {
  const work = (count: number) => {
    const protocol = { name: 'small', framing: lines(), message: () => undefined };
    const talk = converse(protocol, { messagesPerTurn: 100_000 });
    const touched = bytesTouched(() => talk.send('line\n'.repeat(count)));
    assert.equal(talk.messages, count);
    return touched;
  };
  assertLinear(work, 1_000, 13_000);
});
