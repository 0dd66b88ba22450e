import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { type Reply, ReplyError } from '../../src/index.ts';
import { PENDING, ReplyReader } from '../../src/session/reply-reader.ts';

/** Reads a reply to its end, waiting where it must; the pieces as text. */
async function read(reply: Reply): Promise<string[]> {
  const pieces: string[] = [];
  let ready = 0;
  const reader = new ReplyReader(reply, true, { replyReady: () => ready++ }, 0);
  for (;;) {
    const piece = reader.next(0);
    if (piece === undefined) return pieces;
    if (piece !== PENDING) pieces.push(String(piece));
    else {
      const before = ready;
      assert.equal(reader.pending, true);
      assert.equal(reader.next(0), PENDING);
      while (ready === before) await turn();
      assert.equal(ready, before + 1);
      assert.equal(reader.pending, false);
    }
  }
}

const isReplyError = (kind: string) => (error: unknown) =>
  error instanceof ReplyError && error.code === 'ERR_REPLY' && error.message.includes(kind);

test('nothing, in each of its forms, is no piece at all', async () => {
  for (const nothing of [undefined, null, '', [], [null, [], undefined, ''], Promise.resolve()]) {
    assert.deepEqual(await read(nothing), []);
  }
});

test('text and bytes are one piece', async () => {
  assert.deepEqual(await read('text'), ['text']);
  assert.deepEqual(await read(Buffer.from('bytes')), ['bytes']);
  assert.deepEqual(await read(new Uint8Array([0x61])), ['97']);
});

test('whatever can be pulled is pulled apart, at any depth, in order', async () => {
  const nested: Reply = [
    'a',
    Promise.resolve(['b', Promise.resolve('c')]),
    (function* () {
      yield 'd';
      yield* ['e', 'f'];
      yield (async function* () {
        yield 'g';
        await turn();
        yield Promise.resolve(['h']);
      })();
    })(),
    new Set(['i', 'j']),
  ];
  assert.deepEqual(await read(nested), [...'abcdefghij']);
});

test('a promise of a generator, and a generator of promises', async () => {
  const generator = async () =>
    (function* () {
      yield turn().then(() => 'a');
      yield 'b';
    })();
  assert.deepEqual(await read(generator()), ['a', 'b']);
});

test('what a generator returns is not part of its reply, as in a for loop', async () => {
  const generator = function* () {
    yield 'a';
    return 'b';
  };
  assert.deepEqual(await read([generator(), generator()]), ['a', 'a']);
});

/** A tree of replies, and the text it stands for. */
type Tree = { reply: () => Reply; text: string };
const { tree } = fc.letrec<{ tree: Tree; branch: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.string({ maxLength: 3 }).map((text) => ({ reply: () => text, text })),
    fc.string({ maxLength: 3 }).map((text) => ({ reply: () => Buffer.from(text), text })),
    fc.constantFrom(undefined, null).map((nothing) => ({ reply: () => nothing, text: '' })),
    tie('branch'),
  ),
  branch: fc
    .tuple(
      fc.constantFrom('array', 'generator', 'async generator', 'promise'),
      fc.array(tie('tree'), { maxLength: 3 }),
    )
    .map(([kind, trees]) => {
      const text = trees.map((tree) => tree.text).join('');
      const replies = () => trees.map((tree) => tree.reply());
      const forms: Record<string, () => Reply> = {
        array: replies,
        *generator() {
          for (const tree of trees) yield tree.reply();
        },
        async *'async generator'() {
          for (const tree of trees) yield tree.reply();
        },
        promise: async () => replies(),
      };
      return { reply: forms[kind] as () => Reply, text };
    }),
}));

test('any nesting of replies is read as the text it stands for', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async ({ reply, text }) => {
      assert.equal((await read(reply())).join(''), text);
    }),
    { numRuns: 200 },
  );
});

