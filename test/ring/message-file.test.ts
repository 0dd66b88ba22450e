import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BadLine, MessageFile, shorterWay } from '../../src/services/ring/message-file.ts';
import type { Message } from '../../src/services/ring/protocol/event.ts';
import { directory } from '../cli/support.ts';

async function readAll(test: TestContext, text: string, after = 0) {
  const path = join(directory(test, { messages: text }), 'messages');
  const bad: BadLine[] = [];
  const file = new MessageFile(path, {
    id: 0,
    choose: shorterWay([0, 1, 2, 3, 4], 0),
    after,
    onBadLine: (line) => bad.push(line),
  });
  const all: Message[] = [];
  for (let ended = false; !ended; ) {
    const { messages, end } = await file.read(3);
    all.push(...messages);
    ended = end;
  }
  const words = all.map(({ number, destination, stream, payload }) => [
    number,
    destination,
    stream,
    Buffer.from(payload).toString(),
  ]);
  return { words, bad };
}

test('each line is a message, numbered as its line; comments and empty lines are none', async (t) => {
  const { words, bad } = await readAll(
    t,
    '# to the neighbours\n1 hello\n\n4 salut  à toi \r\n3\n2> right\n2< left\n2<> any\n1 last\n2 > text',
  );
  assert.deepEqual(bad, []);
  assert.deepEqual(words, [
    [2, 1, 0, 'hello'],
    [4, 4, 1, 'salut  à toi '],
    [5, 3, 1, ''],
    [6, 2, 0, 'right'],
    [7, 2, 1, 'left'],
    [8, 2, 2, 'any'],
    [9, 1, 0, 'last'],
    [10, 2, 0, '> text'],
  ]);
});

test('a bad line is reported with its number, and the others go on', async (t) => {
  const { words, bad } = await readAll(t, 'hello\n1 ok\n0 me\n70000 far\n1x y\n3 fine\n');
  assert.deepEqual(
    bad.map(({ line }) => line),
    [1, 3, 4, 5],
  );
  assert.match(bad[1]?.reason ?? '', /cannot send to itself/);
  assert.deepEqual(
    words.map(([number]) => number),
    [2, 6],
  );
});

test('it goes on after the line it is told', async (t) => {
  const { words } = await readAll(t, '1 a\n1 b\n# c\n1 d\n', 2);
  assert.deepEqual(words, [[4, 1, 0, 'd']]);
});

test('a text of 64 KiB is a message; a longer line is reported, and costs no memory', async (t) => {
  const longest = 'x'.repeat(65_536);
  const { words, bad } = await readAll(t, `1 ${longest}\n1 ${longest}y\n1 ${'z'.repeat(3_000_000)}\n1 end`);
  assert.deepEqual(
    words.map(([number]) => number),
    [1, 4],
  );
  assert.equal(words[0]?.[3], longest);
  assert.deepEqual(
    bad.map(({ line }) => line),
    [2, 3],
  );
  for (const { reason } of bad) assert.match(reason, /longer than/);
});

test('the way to a destination is the shorter one, clockwise in a tie', () => {
  const way = shorterWay([4, 9, 2, 7], 9);
  assert.deepEqual([2, 7, 4, 1].map(way), [0, 0, 1, 0]);
});
