import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameTooLongError } from '../../src/errors.ts';
import { MAX_MESSAGE_SIZE } from '../../src/sys/message-socket.ts';
import {
  parseReport,
  plainError,
  restoreError,
  type WorkerReport,
} from '../../src/workers/worker-messages.ts';

/** What arrives of something that was thrown in a worker. */
const travelled = (thrown: unknown) => restoreError(JSON.parse(JSON.stringify(plainError(thrown))));

test('an error travels with its name, message, stack and code', () => {
  const error = new FrameTooLongError(10);
  const arrived: Error & { code?: string } = travelled(error);
  assert.ok(arrived instanceof Error);
  assert.equal(arrived.name, 'FrameTooLongError');
  assert.equal(arrived.message, error.message);
  assert.equal(arrived.stack, error.stack);
  assert.equal(arrived.code, 'ERR_FRAME_TOO_LONG');
  assert.equal(String(arrived), String(error));
});

test('an error without a stack or a code arrives with its own stack and without a code', () => {
  const error = new TypeError('plain');
  delete error.stack;
  const arrived = travelled(error);
  assert.equal(String(arrived), 'TypeError: plain');
  assert.equal(typeof arrived.stack, 'string');
  assert.equal('code' in arrived, false);
  // Only symbolic names are codes: a number would be taken for one where codes are compared.
  assert.equal('code' in travelled(Object.assign(new Error('numbered'), { code: 7 })), false);
});

const strange: readonly (readonly [what: string, thrown: unknown, message: string])[] = [
  ['a string', 'words', 'words'],
  ['nothing', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a number', 42, '42'],
  ['a symbol', Symbol('sign'), 'Symbol(sign)'],
  ['an object without any text', Object.create(null), 'something that cannot be shown as text'],
  ['an error whose message is no text', Object.assign(new Error(), { message: { a: 1 } }), '[object Object]'],
  ['an error whose message is nothing', Object.assign(new Error(), { message: undefined }), 'undefined'],
];
for (const [what, thrown, message] of strange) {
  test(`${what} that was thrown arrives as an error with this message`, () => {
    assert.equal(travelled(thrown).message, message);
  });
}

test('an error whose name and stack are no text arrives all the same', () => {
  const arrived = travelled(Object.assign(new Error('odd'), { name: () => 'f', stack: [1, 2] }));
  assert.equal(arrived.message, 'odd');
  assert.equal(arrived.stack, '1,2');
});

test('an error whose properties throw arrives all the same', () => {
  const refuse = () => {
    throw new Error('hands off');
  };
  const guarded = Object.defineProperty(new Error('odd'), 'code', { get: refuse });
  const sealed = new Proxy(new Error('odd'), { get: refuse, getPrototypeOf: refuse });
  for (const thrown of [guarded, sealed]) {
    assert.equal(travelled(thrown).message, 'something that cannot be shown as text');
  }
});

test('whatever is thrown, the report of it fits into one message', () => {
  // More than enough of them.
  const long = fc
    .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.nat(200_000))
    .map(([text, length]) => text.repeat(Math.ceil(length / text.length)));
  const thrown = fc.oneof(
    fc.anything(),
    long,
    fc
      .record({ name: long, message: long, stack: long, code: long })
      .map((words) => Object.assign(new Error(), words)),
  );
  fc.assert(
    fc.property(thrown, (error) => {
      const report: WorkerReport = {
        type: 'failed',
        id: Number.MAX_SAFE_INTEGER,
        error: plainError(error),
      };
      assert.ok(Buffer.byteLength(JSON.stringify(report)) <= MAX_MESSAGE_SIZE);
    }),
  );
  for (const words of ['\u{1F980}'.repeat(100_000), '\u0001'.repeat(100_000), '\ud800'.repeat(100_000)]) {
    const largest = Object.assign(new Error(words), { name: words, stack: words, code: words });
    const report = JSON.stringify({ type: 'failed', id: 1, error: plainError(largest) });
    assert.ok(Buffer.byteLength(report) <= MAX_MESSAGE_SIZE);
  }
});

test('a report of groups is one, or is refused', () => {
  for (const report of [
    { type: 'group-message', group: 'room' },
    { type: 'group-message', group: 'room', except: 7, more: true },
    { type: 'members', group: 'room', size: 0 },
  ]) {
    assert.deepEqual(parseReport(report), report);
  }
  for (const report of [
    { type: 'group-message' },
    { type: 'group-message', group: '' },
    { type: 'group-message', group: 5 },
    { type: 'group-message', group: 'x'.repeat(257) },
    { type: 'group-message', group: 'room', except: 'ana' },
    { type: 'members', group: 'room' },
    { type: 'members', group: 'room', size: -1 },
    { type: 'members', group: 'room', size: 1e99 },
  ]) {
    assert.throws(() => parseReport(report), /^TypeError: not a report/);
  }
});
