import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf, pieces } from '@zocalo/test-support/frames-of.ts';
import fc from 'fast-check';
import { type Framer, FrameTooLongError, type Framing, type Input } from '../../src/index.ts';
import { shown } from '../../src/option-checks.ts';
import { converse } from '../../src/testing/index.ts';
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

/** How the conversation ends when a framer does this, and why. */
function ending(
  create: () => unknown,
  bytes = 'some bytes',
): { closed: unknown; errors: readonly unknown[]; messages: number } {
  const framing = { name: 'own', maxIncomplete: 100, create } as Framing<Buffer>;
  const talk = converse({ name: 'own', framing, message: () => undefined }, { messagesPerTurn: 1_000_000 });
  talk.send(bytes);
  return talk;
}

test('a framing whose create makes no framer is refused with what it made', () => {
  for (const made of [undefined, null, 42, 'framer', {}, { next: 'no' }, Promise.resolve({})]) {
    assert.throws(() => ending(() => made), {
      code: 'ERR_FRAMING',
      message: `create() of a framing (own) must return a framer, with a function next(input), not ${shown(made)}`,
    });
  }
});

test('a framer that returns frames and takes nothing is stopped', () => {
  const { closed, errors, messages } = ending(() => ({ next: () => Buffer.from('again') }));
  assert.equal(closed, 'error');
  assert.match(String(errors[0]), /^FramingError: .* takes no byte for them$/);
  assert.equal(messages, 1_000);
});

test('so is one whose last frame never ends', async () => {
  const framing = {
    name: 'own',
    maxIncomplete: 100,
    create: () => ({ next: () => undefined, last: () => 'again' }),
  };
  const talk = converse({ name: 'own', framing, message: () => undefined });
  talk.end();
  await talk.settle();
  assert.equal(talk.closed, 'error');
  assert.match(String(talk.errors[0]), /takes no byte for them$/);
});

test('a framer that keeps some frames back may return them without taking more', async () => {
  /** Each byte is as many frames. */
  class Several implements Framer<string> {
    #left = 0;
    next(input: Input): string | undefined {
      if (this.#left === 0) this.#left = input.length === 0 ? 0 : (input.take(1)[0] as number);
      return this.#left === 0 ? undefined : String(this.#left--);
    }
  }
  const framing: Framing<string> = { name: 'several', maxIncomplete: 1, create: () => new Several() };
  const talk = converse({ name: 'several', framing, message: (frame) => `${frame} ` });
  talk.send(Uint8Array.of(3, 2, 50));
  assert.match(await talk.receive(), /^3 2 1 2 1 50 49 .* 2 1 $/);
});

for (const [what, framer, message] of [
  ['a promise', { next: async () => undefined }, /returned a promise/],
  ['a promise that fails', { next: () => Promise.reject(new Error('late')) }, /returned a promise/],
  ['null', { next: () => null }, /returned null; undefined says/],
] as const) {
  test(`a framer that returns ${what} is rejected with a message`, () => {
    const { closed, errors, messages } = ending(() => framer);
    assert.deepEqual([closed, messages], ['error', 0]);
    assert.match(String(errors[0]), message);
  });
}

test('a framer reaches no bytes beyond those of its client', () => {
  for (const reach of [
    (input: Input) => input.take(11),
    (input: Input) => input.take(-1),
    (input: Input) => input.take(1.5),
    (input: Input) => input.take('5' as unknown as number),
    (input: Input) => input.take(Number.NaN),
    (input: Input) => input.skip(11),
    (input: Input) => input.skip(-5),
    (input: Input) => input.truncate(11),
    (input: Input) => input.truncate(-1),
    (input: Input) => input.view(0, 4_096),
    (input: Input) => input.view(-4_096, 5),
    (input: Input) => input.text(0, 11),
    (input: Input) => input.text(-1, 5),
    (input: Input) => input.at(10),
    (input: Input) => input.at(-1),
    (input: Input) => input.readUInt(7, 4, 'big'),
    (input: Input) => input.readUInt(-1, 4, 'big'),
    (input: Input) => input.indexOf(0x0a, -100),
  ]) {
    const { closed, errors, messages } = ending(() => ({ next: reach }));
    assert.deepEqual([closed, messages], ['error', 0], String(reach));
    assert.match(
      String(errors[0]),
      /^FramingError: input\.\w+: there is no .* among the 10 bytes that wait$/,
    );
  }
});

test('a framer can answer its client, and what it takes from one that is gone by then is no message', async () => {
  const framing: Framing<Buffer> = {
    name: 'answering',
    maxIncomplete: 10,
    create: (client) => ({
      next(input) {
        if (input.length === 0) return undefined;
        const frame = input.take(input.length);
        client?.send(Buffer.alloc(frame.length * 100, 'x'));
        return frame;
      },
    }),
  };
  const talk = converse({ name: 'answering', framing, message: () => undefined }, { maxUnsolicited: 500 });
  talk.stopReading();
  talk.send('four');
  assert.deepEqual([talk.messages, talk.closed], [1, undefined]);
  for (const piece of ['full', 'over']) {
    talk.send(piece);
    await talk.settle();
  }
  assert.deepEqual([talk.messages, talk.closed], [2, 'overflow']);
});
