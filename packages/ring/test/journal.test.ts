import assert from 'node:assert/strict';
import fs, { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directory } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { JOURNAL_FILE, type Journal, JournalError, type JournalOptions } from '../src/journal/journal.ts';
import { DELIVERIES_FILE, openState } from '../src/journal/state-directory.ts';
import type { DurableRecord } from '../src/protocol/effect.ts';

type Opened = { journal: Journal; synced: number[]; failed: Error[] };

type Options = Partial<Omit<JournalOptions, 'onSynced' | 'onFailed'>> & { node?: number };

function open(path: string, { node = 1, compactAbove = 1e9, durable = true, ...more }: Options = {}): Opened {
  const synced: number[] = [];
  const failed: Error[] = [];
  const options = {
    durable,
    compactAbove,
    ...more,
    onSynced: (id: number) => synced.push(id),
    onFailed: (error: Error) => failed.push(error),
  };
  return { journal: openState(path, node, options, () => 77), synced, failed };
}

const delivered = (source: number, message: number, text = `text ${source} ${message}`): DurableRecord => ({
  type: 'delivered',
  source,
  incarnation: 5,
  stream: 0,
  message,
  payload: Buffer.from(text),
});

const log = (path: string) => readFileSync(join(path, DELIVERIES_FILE), 'utf8');

/** Writes ten deliveries, two outcomes and an epoch, and closes. */
async function filled(test: TestContext): Promise<string> {
  const path = directory(test);
  const { journal } = open(path);
  for (let message = 1; message <= 10; message++) journal.append(message, delivered(2, message));
  journal.append(0, { type: 'finished', message: 1, outcome: 'done' });
  journal.append(0, { type: 'finished', message: 3, outcome: 'undeliverable' });
  journal.append(11, { type: 'epoch', epoch: 640, view: 9 });
  await journal.close();
  return path;
}

test('what was written down is there after a restart', async (t) => {
  const path = await filled(t);
  const { journal } = open(path);
  assert.deepEqual(journal.state.recovered, {
    incarnation: 77,
    epoch: 640,
    view: 9,
    marks: [{ source: 2, incarnation: 5, stream: 0, message: 10 }],
    finishedThrough: 0,
    finishedBeyond: [1, 3],
    uncertainThrough: 2 ** 32 - 1,
  });
  await journal.close();
});

test('records of one turn are one group, and are told as synced together', async (t) => {
  const path = directory(t);
  const { journal, synced } = open(path);
  const before = statSync(join(path, JOURNAL_FILE)).size;
  for (let id = 1; id <= 64; id++) journal.append(id, delivered(2, id, ''));
  assert.deepEqual(synced, [], 'never from inside append');
  assert.equal(statSync(join(path, JOURNAL_FILE)).size, before);
  await eventually('the group is synced', () => synced.length > 0);
  assert.deepEqual(synced, [64]);
  assert.equal(statSync(join(path, JOURNAL_FILE)).size, before + 12 + 64 * 16);
  await journal.close();
});

test('deliveries are a line each, with everything that would break the line escaped', async (t) => {
  const path = directory(t);
  const { journal } = open(path);
  for (const [index, payload] of ['plain ñ', 'two\nlines', 'back\\slash', '', '\u001b[31m'].entries()) {
    journal.append(index + 1, delivered(3, index + 1, payload));
  }
  journal.append(9, { ...delivered(3, 9), payload: Buffer.from([0x68, 0xff, 0x5c]) } as DurableRecord);
  await journal.close();
  assert.equal(
    log(path),
    '1 3 1 plain ñ\n2 3 2 two\\nlines\n3 3 3 back\\\\slash\n4 3 4 \n5 3 5 \\u001b[31m\n6 3 9 h\\xff\\x5c\n',
  );
});

test('wherever a crash cuts the journal off, all before the cut is there, and it goes on', async (t) => {
  const path = directory(t);
  const file = join(path, JOURNAL_FILE);
  const { journal, synced } = open(path);
  const ends: number[] = [];
  for (let message = 1; message <= 3; message++) {
    journal.append(message, delivered(2, message));
    await eventually('it is synced', () => synced.at(-1) === message);
    ends.push(statSync(file).size);
  }
  await journal.close();
  const whole = readFileSync(file);
  for (let cut = ends[0] as number; cut <= whole.length; cut++) {
    writeFileSync(file, whole.subarray(0, cut));
    truncateSync(join(path, DELIVERIES_FILE), 0);
    const again = open(path);
    const count = ends.filter((end) => end <= cut).length;
    assert.equal(again.journal.state.recovered.marks[0]?.message, count, `cut at ${cut}`);
    again.journal.append(1, delivered(2, 99));
    await again.journal.close();
    assert.equal(log(path).split('\n').length - 1, count + 1);
    assert.equal(open(path).journal.state.recovered.marks[0]?.message, 99);
  }
});

