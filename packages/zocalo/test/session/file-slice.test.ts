import assert from 'node:assert/strict';
import { mkdtempSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileSlice, type Reply, type SliceEncoder } from '../../src/index.ts';
import { shown } from '../../src/option-checks.ts';
import { FileTransfer } from '../../src/session/file-transfer.ts';
import type { ReadNow } from '../../src/session/session-port.ts';
import { converse } from '../../src/testing/index.ts';
import { afterTurns, answering, Deferred, finalReplies } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'zocalo-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
const path = join(folder, 'content');
writeFileSync(path, content);

const isClosed = (file: FileHandle) => file.fd === -1;

test('a slice of a file is sent from its offset, as long as it is, and the file is closed', async () => {
  const slices: [number, number][] = [
    [0, 300_000],
    [0, 0],
    [299_999, 1],
    [65_530, 65_550],
    [1, 131_072],
  ];
  for (const [offset, length] of slices) {
    const file = await open(path);
    const talk = converse(answering(() => fileSlice(file, offset, length)));
    talk.send('x\n');
    assert.deepEqual(await talk.receiveBytes(), content.subarray(offset, offset + length));
    assert.ok(isClosed(file));
    assert.equal(talk.closed, undefined);
  }
});

test('a slice can stand anywhere in a reply', async () => {
  const talk = converse(
    answering(async () => [
      '<',
      fileSlice(await open(path), 0, 10),
      '|',
      fileSlice(await open(path), 10, 100),
      '>',
    ]),
  );
  talk.send('x\n');
  const expected = ['<', content.subarray(0, 10), '|', content.subarray(10, 110), '>'];
  assert.deepEqual(
    await talk.receiveBytes(),
    Buffer.concat(expected.map((part) => Buffer.from(part as Buffer))),
  );
});

test('a slice is read only as the client takes it', async () => {
  const file = await open(path);
  const talk = converse(
    answering(() => fileSlice(file, 0, 300_000)),
    { highWater: 10_000 },
  );
  let read = 0;
  const readFile = file.read.bind(file) as FileHandle['read'];
  file.read = (async (...args: Parameters<typeof readFile>) => {
    const result = await readFile(...args);
    read += result.bytesRead;
    return result;
  }) as typeof file.read;
  talk.stopReading();
  talk.send('x\n');
  await talk.settle();
  assert.equal(read, 0);
  talk.startReading(60_000);
  await talk.settle();
  assert.equal(read, 98_304);
  talk.startReading();
  assert.deepEqual(await talk.receiveBytes(), content);
});

test('a file that ends before its slice does is a failure, and no message follows', async () => {
  const file = await open(path);
  const talk = converse(answering(() => fileSlice(file, 299_000, 2_000), finalReplies));
  talk.send('x\n');
  assert.deepEqual(await talk.receiveBytes(), content.subarray(299_000));
  assert.equal(talk.closed, 'error');
  assert.match(String(talk.errors[0]), /ends 1000 bytes before the slice of 2000/);
  assert.ok(isClosed(file));
});

/** What a client may be waiting for when it leaves. */
const abandoned: { name: string; reply: (file: FileHandle) => Reply }[] = [
  { name: 'that is being sent', reply: (file) => fileSlice(file, 0, 300_000) },
  {
    name: 'behind a piece that is being sent',
    reply: (file) => [Buffer.alloc(100_000), fileSlice(file, 0, 10)],
  },
  {
    name: 'behind a piece of a nested reply',
    reply: (file) => [[Buffer.alloc(100_000)], [[fileSlice(file, 0, 10)]]],
  },
  { name: 'behind a promise', reply: (file) => [new Promise<never>(() => {}), fileSlice(file, 0, 10)] },
];

for (const { name, reply } of abandoned) {
  test(`the file of a slice ${name} is closed when the client leaves`, async () => {
    const file = await open(path);
    const talk = converse(
      answering(() => reply(file)),
      { highWater: 1_000 },
    );
    talk.stopReading();
    talk.send('x\n');
    await talk.settle();
    talk.reset();
    await talk.settle();
    assert.equal(talk.closed, 'reset');
    const closed = isClosed(file);
    if (!closed) await file.close();
    assert.ok(closed);
  });
}

test('the file of a slice that comes too late is closed', async () => {
  const deferred = new Deferred();
  const file = await open(path);
  const talk = converse(answering(() => deferred.promise.then(() => fileSlice(file, 0, 10))));
  talk.send('x\n');
  await talk.settle();
  talk.reset();
  deferred.resolve();
  await talk.settle();
  assert.ok(isClosed(file));
});

test('the file of a slice is closed that answers a message after its handler lost the client', async () => {
  const file = await open(path);
  const protocol = answering((_line, client) => {
    for (let i = 0; i < 2; i++) client.send(Buffer.alloc(2_000_000));
    return fileSlice(file, 0, 10);
  });
  const talk = converse(protocol);
  talk.stopReading();
  talk.send('x\n');
  assert.equal(talk.closed, 'overflow');
  await talk.settle();
  const closed = isClosed(file);
  if (!closed) await file.close();
  assert.ok(closed);
});

test('the file of a slice that waits behind another answer is closed when the client leaves', async () => {
  const file = await open(path);
  async function* half() {
    yield 'half';
    await afterTurns(new Promise<never>(() => {}));
  }
  const talk = converse(
    answering((line) => (line === 'half' ? half() : fileSlice(file, 0, 10)), { concurrency: 2 }),
  );
  talk.send('half\n');
  assert.equal(await talk.receive(), 'half');
  talk.send('file\n');
  await talk.settle();
  talk.reset();
  await talk.settle();
  assert.ok(isClosed(file));
});

