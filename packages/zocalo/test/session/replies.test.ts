import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reply, ReplyError } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { afterTurns, answering, finalReplies } from './support.ts';

const bytes = (text: string) => Buffer.from(text);

function* generator(...pieces: Reply[]): Generator<Reply> {
  yield* pieces;
}

async function* asyncGenerator(...pieces: Reply[]): AsyncGenerator<Reply> {
  for (const piece of pieces) yield await afterTurns(piece);
}

const replies: { name: string; reply: () => Reply; text: string }[] = [
  { name: 'text', reply: () => 'né\n', text: 'né\n' },
  { name: 'bytes', reply: () => bytes('bytes\n'), text: 'bytes\n' },
  { name: 'a Uint8Array', reply: () => new Uint8Array([0x61, 0x0a]), text: 'a\n' },
  { name: 'nothing', reply: () => undefined, text: '' },
  { name: 'null', reply: () => null, text: '' },
  { name: 'empty text', reply: () => '', text: '' },
  { name: 'no bytes', reply: () => Buffer.alloc(0), text: '' },
  { name: 'an empty array', reply: () => [], text: '' },
  { name: 'an array', reply: () => ['a', bytes('b'), undefined, 'c'], text: 'abc' },
  { name: 'nested arrays', reply: () => ['a', ['b', [['c']], []], 'd'], text: 'abcd' },
  { name: 'a set', reply: () => new Set(['a', 'b']), text: 'ab' },
  { name: 'a generator', reply: () => generator('a', bytes('b')), text: 'ab' },
  { name: 'an empty generator', reply: () => generator(), text: '' },
  { name: 'a generator of generators', reply: () => generator('a', generator('b', 'c'), 'd'), text: 'abcd' },
  {
    name: 'a generator of promises',
    reply: () => generator(afterTurns('a', 3), afterTurns('b')),
    text: 'ab',
  },
  { name: 'an async generator', reply: () => asyncGenerator('a', bytes('b')), text: 'ab' },
  { name: 'an empty async generator', reply: () => asyncGenerator(), text: '' },
  {
    name: 'an async generator of generators',
    reply: () => asyncGenerator('a', generator('b', asyncGenerator('c')), ['d']),
    text: 'abcd',
  },
  { name: 'a promise', reply: () => afterTurns('a', 2), text: 'a' },
  { name: 'a promise of nothing', reply: () => afterTurns(undefined), text: '' },
  {
    name: 'a promise of a promise of an array',
    reply: () => afterTurns(afterTurns(['a', afterTurns('b')])),
    text: 'ab',
  },
  { name: 'a promise of a generator', reply: () => afterTurns(generator('a', 'b')), text: 'ab' },
  { name: 'a promise of an async generator', reply: () => afterTurns(asyncGenerator('a', 'b')), text: 'ab' },
  {
    name: 'a thenable that settles at once',
    // biome-ignore lint/suspicious/noThenProperty: what is tested is a promise that is not one of the language's.
    reply: () => ({ then: (settle: (reply: Reply) => void) => settle('a') }) as unknown as Promise<Reply>,
    text: 'a',
  },
];

for (const { name, reply, text } of replies) {
  test(`an answer can be ${name}`, async () => {
    const talk = converse(answering((line) => (line === 'it' ? reply() : `${line}\n`)));
    talk.send('it\nnext\nit\n');
    assert.equal(await talk.receive(), `${text}next\n${text}`);
    assert.equal(talk.messages, 3);
    assert.equal(talk.bytesOut, Buffer.byteLength(`${text}next\n${text}`));
    assert.deepEqual(talk.errors, []);
  });

  test(`a greeting, a final message and a farewell can be ${name}`, async () => {
    const fails = answering(() => Promise.reject(new Error('failure')), { open: reply, error: reply });
    const failing = converse(fails);
    assert.equal(await failing.receive(), text);
    failing.send('x\n');
    assert.equal(await failing.receive(), text);
    assert.equal(failing.closed, 'error');

    const leaving = converse(answering(() => undefined, { farewell: reply }));
    leaving.drain();
    assert.equal(await leaving.receive(), text);
    assert.equal(leaving.closed, 'drain');
  });
}

test('what is no reply is reported, and costs its own client the conversation', async () => {
  for (const nonsense of [42, true, Symbol('x'), () => 'text', { text: 'text' }, [42], Promise.resolve(42)]) {
    const talk = converse(answering(() => nonsense as unknown as Reply, finalReplies));
    talk.send('x\n');
    assert.match(
      await talk.receive(),
      /^error: a handler replied with an? (number|boolean|symbol|function|object), which is neither /,
    );
    assert.equal(talk.closed, 'error');
    assert.ok(talk.errors[0] instanceof ReplyError);
  }
});

test('a large answer is sent from where it stands', async () => {
  const large = Buffer.alloc(3_000_000, 'x');
  const talk = converse(answering(() => large));
  talk.send('x\ny\n');
  const received = await talk.receiveBytes();
  assert.equal(received.length, 6_000_000);
  assert.ok(received.subarray(0, 3_000_000).equals(large));
});
