import assert from 'node:assert/strict';
import { mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import {
  type Client,
  FrameError,
  FrameTooLongError,
  fileSlice,
  OptionError,
  type Reply,
  ReplyError,
  type SliceEncoder,
} from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { answering, echo, finalReplies } from './support.ts';

/** What JSON of a client, or a slip of a handler, may put where bytes are expected. */
const lookAlikes: Record<string, () => unknown> = {
  'an object with the fields of bytes': () => JSON.parse('{"length":4096,"byteOffset":4194304,"buffer":{}}'),
  'an object with the prototype of bytes': () => Object.create(Uint8Array.prototype),
  'bytes that say they are longer': () =>
    Object.defineProperty(Buffer.from('abc'), 'length', { value: 4096 }),
  'a number': () => 5,
  'a boolean': () => true,
  'an ArrayBuffer': () => new ArrayBuffer(8),
  'values of 16 bits': () => new Uint16Array([0x4141, 0x4141]),
  'a view': () => new DataView(new ArrayBuffer(8)),
  'a function': () => () => 'text',
};

for (const [name, make] of Object.entries(lookAlikes)) {
  test(`${name}: not a byte of it is sent, and it costs the client alone that it was for`, async () => {
    const value = make() as Reply;
    const ways: Record<string, unknown> = {
      reply: value,
      promise: Promise.resolve(value as unknown),
      array: ['', value],
      generator: (function* () {
        yield value;
      })(),
    };
    for (const reply of Object.values(ways)) {
      const talk = converse(answering(() => reply as Reply, finalReplies));
      talk.send('x\n');
      assert.match(await talk.receive(), /^error: a handler replied with [^\n]+\n$/);
      assert.equal(talk.closed, 'error');
      assert.ok(talk.errors[0] instanceof ReplyError);
    }
    const greeted = converse(answering(echo, { open: () => value }));
    assert.equal(await greeted.receive(), '');
    assert.equal(greeted.closed, 'error');

    const sent = converse(answering(echo, finalReplies));
    assert.equal(sent.client.send(value as string), false);
    assert.match(await sent.receive(), /^error: what is sent to a client must be a string or a Uint8Array/);
    assert.equal(sent.closed, 'error');
    assert.ok(sent.errors[0] instanceof ReplyError);
  });
}

test('a promise that is sent in the place of its value is a fault of that call, also when it is rejected later', async () => {
  const talk = converse(answering(echo));
  assert.equal(talk.client.send(Promise.reject(new Error('later')) as unknown as string), false);
  await talk.settle();
  assert.equal(talk.closed, 'error');
  assert.match(String(talk.errors[0]), /not a promise \(await it first\)/);
});

test('bytes that are transferred to another thread before they are sent cost their client the conversation', async () => {
  const talk = converse(answering(echo));
  talk.stopReading();
  const bytes = new Uint8Array(100_000);
  talk.client.send(bytes);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  talk.startReading();
  assert.equal(await talk.receive(), '');
  assert.equal(talk.closed, 'error');
  assert.match(String(talk.errors[0]), /detached/);
});

test('what `state` and `close` begin and what fails later ends nothing but the conversation', async () => {
  const failed = () => Promise.reject(new Error('later'));
  const stateful = converse({ ...answering<unknown>(echo), state: failed });
  await stateful.settle();
  assert.equal(stateful.closed, 'error');
  const closing = converse(answering(echo, { close: failed as unknown as () => undefined }));
  closing.reset();
  await closing.settle();
  assert.equal(closing.closed, 'reset');
  assert.match(String(closing.errors[0]), /later/);
});

/** What calls back as it likes, where a promise calls back once and later. */
const thenable = (then: (ready: (value: string) => void) => void) =>
  Object.defineProperty({}, 'then', { value: then });

test('a reply that contains itself ends, and so does one of promises and iterators that break their contracts', async () => {
  const self: Reply[] = [];
  self.push(self);
  const replies: unknown[] = [
    self,
    thenable((ready) => [ready('a'), ready('b')]),
    Object.defineProperty({}, 'then', {
      get() {
        throw new Error('no then');
      },
    }),
    { [Symbol.iterator]: () => ({}) },
    { [Symbol.iterator]: () => ({ next: () => undefined }) },
    { [Symbol.asyncIterator]: () => ({ next: async () => undefined }) },
  ];
  for (const reply of replies) {
    const talk = converse(answering((line) => (line === 'x' ? (reply as Reply) : `${line}\n`)));
    talk.send('x\n');
    await talk.settle();
    if (reply === replies[1]) assert.equal(await talk.receive(), 'a');
    else assert.equal(talk.closed, 'error');
  }
});

test('a generator that yields nothing for ever lets others have their turns', async () => {
  let leave = false;
  function* nothing(): Generator<Reply> {
    while (!leave) yield '';
  }
  const talk = converse(answering((line) => (line === 'nothing' ? nothing() : `${line}\n`)));
  talk.send('nothing\n');
  const other = converse(answering(echo));
  other.send('a\n');
  await new Promise((resolve) => setImmediate(resolve));
  leave = true;
  assert.equal(await other.receive(), 'a\n');
  await talk.settle();
  assert.equal(talk.closed, undefined);
});

test('FrameError and FrameTooLongError of a handler end the conversation as those of the framing do', async () => {
  for (const [error, reason] of [
    [new FrameError('no such field'), 'bad-frame'],
    [new FrameTooLongError(10), 'frame-too-long'],
  ] as const) {
    for (const fail of [
      (): Reply => {
        throw error;
      },
      (): Reply => Promise.reject(error),
    ]) {
      const talk = converse(answering(fail, finalReplies));
      talk.send('x\n');
      assert.equal(await talk.receive(), `error: ${error.message}\n`);
      assert.equal(talk.closed, reason);
      assert.deepEqual(talk.errors, []);
    }
  }
});

const folder = await mkdtemp(join(tmpdir(), 'zocalo-'));
const path = join(folder, 'content');
await writeFile(path, 'x'.repeat(1_000));
after(async () => (await import('node:fs/promises')).rm(folder, { recursive: true }));

test('fileSlice closes the file also when it cannot be used as it was asked', async () => {
  const misuses: [number, number, unknown?][] = [
    [Number('x'), 10],
    [0, -1],
    [0, '10' as unknown as number],
    [0, 10, { chunk: 0 }],
    [0, 10, { chunk: 2 ** 40, most: Number, encode: Number }],
    [0, 10, { chunk: 10 }],
  ];
  for (const [offset, length, encoder] of misuses) {
    const file = await open(path);
    assert.throws(() => fileSlice(file, offset, length, encoder as SliceEncoder), OptionError);
    await eventually('the file is closed', () => file.fd === -1);
  }
  for (const file of [undefined, null, {}, { fd: -1 }, { fd: '3' }, 'name'])
    assert.throws(() => fileSlice(file as never, 0, 1), OptionError);
});

test('a file slice that is sent, not replied, is closed and not sent', async () => {
  const file = await open(path);
  const talk = converse(answering(echo));
  talk.client.send(fileSlice(file, 0, 10) as unknown as string);
  await talk.settle();
  assert.equal(talk.closed, 'error');
  await eventually('the file is closed', () => file.fd === -1);
});

test('an encoder that lies about what it has written sends nothing of what other clients were sent', async () => {
  const encoders: Record<string, Partial<SliceEncoder>> = {
    'more than there is room for': { encode: () => 1e9 },
    'less than nothing': { encode: () => -1 },
    'no number': { encode: () => Number.NaN },
    'a promise': { encode: (async () => 5) as never },
    'no room at all': { most: () => -5 },
    'a failure': {
      encode() {
        throw new Error('cannot encode');
      },
    },
  };
  for (const [name, encoder] of Object.entries(encoders)) {
    for (const length of [10, 1_000]) {
      const file = await open(path);
      const whole = { chunk: 500, most: (length: number) => length, encode: () => 0, ...encoder };
      const talk = converse(answering(() => fileSlice(file, 0, length, whole)));
      talk.send('x\n');
      assert.equal(await talk.receive(), '', name);
      assert.equal(talk.closed, 'error', name);
    }
  }
});

test('an encoder may make nothing of a chunk', async () => {
  const file = await open(path);
  let chunks = 0;
  const sparse: SliceEncoder = {
    chunk: 100,
    most: (length) => length,
    encode(chunk, into) {
      chunks++;
      return chunks % 2 === 0 ? chunk.copy(into) : 0;
    },
  };
  const talk = converse(
    answering((_line: string, client: Client) => [fileSlice(file, 0, 1_000, sparse), `${client.id}`]),
  );
  talk.send('x\n');
  assert.equal(await talk.receive(), `${'x'.repeat(500)}1`);
  assert.equal(chunks, 10);
});

test('a file that lies about what it has read sends nothing that it has not read', async () => {
  for (const bytesRead of [1e9, -1, Number.NaN, '5' as unknown as number]) {
    const file = { fd: 0, read: async () => ({ bytesRead }), close: async () => {} };
    const talk = converse(answering(() => fileSlice(file, 0, 100_000)));
    talk.send('x\n');
    assert.equal(await talk.receive(), '');
    assert.equal(talk.closed, 'error');
  }
});