/** Two letters for a byte. */
const hexadecimal: SliceEncoder = {
  chunk: 1_000,
  most: (length) => 2 * length,
  encode: (chunk, into) => into.write(chunk.toString('hex'), 'latin1'),
};

test('a slice goes through its encoder chunk by chunk, however little the client takes at a time', async () => {
  const file = await open(path);
  const talk = converse(answering(() => ['<', fileSlice(file, 10, 12_345, hexadecimal), '>']));
  talk.stopReading();
  talk.send('x\n');
  for (let i = 0; i < 100; i++) {
    talk.startReading(77);
    await talk.settle();
  }
  talk.startReading();
  const expected = `<${content.subarray(10, 12_355).toString('hex')}>`;
  assert.equal(await talk.receive(), expected);
  assert.ok(isClosed(file));
});

test('a chunk that is larger than usual, and one that becomes larger, arrive as they are', async () => {
  const wide: SliceEncoder = { ...hexadecimal, chunk: 250_000 };
  const file = await open(path);
  const talk = converse(answering(() => fileSlice(file, 0, 300_000, wide)));
  talk.send('x\n');
  assert.equal(await talk.receive(), content.toString('hex'));
});

test('an encoder never gets the bytes of a file that ended before its chunk did', async () => {
  const file = await open(path);
  const talk = converse(answering(() => fileSlice(file, 298_500, 2_000, hexadecimal), finalReplies));
  talk.send('x\n');
  assert.equal(await talk.receive(), content.subarray(298_500, 299_500).toString('hex'));
  assert.match(String(talk.errors[0]), /ends 500 bytes before the slice of 2000/);
  assert.equal(talk.closed, 'error');
});

test('a file that takes too long is given up like a handler that does', async () => {
  const file = await open(path);
  const deferred = new Deferred();
  file.read = (() => deferred.promise) as unknown as typeof file.read;
  const talk = converse(
    answering(() => fileSlice(file, 0, 10)),
    { handlerTimeoutMs: 500 },
  );
  talk.send('x\n');
  await talk.advance(500);
  assert.equal(talk.closed, 'handler-timeout');
  deferred.resolve();
});

test('a client that takes nothing of a file is closed for it, also while it goes on sending', async () => {
  const file = await open(path);
  const talk = converse(
    answering(() => fileSlice(file, 0, 300_000)),
    { writeTimeoutMs: 500 },
  );
  talk.send('x\n');
  talk.stopReading();
  talk.startReading(1);
  await talk.settle();
  for (let i = 0; i < 4; i++) {
    await talk.advance(100);
    talk.send('y');
  }
  assert.equal(talk.closed, undefined);
  await talk.advance(100);
  assert.equal(talk.closed, 'write-timeout');
});

test('slices of several answers at once, and unsolicited messages, never interleave', async () => {
  const protocol = answering(
    async (line, client) => {
      const file = await open(path);
      client.send(`(${line})`);
      return ['<', fileSlice(file, 0, 150_000), '>'];
    },
    { concurrency: 3 },
  );
  const talk = converse(protocol);
  talk.stopReading();
  talk.send('1\n2\n3\n');
  await talk.settle();
  talk.client.send('!');
  talk.startReading(100_000);
  await talk.settle();
  talk.client.send('?');
  talk.startReading();
  const whole = `<${content.subarray(0, 150_000).toString('latin1')}>`;
  const rest = (await talk.receiveBytes()).toString('latin1').split(whole);
  assert.equal(rest.length, 4);
  assert.deepEqual([...rest.join('')].sort().join(''), '!((()))123?');
});

test('a small slice that is in memory is taken at once, unless it has more chunks than one', async () => {
  const file = await open(path);
  const readNow: ReadNow = (fd, into, length, offset) => readSync(fd, into, 0, length, offset);
  const whole = (length: number, encoder?: SliceEncoder) =>
    new FileTransfer(fileSlice(file, 7, length, encoder), { fileReady() {} }).whole(readNow);
  assert.deepEqual(whole(16_384), content.subarray(7, 16_391));
  assert.equal(whole(16_385), undefined);
  assert.equal(whole(1_000, hexadecimal)?.toString(), content.toString('hex', 7, 1_007));
  assert.equal(whole(1_001, hexadecimal), undefined);
  await file.close();
});

test('an offset or a length that is no whole number of 0 or more is refused with its value', () => {
  // One that stays open, though each refusal closes it.
  const file = { fd: 0, read: () => Promise.reject(new Error('unread')), close: async () => {} };
  for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '10', null]) {
    const message = (name: string) => ({
      code: 'ERR_OPTION',
      message: `fileSlice: ${name} must be a whole number of bytes of 0 or more, not ${shown(value)}`,
    });
    assert.throws(() => fileSlice(file, value as number, 0), message('offset'));
    assert.throws(() => fileSlice(file, 0, value as number), message('length'));
  }
});

test('what is no open file, and what is no encoder, is refused', () => {
  const file = { fd: 0, read: () => Promise.reject(new Error('unread')), close: async () => {} };
  for (const value of [undefined, null, path, 7, {}, open, { ...file, fd: -1 }]) {
    assert.throws(() => fileSlice(value as FileHandle, 0, 10), {
      code: 'ERR_OPTION',
      message: `fileSlice: file must be an open file, such as what open() of node:fs/promises resolves to, not ${shown(value)}`,
    });
  }
  const { most, encode } = hexadecimal;
  for (const value of [
    null,
    'base64',
    {},
    { most, encode },
    { chunk: 0, most, encode },
    { chunk: '3', most, encode },
  ]) {
    assert.throws(
      () => fileSlice(file, 0, 10, value as SliceEncoder),
      /fileSlice: encoder(\.chunk)? must be /,
    );
  }
});
