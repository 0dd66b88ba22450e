import assert from 'node:assert/strict';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directory } from '@zocalo/test-support/command.ts';
import { JournalState } from '../src/journal/journal-state.ts';
import { MessageFile, MessageFileError, surveyMessages } from '../src/node/message-file.ts';
import { type InvalidLine, shorterDirection } from '../src/node/message-lines.ts';
import type { Message } from '../src/protocol/event.ts';

const choose = shorterDirection([0, 1, 2, 3, 4], 0);

async function readAll(test: TestContext, text: string | Buffer, sent = new JournalState()) {
  const path = join(directory(test), 'messages');
  writeFileSync(path, text);
  const bad: InvalidLine[] = [];
  const unterminated: number[] = [];
  const file = new MessageFile(path, {
    ...{ id: 0, choose, sent },
    onInvalidLine: (line) => bad.push(line),
    onUnterminated: (line) => unterminated.push(line),
  });
  test.after(() => file.close());
  const all: Message[] = [];
  for (let ended = false; !ended; ) {
    const { messages, end } = await file.read(3);
    all.push(...messages);
    ended = end;
  }
  const messages = all.map(({ number, destination, stream, payload }) => [
    number,
    destination,
    stream,
    Buffer.from(payload).toString(),
  ]);
  return { messages, bad, unterminated, file, path };
}

test('each line is a message, numbered as its line; comments and empty lines are none', async (t) => {
  const { messages, bad } = await readAll(
    t,
    '# to the neighbours\n1 hello\n\n4 salut  à toi \r\n3\n2> right\n2< left\n2<> any\n1 last\n2 > text\n',
  );
  assert.deepEqual(bad, []);
  assert.deepEqual(messages, [
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
  const { messages, bad } = await readAll(t, 'hello\n1 ok\n0 me\n70000 far\n1x y\n3 fine\n');
  assert.deepEqual(
    bad.map(({ line }) => line),
    [1, 3, 4, 5],
  );
  assert.match(bad[1]?.reason ?? '', /cannot send to itself/);
  assert.deepEqual(
    messages.map(([number]) => number),
    [2, 6],
  );
});

/** What a journal knows when the first messages of a file have been sent. */
async function sentFrom(test: TestContext, text: string, count: number): Promise<JournalState> {
  const sent = new JournalState();
  const { path } = await readAll(test, text);
  const file = new MessageFile(path, { id: 0, choose, sent, onInvalidLine: () => {} });
  const { messages } = await file.read(100);
  await file.close();
  for (const { number, digest } of messages) sent.read(number, digest);
  for (const { number } of messages.slice(0, count)) {
    sent.apply({ type: 'finished', message: number, outcome: 'done', digest: sent.digestOf(number) });
  }
  // As after a restart: what has been read is forgotten, what is written down is not.
  const again = new JournalState();
  for (const record of sent.snapshot()) again.apply(record);
  return again;
}

test('what was sent before is passed over, and counted', async (t) => {
  const text = '1 a\n# b\n1 c\n1 d\n';
  const sent = await sentFrom(t, text, 2);
  const { messages, path } = await readAll(t, `${text}1 e\n`, sent);
  assert.deepEqual(
    messages.map(([number]) => number),
    [4, 5],
  );
  assert.deepEqual(await surveyMessages(path, { id: 0, choose, sent }), { messages: 4, sent: 2, lines: 5 });
});

test('a file whose lines are not those that were sent is refused, with the line or lines', async (t) => {
  const sent = () => sentFrom(t, '1 a\n1 b\n1 c\n', 2);
  const refused = async (text: string, state: JournalState, message: RegExp) =>
    assert.rejects(
      readAll(t, text, state),
      (error) => error instanceof MessageFileError && message.test(error.message),
    );
  await refused(
    '1 a\n1 B\n1 c\n',
    await sent(),
    /lines 1 to 2 are not those that were sent.* start with --new-messages/,
  );
  await refused('1 a\n', await sent(), /lines 1 to 2/);
  await refused('', await sent(), /lines 1 to 2/);
  await refused('1 new\n1 a\n1 b\n', await sent(), /lines 1 to 2/);
  const beyond = new JournalState();
  beyond.apply({ type: 'finished', message: 2, outcome: 'done', digest: 7 });
  await refused('1 a\n1 b\n', beyond, /line 2 is another one/);
  await refused('1 a\n', beyond, /line 2 was sent, and it has 1/);
});

test('a last line without a line end is no message until it has one, and is told', async (t) => {
  const { messages, unterminated, file, path } = await readAll(t, '1 whole\n1 ha');
  assert.deepEqual(messages, [[1, 1, 0, 'whole']]);
  assert.deepEqual(unterminated, [2]);
  appendFileSync(path, 'lf\n2 next\n');
  assert.equal(await file.hasGrown(), true);
  const next = await file.read(9);
  assert.deepEqual(
    next.messages.map(({ payload }) => Buffer.from(payload).toString()),
    ['half', 'next'],
  );
  await file.close();
});

test('a file that takes the place of the one that was read is gone through; other lines are an error', async (t) => {
  const sent = new JournalState();
  const { file, path } = await readAll(t, '1 a\n', sent);
  sent.read(1, 0xdead);
  writeFileSync(`${path}.new`, '1 b\n1 c\n');
  renameSync(`${path}.new`, path);
  await assert.rejects(file.hasGrown(), /line 1 is another one/);
  await file.close();
});

test('a byte order mark is no part of the first line; UTF-16 is one clear error', async (t) => {
  assert.deepEqual((await readAll(t, '\ufeff1 text\n')).messages, [[1, 1, 0, 'text']]);
  const { bad } = await readAll(t, Buffer.from('\ufeff1 text\n', 'utf16le'));
  assert.match(bad[0]?.reason ?? '', /the file is in UTF-16: save it as UTF-8/);
});

test('* is all nodes, in a stream of its own, and takes no mark', async (t) => {
  const { messages, bad } = await readAll(t, '* all\n*> all\n');
  assert.deepEqual(messages, [[1, 0, 3, 'all']]);
  assert.match(bad[0]?.reason ?? '', /takes either token: write \* without >/);
});

test('a text of 64 KiB is a message; a longer line is reported, and costs no memory', async (t) => {
  const longest = 'x'.repeat(65_536);
  const { messages, bad } = await readAll(
    t,
    `1 ${longest}\n1 ${longest}y\n1 ${'z'.repeat(3_000_000)}\n1 end\n`,
  );
  assert.deepEqual(
    messages.map(([number]) => number),
    [1, 4],
  );
  assert.equal(messages[0]?.[3], longest);
  assert.deepEqual(
    bad.map(({ line }) => line),
    [2, 3],
  );
  for (const { reason } of bad) assert.match(reason, /longer than/);
});

test('the way to a destination is the shorter one, clockwise in a tie', () => {
  const way = shorterDirection([4, 9, 2, 7], 9);
  assert.deepEqual([2, 7, 4, 1].map(way), [0, 0, 1, 0]);
});
