import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import postgres from 'postgres';
import { ENDLESS, numbers } from '../support.ts';
import { serveSql } from './serving.ts';

const at = (port: number) => ({ host: '127.0.0.1', port, user: 'ana', database: 'test' });

test('node-postgres: values of every type there and back', async (context) => {
  const { port } = await serveSql(context);
  const client = new pg.Client(at(port));
  await client.connect();
  client.on('error', () => {});
  await client.query(`CREATE TABLE v (i int, l bigint, f float8, n numeric(10,2), b boolean, t text, y bytea, d date,
    ts timestamp, tz timestamptz, j json, u uuid)`);
  const when = new Date('2020-02-29T12:30:15.250Z');
  const uuid = '6ecd8c99-4036-403d-bf84-cf8400f67836';
  const values = [
    1,
    '9007199254740993',
    0.1,
    '12.50',
    true,
    'ñ\n',
    Buffer.from([0, 255]),
    '2020-02-29',
    when,
    when,
  ];
  const { rows, fields } = await client.query({
    text: 'INSERT INTO v VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12) RETURNING *',
    values: [...values, { a: [1] }, uuid],
    types: { getTypeParser: (oid, format) => (oid === 1082 ? String : pg.types.getTypeParser(oid, format)) },
  });
  assert.deepEqual(Object.values(rows[0]).slice(0, 8), values.slice(0, 8));
  assert.equal(rows[0].tz.getTime(), when.getTime());
  assert.deepEqual([rows[0].j, rows[0].u], [{ a: [1] }, uuid]);
  assert.deepEqual(
    fields.map(({ dataTypeID }) => dataTypeID),
    [23, 20, 701, 1700, 16, 25, 17, 1082, 1114, 1184, 114, 2950],
  );
  await client.end();
});

test('node-postgres: a pool, cursors, streams, and a refusal of LISTEN', async (context) => {
  const { port } = await serveSql(context, numbers(5_000));
  const pool = new pg.Pool({ ...at(port), max: 4 });
  pool.on('error', () => {});
  const sums = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const { rows } = await pool.query<{ name: string }>('SELECT name FROM t WHERE id = $1', [i + 1]);
      return rows[0]?.name;
    }),
  );
  assert.deepEqual(
    sums,
    Array.from({ length: 40 }, (_, i) => `name ${i + 1}`),
  );
  const client = await pool.connect();
  const cursor = client.query(new Cursor<{ id: number }>('SELECT id FROM t ORDER BY id + 0'));
  assert.deepEqual(
    (await cursor.read(2)).map(({ id }) => id),
    [1, 2],
  );
  assert.equal((await cursor.read(100)).length, 100);
  await cursor.close();
  let count = 0;
  for await (const row of client.query(new QueryStream('SELECT * FROM t'))) count += row.id > 0 ? 1 : 0;
  assert.equal(count, 5_000);
  await assert.rejects(client.query('LISTEN news'), { code: '0A000' });
  client.release();
  await pool.end();
});

test('node-postgres: a transaction that fails, and a statement that is cancelled by its time limit', async (context) => {
  const { port } = await serveSql(context, numbers(3));
  const client = new pg.Client(at(port));
  await client.connect();
  client.on('error', () => {});
  await client.query('BEGIN');
  await client.query('DELETE FROM t WHERE id = $1', [1]);
  await assert.rejects(client.query('INSERT INTO t (id) VALUES (2)'), { code: '23505' });
  await assert.rejects(client.query('SELECT 1'), { code: '25P02' });
  await client.query('ROLLBACK');
  assert.equal((await client.query('SELECT count(*) FROM t')).rows[0].count, '3');
  await client.query("SET statement_timeout = '100ms'");
  await assert.rejects(client.query(ENDLESS), { code: '57014' });
  await client.end();
});

test('postgres.js: queries, transactions, cursors and bulk inserts', async (context) => {
  const { port } = await serveSql(
    context,
    'CREATE TABLE w (id INTEGER PRIMARY KEY, name TEXT, flag BOOLEAN)',
  );
  const sql = postgres({ ...at(port), max: 3, onnotice: () => {} });
  assert.deepEqual([...(await sql`SELECT ${1}::int AS a, ${'b'} AS b`)], [{ a: 1, b: 'b' }]);
  const rows = Array.from({ length: 300 }, (_, i) => ({ name: `n${i}`, flag: i % 2 === 0 }));
  assert.equal((await sql`INSERT INTO w ${sql(rows)}`).count, 300);
  const inside = await sql.begin(async (tx) => {
    await tx`DELETE FROM w WHERE id = ${1}`;
    const [{ count } = { count: 0 }] = await tx<{ count: number }[]>`SELECT count(*)::int AS count FROM w`;
    return count;
  });
  assert.equal(inside, 299);
  let seen = 0;
  for await (const some of sql`SELECT * FROM w WHERE flag`.cursor(50)) seen += some.length;
  assert.equal(seen, 149);
  await assert.rejects(sql`SELECT * FROM nowhere`, { code: '42P01' });
  await sql.end();
});

test('an error for writing to a read-only database says how to allow it', async (context) => {
  const { port } = await serveSql(context, 'CREATE TABLE t (a)', { 'read-write': false });
  const client = new pg.Client(at(port));
  await client.connect();
  for (const statement of ['INSERT INTO t VALUES (1)', 'CREATE TABLE u (a int)', 'ALTER TABLE t ADD b int']) {
    await assert.rejects(client.query(statement), {
      code: '25006',
      message: 'the database is read-only',
      hint: 'The operator of the server lets clients write with --read-write.',
    });
  }
  await client.end();
});