test('a tail of zeros or noise, as a power failure leaves it, is cut off', async (t) => {
  for (const tail of [Buffer.alloc(4_096), Buffer.alloc(500, 0xa5)]) {
    const path = await filled(t);
    const file = join(path, JOURNAL_FILE);
    const { size } = statSync(file);
    appendFileSync(file, tail);
    const { journal } = open(path);
    assert.equal(journal.state.recovered.epoch, 640);
    assert.equal(statSync(file).size, size);
    await journal.close();
  }
});

test('damage in the midst is no crash: the node refuses to start, and says where', async (t) => {
  const path = directory(t);
  const { journal, synced } = open(path);
  for (let id = 1; id <= 3; id++) {
    journal.append(id, delivered(2, id));
    await eventually('it is synced', () => synced.at(-1) === id);
  }
  await journal.close();
  const file = join(path, JOURNAL_FILE);
  const bytes = readFileSync(file);
  bytes[45] = (bytes[45] as number) ^ 1;
  writeFileSync(file, bytes);
  assert.throws(
    () => open(path),
    (error) => error instanceof JournalError && /damaged at byte 27\b/.test(error.message),
  );
});

test('the delivery log is brought up to the journal, no line missing and none twice', async (t) => {
  const path = await filled(t);
  const whole = log(path);
  for (let cut = 0; cut <= whole.length; cut++) {
    writeFileSync(join(path, DELIVERIES_FILE), whole.slice(0, cut));
    const { journal } = open(path);
    assert.equal(log(path), whole, `cut at ${cut}`);
    await journal.close();
  }
});

test('a journal that has grown is written anew, and comes to the same', async (t) => {
  const path = directory(t);
  const { journal, synced } = open(path, { compactAbove: 20_000 });
  for (let message = 1; message <= 500; message++) {
    journal.append(message, delivered(2 + (message % 3), message, 'x'.repeat(100)));
    journal.state.read(message, 1);
    if (message !== 400) journal.append(0, { type: 'finished', message, outcome: 'done' });
    if (message % 7 === 0) await eventually('it is synced', () => synced.at(-1) === message);
    assert.ok(statSync(join(path, JOURNAL_FILE)).size < 30_000);
  }
  await journal.close();
  const { recovered, delivered: count } = open(path).journal.state;
  assert.equal(count, 500);
  assert.equal(recovered.finishedThrough <= 399, true);
  assert.equal(recovered.finishedBeyond.includes(400), false);
  const finished = new Set(recovered.finishedBeyond);
  for (let message = recovered.finishedThrough + 1; message <= 500; message++) {
    assert.equal(finished.has(message), message !== 400, `${message}`);
  }
  assert.deepEqual(recovered.marks.map(({ message }) => message).sort(), [498, 499, 500]);
  const lines = log(path).split('\n').slice(0, -1);
  assert.deepEqual(
    lines.map((line) => Number.parseInt(line, 10)),
    Array.from({ length: 500 }, (_, i) => i + 1),
  );
});

test('the state of one node is not taken for that of another', async (t) => {
  const path = await filled(t);
  assert.throws(() => open(path, { node: 2 }), /is the state of node 1, not of node 2/);
});

test('a state directory of another ring is refused, unless the ring is said to have changed', async (t) => {
  const path = directory(t);
  const [plaza, grown] = ['["plaza",[0,1]]', '["plaza",[0,1,2]]'];
  await open(path, { ring: plaza }).journal.close();
  await open(path, { ring: plaza }).journal.close();
  assert.throws(
    () => open(path, { ring: grown }),
    /state of a node of another ring: of the ring "plaza" of the nodes 0, 1, and this is the ring "plaza" of the nodes 0, 1, 2.*--ring-changed/,
  );
  await open(path, { ring: grown, ringChanged: true }).journal.close();
  await open(path, { ring: grown, compactAbove: 0 }).journal.close();
  assert.equal(open(path, { ring: grown }).journal.state.ring, grown);
});

test('a journal of an earlier version belongs to the ring that it is used in next', async (t) => {
  const path = await filled(t);
  await open(path, { ring: '["a",[1]]' }).journal.close();
  assert.throws(() => open(path, { ring: '["b",[1]]' }), /another ring/);
});

test('with a new message file nothing of it counts as sent, and its messages are of another incarnation', async (t) => {
  const path = await filled(t);
  const { journal } = open(path);
  journal.beginFile(78);
  const { state } = journal;
  assert.deepEqual([state.incarnation, state.finishedThrough, [...state.finishedBeyond]], [78, 0, []]);
  assert.equal(state.recovered.marks[0]?.message, 10, 'what was delivered here is not forgotten');
  const again = open(path).journal.state;
  assert.deepEqual([again.incarnation, [...again.finishedBeyond]], [78, []]);
});