test('what is no reply is an error that names what it is', async () => {
  await assert.rejects(read(42 as unknown as Reply), isReplyError('number'));
  await assert.rejects(read(true as unknown as Reply), isReplyError('boolean'));
  await assert.rejects(read((() => 'text') as unknown as Reply), isReplyError('function'));
  await assert.rejects(read({ text: 'text' } as unknown as Reply), isReplyError('object'));
  await assert.rejects(read(['a', 42] as unknown as Reply), isReplyError('number'));
  await assert.rejects(read(Promise.resolve(42) as unknown as Reply), isReplyError('number'));
});

test('failures come out as they are', async () => {
  const failure = new Error('failure');
  const fail = () => {
    throw failure;
  };
  await assert.rejects(read(Promise.reject(failure)), failure);
  await assert.rejects(
    read(
      (function* () {
        yield 'a';
        fail();
      })(),
    ),
    failure,
  );
  await assert.rejects(
    read(
      (async function* () {
        yield 'a';
        fail();
      })(),
    ),
    failure,
  );
  await assert.rejects(read({ [Symbol.iterator]: fail }), failure);
});

test('a generator is asked for one piece at a time', () => {
  let pulled = 0;
  const endless = (function* () {
    for (;;) yield `${++pulled}`;
  })();
  const reader = new ReplyReader(endless, true, { replyReady: () => {} }, 0);
  assert.equal(reader.next(0), '1');
  assert.equal(pulled, 1);
  assert.equal(reader.next(0), '2');
  assert.equal(pulled, 2);
});

test('closing a reply closes its generators, the innermost first, even when one of them fails at it', () => {
  const closed: string[] = [];
  const generator = function* (name: string, content: Reply): Generator<Reply> {
    try {
      yield content;
    } finally {
      closed.push(name);
      // biome-ignore lint/correctness/noUnsafeFinally: what is tested is a failure while cleaning up.
      throw new Error('while closing');
    }
  };
  const reply = generator('outer', [generator('middle', generator('inner', 'a'))]);
  const reader = new ReplyReader(reply, true, { replyReady: () => {} }, 0);
  assert.equal(reader.next(0), 'a');
  reader.close();
  assert.deepEqual(closed, ['inner', 'middle', 'outer']);
});

test('closing a reply closes its async generators, and their failures are ignored', async () => {
  const closed: string[] = [];
  const generator = async function* (name: string, content: Reply): AsyncGenerator<Reply> {
    try {
      yield content;
    } finally {
      closed.push(name);
      // biome-ignore lint/correctness/noUnsafeFinally: what is tested is a failure while cleaning up.
      throw new Error('while closing');
    }
  };
  const reader = new ReplyReader(
    generator('outer', generator('inner', 'a')),
    true,
    { replyReady: () => {} },
    0,
  );
  while (reader.next(0) !== 'a') await turn();
  reader.close();
  await turn();
  assert.deepEqual(closed.sort(), ['inner', 'outer']);
});

test('a reply that is closed while it waits is not reported ready, nor is its failure', async () => {
  let ready = 0;
  for (const settle of [() => Promise.resolve('late'), () => Promise.reject(new Error('late'))]) {
    const reader = new ReplyReader(turn().then(settle), true, { replyReady: () => ready++ }, 0);
    assert.equal(reader.next(0), PENDING);
    reader.close();
    await turn();
    await turn();
  }
  assert.equal(ready, 0);
});

test('it reports since when it waits', async () => {
  const reader = new ReplyReader(
    [Promise.resolve('a'), Promise.resolve('b')],
    true,
    { replyReady: () => {} },
    0,
  );
  assert.equal(reader.next(5), PENDING);
  assert.deepEqual([reader.pending, reader.pendingSince], [true, 5]);
  await turn();
  assert.equal(reader.next(7), 'a');
  assert.equal(reader.next(9), PENDING);
  assert.deepEqual([reader.pending, reader.pendingSince], [true, 9]);
});
