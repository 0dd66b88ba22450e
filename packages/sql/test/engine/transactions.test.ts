import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { allRows, engineFor, numbers } from '../support.ts';

const count = 'SELECT count(*) FROM t';

test('the columns of a statement are those of the schema as it is, also where it was compiled before', async (context) => {
  const engine = await engineFor(context, 'CREATE TABLE s (a); INSERT INTO s VALUES (1)');
  const session = engine.session();
  session.begin();
  await session.execute('INSERT INTO s VALUES (2)');
  assert.deepEqual(await allRows(session, 'SELECT * FROM s'), [[1n], [2n]]);
  await session.execute('ALTER TABLE s ADD COLUMN b DEFAULT 7');
  const rows = await session.execute('SELECT * FROM s');
  assert.deepEqual(
    rows.columns.map(({ name }) => name),
    ['a', 'b'],
  );
  rows.close();
  await session.rollback();
  session.close();
});

test('a transaction is seen by others when it is committed, and never when it is rolled back', async (context) => {
  const engine = await engineFor(context, numbers(3));
  const [writer, reader] = [engine.session(), engine.session()];
  writer.begin();
  await allRows(writer, 'DELETE FROM t WHERE id = 1');
  assert.deepEqual(await allRows(writer, count), [[2n]]);
  assert.deepEqual(await allRows(reader, count), [[3n]]);
  assert.deepEqual(await allRows(reader, 'SELECT name FROM t WHERE id = 1'), [['name 1']]);
  await writer.rollback();
  assert.deepEqual(await allRows(writer, count), [[3n]]);
  writer.begin();
  await allRows(writer, 'DELETE FROM t WHERE id = 1');
  await writer.commit();
  assert.deepEqual(await allRows(reader, 'SELECT name FROM t WHERE id = 1'), []);
});

test('writers take turns in the order in which they came, and readers never wait', async (context) => {
  const engine = await engineFor(context, numbers(3));
  const first = engine.session();
  first.begin();
  await allRows(first, 'UPDATE t SET other = 0');
  const order: number[] = [];
  const others = [1, 2, 3].map(async (each) => {
    await allRows(engine.session(), `UPDATE t SET other = ${each}`);
    order.push(each);
  });
  await setImmediate();
  assert.deepEqual(await allRows(engine.session(), count), [[3n]]);
  assert.deepEqual(order, []);
  await first.commit();
  await Promise.all(others);
  assert.deepEqual(order, [1, 2, 3]);
  assert.deepEqual(await allRows(engine.session(), 'SELECT DISTINCT other FROM t'), [[3n]]);
});

test('waiting for the writer is stopped by the time limit and by cancelling', async (context) => {
  const engine = await engineFor(context, numbers(3));
  const [first, second] = [engine.session(), engine.session()];
  first.begin();
  await allRows(first, 'UPDATE t SET other = 0');
  second.statementTimeoutMs = 30;
  await assert.rejects(async () => second.execute('UPDATE t SET other = 1'), { failure: 'timeout' });
  second.statementTimeoutMs = 30_000;
  const waiting = assert.rejects(async () => second.execute('UPDATE t SET other = 1'), {
    failure: 'cancelled',
  });
  await setImmediate();
  second.cancel();
  await waiting;
  await first.commit();
  await allRows(second, 'UPDATE t SET other = 1');
});

test('a transaction that reads first and then writes does not fail because another has written in between', async (context) => {
  const engine = await engineFor(context, numbers(3));
  const [one, other] = [engine.session(), engine.session()];
  one.begin();
  assert.deepEqual(await allRows(one, 'SELECT other FROM t WHERE id = 1'), [[1n]]);
  await allRows(other, 'UPDATE t SET other = 7 WHERE id = 1');
  assert.deepEqual(await allRows(one, 'SELECT other FROM t WHERE id = 1'), [[7n]]);
  await allRows(one, 'UPDATE t SET other = other + 1 WHERE id = 1');
  await one.commit();
  assert.deepEqual(await allRows(other, 'SELECT other FROM t WHERE id = 1'), [[8n]]);
});