test('without its journal a kept delivery log goes on: each delivery has a line, and it is said', async (t) => {
  const path = await filled(t);
  rmSync(join(path, JOURNAL_FILE));
  const { journal } = open(path);
  assert.match(journal.notes.join(), /deliveries\.log but no journal: deliveries are numbered from 11 on/);
  journal.append(1, delivered(4, 1, 'after'));
  await journal.close();
  assert.match(log(path), /\n10 2 10 text 2 10\n11 4 1 after\n$/);
  assert.deepEqual(open(path).journal.notes, []);
});

test('a journal that is older than the delivery log beside it numbers behind it, and it is said', async (t) => {
  const path = await filled(t);
  const old = readFileSync(join(path, JOURNAL_FILE));
  const { journal } = open(path);
  journal.append(1, delivered(2, 11));
  await journal.close();
  writeFileSync(join(path, JOURNAL_FILE), old);
  const again = open(path);
  assert.match(again.journal.notes.join(), /has 11 deliveries and the journal knows of 10/);
  again.journal.append(1, delivered(2, 12));
  await again.journal.close();
  assert.match(log(path), /\n11 2 11 text 2 11\n12 2 12 text 2 12\n$/);
});

test('deliveries that are neither in the log nor in the journal any more are said to be missing', async (t) => {
  const path = await filled(t);
  const { journal } = open(path, { compactAbove: 0 });
  journal.append(1, delivered(2, 11));
  await journal.close();
  writeFileSync(join(path, DELIVERIES_FILE), '');
  assert.match(open(path).journal.notes.join(), /lacks deliveries 1 to 11/);
});

test('after a clean end it is known what may have arrived; after any other everything may', async (t) => {
  const path = directory(t);
  const { journal } = open(path);
  assert.equal(journal.state.uncertainThrough, 0);
  journal.append(1, { type: 'epoch', epoch: 64, view: 1 });
  await journal.close(7);
  const second = open(path);
  assert.equal(second.journal.state.uncertainThrough, 7);
  second.journal.append(1, { type: 'epoch', epoch: 128, view: 2 });
  await second.journal.close();
  assert.equal(open(path).journal.state.uncertainThrough, 2 ** 32 - 1);
});

test('writes that take a part only are completed, in the journal and in the delivery log', async (t) => {
  const path = directory(t);
  const { journal } = open(path);
  const write = fs.writeSync as (fd: number, bytes: Buffer, at: number, length: number) => number;
  const part = (fd: number, bytes: Buffer, at = 0) => write(fd, bytes, at, Math.min(7, bytes.length - at));
  t.mock.method(fs, 'writeSync', part as typeof fs.writeSync);
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  for (let message = 1; message <= 3; message++) journal.append(message, delivered(2, message));
  await journal.close();
  assert.equal(log(path), '1 2 1 text 2 1\n2 2 2 text 2 2\n3 2 3 text 2 3\n');
  assert.equal(open(path).journal.state.delivered, 3);
});

test('the longest line of the delivery log, all of it escaped, is found again at the next start', async (t) => {
  const path = directory(t);
  const { journal } = open(path);
  journal.append(1, delivered(2, 1, '\u0001'.repeat(65_536)));
  await journal.close();
  const whole = log(path);
  const { journal: again } = open(path);
  assert.equal(log(path), whole);
  assert.deepEqual(again.notes, []);
});

/** Lets the clock jump ahead, by more than the time in which a file is looked at once. */
function later(test: TestContext): void {
  const now = performance.now() + 60_000;
  test.mock.method(performance, 'now', () => now);
}

test('a delivery log that is moved away is begun anew; a journal that is removed or replaced ends the node', async (t) => {
  const path = directory(t);
  const { journal, synced, failed } = open(path);
  journal.append(1, delivered(2, 1));
  await eventually('it is synced', () => synced.length === 1);
  fs.renameSync(join(path, DELIVERIES_FILE), join(path, 'old.log'));
  later(t);
  journal.append(2, delivered(2, 2));
  await eventually('it is synced', () => synced.length === 2);
  assert.equal(log(path), '2 2 2 text 2 2\n');
  await journal.close();
  t.mock.restoreAll();

  const second = open(path);
  rmSync(join(path, JOURNAL_FILE));
  later(t);
  second.journal.append(1, delivered(2, 3));
  await eventually('it has failed', () => second.failed.length > 0);
  assert.match(second.failed[0]?.message ?? '', /journal was removed or replaced while it was in use/);
  assert.deepEqual([failed, second.synced], [[], []]);
});
