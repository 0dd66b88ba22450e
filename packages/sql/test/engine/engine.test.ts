import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { processTree } from '@zocalo/test-support/proc.ts';
import { Engine } from '../../src/engine/engine.ts';
import { BufferedRows } from '../../src/engine/rows.ts';
import { allRows, databaseFor, ENDLESS, engineFor, numbers } from '../support.ts';

test('integers are exact beyond 2^53, and every kind of value comes back as it is kept', async (context) => {
  const session = (await engineFor(context)).session();
  const bytes = Uint8Array.of(0, 255);
  const rows = await allRows(session, 'SELECT ?1, ?2, ?3, ?4, ?5', [
    9_007_199_254_740_993n,
    1.5,
    'ñ',
    bytes,
    null,
  ]);
  assert.deepEqual(
    rows.map((row) => row.map((value) => (value instanceof Uint8Array ? Uint8Array.from(value) : value))),
    [[9_007_199_254_740_993n, 1.5, 'ñ', bytes, null]],
  );
});

test('what is cheap is answered at once, and starts no process', async (context) => {
  const before = processTree(process.pid).length;
  const session = (await engineFor(context, numbers(1_000))).session();
  const rows = session.execute('SELECT name FROM t WHERE id = ?1', [7n]);
  assert.ok(rows instanceof BufferedRows);
  assert.deepEqual(rows.next().values, [['name 7']]);
  const range = session.execute('SELECT id FROM t WHERE id BETWEEN 1 AND 100');
  assert.ok(range instanceof BufferedRows);
  assert.equal(range.next().count, 100);
  assert.equal(processTree(process.pid).length, before);
});

test('how a statement would be run can be asked', async (context) => {
  const session = (await engineFor(context, numbers(3))).session();
  const rows = await allRows(session, 'EXPLAIN QUERY PLAN SELECT * FROM t WHERE id = 1');
  assert.match(String(rows[0]?.at(-1)), /^SEARCH t USING INTEGER PRIMARY KEY/);
  assert.ok((await allRows(session, 'EXPLAIN SELECT 1')).length > 0);
});

test('a range that turns out long comes from an executor, whole and in order', async (context) => {
  const session = (await engineFor(context, numbers(20_000))).session();
  const rows = await allRows(session, 'SELECT id FROM t WHERE id BETWEEN ?1 AND ?2', [1n, 20_000n]);
  assert.deepEqual(
    rows.map(([id]) => id),
    Array.from({ length: 20_000 }, (_, i) => BigInt(i + 1)),
  );
});

test('rows are read as they are asked for, some or all', async (context) => {
  const session = (await engineFor(context, numbers(5_000))).session();
  const rows = await session.execute('SELECT id FROM t ORDER BY id + 0', [], { limit: 3 });
  assert.deepEqual((await rows.next(3)).values, [[1n], [2n], [3n]]);
  const some = await rows.next(2);
  assert.deepEqual([some.values, some.last], [[[4n], [5n]], false]);
  let count = 5;
  for (let last = false; !last; ) {
    const batch = await rows.next();
    count += batch.count;
    last = batch.last;
  }
  assert.equal(count, 5_000);
  assert.equal((await rows.next()).count, 0);
});

test('a statement ends at its time limit in the midst of one long step, and the session goes on', async (context) => {
  const session = (await engineFor(context, numbers(10))).session();
  session.statementTimeoutMs = 50;
  await assert.rejects(async () => session.execute(ENDLESS), { failure: 'timeout' });
  session.statementTimeoutMs = 30_000;
  assert.deepEqual(await allRows(session, 'SELECT count(*) FROM t'), [[10n]]);
});

test('a statement that is cancelled ends alone: other sessions do not notice', async (context) => {
  const engine = await engineFor(context, numbers(10));
  const session = engine.session();
  const other = engine.session();
  const endless = Promise.resolve(session.execute(ENDLESS));
  const failed = assert.rejects(endless, { failure: 'cancelled' });
  assert.deepEqual(await allRows(other, 'SELECT count(*) FROM t'), [[10n]]);
  session.cancel();
  await failed;
  assert.deepEqual(await allRows(session, 'SELECT count(*) FROM t'), [[10n]]);
});

test('the statement of a client that leaves ends, and so does its process', async (context) => {
  const engine = await engineFor(context, numbers(10), { executors: 1 });
  const session = engine.session();
  const endless = Promise.resolve(session.execute(ENDLESS));
  const failed = assert.rejects(endless, { failure: 'cancelled' });
  await eventually('an executor runs', () => processTree(process.pid).length > 1);
  session.close();
  await failed;
  // There is one executor: it would not come free if the statement went on.
  assert.deepEqual(await allRows(engine.session(), 'SELECT count(*) FROM t'), [[10n]]);
});

test('a failure of SQLite has its message and code', async (context) => {
  const session = (await engineFor(context, 'CREATE TABLE u (a UNIQUE NOT NULL)')).session();
  assert.throws(() => session.execute('SELECT * FROM nowhere'), {
    failure: 'sqlite',
    message: 'no such table: nowhere',
  });
  await allRows(session, 'INSERT INTO u VALUES (1)');
  await assert.rejects(async () => session.execute('INSERT INTO u VALUES (1)'), {
    failure: 'sqlite',
    sqliteCode: 2067,
    message: 'UNIQUE constraint failed: u.a',
  });
});

test('answers are limited in rows and in bytes', async (context) => {
  const engine = await engineFor(context, numbers(5_000), { maxRows: 1_000, maxResultBytes: 20_000 });
  const session = engine.session();
  await assert.rejects(() => allRows(session, 'SELECT 1 FROM t WHERE id > 0 LIMIT 1001'), {
    failure: 'too-many-rows',
  });
  await assert.rejects(() => allRows(session, 'SELECT hex(zeroblob(50)) FROM t LIMIT 900'), {
    failure: 'result-too-large',
  });
  assert.equal((await allRows(session, 'SELECT id + 1 FROM t WHERE name <> 0 LIMIT 1000')).length, 1_000);
});

test('a file that is not there, or not a database, is an error that says so', async (context) => {
  const file = databaseFor(context);
  await assert.rejects(Engine.open({ file: `${file}.other` }), {
    failure: 'sqlite',
    message: /there is no database/,
  });
  await assert.rejects(Engine.open({ file: import.meta.filename }), { message: 'file is not a database' });
});

test('a new schema is seen at once, by what was compiled before as well', async (context) => {
  const session = (await engineFor(context, numbers(3))).session();
  assert.deepEqual(await allRows(session, 'SELECT * FROM t WHERE id = 1'), [[1n, 'name 1', 1n]]);
  await allRows(session, 'ALTER TABLE t ADD COLUMN more DEFAULT 5');
  assert.deepEqual(await allRows(session, 'SELECT * FROM t WHERE id = 1'), [[1n, 'name 1', 1n, 5n]]);
});