test('one snapshot for a whole transaction: it stays, and writing after another has written fails', async (context) => {
  const engine = await engineFor(context, numbers(3));
  const [one, other] = [engine.session(), engine.session()];
  one.begin({ snapshot: 'transaction' });
  assert.deepEqual(await allRows(one, 'SELECT other FROM t WHERE id = 1'), [[1n]]);
  await allRows(other, 'UPDATE t SET other = 7 WHERE id = 1');
  assert.deepEqual(await allRows(one, 'SELECT other FROM t WHERE id = 1'), [[1n]]);
  await assert.rejects(async () => one.execute('UPDATE t SET other = 9 WHERE id = 1'), {
    failure: 'serialization',
  });
  await one.rollback();
});

test('savepoints, also those that were set before anything was written', async (context) => {
  const session = (await engineFor(context, numbers(3))).session();
  session.begin();
  await session.savepoint('a');
  await allRows(session, 'DELETE FROM t WHERE id = 1');
  await session.savepoint('b "quoted"');
  await allRows(session, 'DELETE FROM t WHERE id = 2');
  await session.rollbackTo('b "quoted"');
  assert.deepEqual(await allRows(session, count), [[2n]]);
  await session.rollbackTo('a');
  assert.deepEqual(await allRows(session, count), [[3n]]);
  await session.release('a');
  await assert.rejects(async () => session.release('a'), { failure: 'no-savepoint' });
  await allRows(session, 'DELETE FROM t WHERE id = 3');
  await session.commit();
  assert.deepEqual(await allRows(session, count), [[2n]]);
});

test('a statement that fails is undone, and the transaction goes on', async (context) => {
  const session = (await engineFor(context, numbers(3))).session();
  session.begin();
  await allRows(session, 'DELETE FROM t WHERE id = 1');
  await assert.rejects(async () => allRows(session, 'UPDATE t SET id = id + 1 WHERE id < 4'), {
    message: 'UNIQUE constraint failed: t.id',
  });
  await session.commit();
  assert.deepEqual(await allRows(session, 'SELECT id FROM t'), [[2n], [3n]]);
});

test('a transaction whose executor is ended is lost as a whole, and the writer is free', async (context) => {
  const engine = await engineFor(context, numbers(3));
  const session = engine.session();
  session.begin();
  await allRows(session, 'DELETE FROM t WHERE id = 1');
  session.statementTimeoutMs = 50;
  const endless =
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) UPDATE t SET other = (SELECT count(*) FROM n)';
  await assert.rejects(async () => session.execute(endless), { failure: 'timeout' });
  assert.throws(() => session.execute(count), /rolled back/);
  session.statementTimeoutMs = 30_000;
  await session.rollback();
  assert.deepEqual(await allRows(session, count), [[3n]]);
  await allRows(engine.session(), 'DELETE FROM t WHERE id = 2');
});

test('temporary tables are seen by no other session, and are gone with their session', async (context) => {
  const engine = await engineFor(context, numbers(3), { executors: 1 });
  const one = engine.session();
  await allRows(one, 'CREATE TEMP TABLE mine AS SELECT 5 AS a');
  assert.deepEqual(await allRows(one, 'SELECT a FROM mine'), [[5n]]);
  one.close();
  const other = engine.session();
  await assert.rejects(async () => allRows(other, 'SELECT a FROM mine'), { message: 'no such table: mine' });
  await allRows(other, 'CREATE TEMP TABLE mine (a)');
  assert.deepEqual(await allRows(other, 'SELECT a FROM mine'), []);
});

test('many rows with one statement are one transaction with the rest', async (context) => {
  const session = (await engineFor(context, numbers(0))).session();
  session.begin();
  const rows = Array.from({ length: 1_000 }, (_, i) => [BigInt(i + 10), `name ${i}`]);
  assert.equal(await session.executeMany('INSERT INTO t (id, name) VALUES (?1, ?2)', rows), 1_000);
  await session.rollback();
  assert.deepEqual(await allRows(session, 'SELECT count(*) FROM t WHERE id > 5'), [[0n]]);
});
