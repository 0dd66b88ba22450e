import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import { allRows, databaseFor, engineFor, numbers } from '../support.ts';

const forbidden = [
  "ATTACH 'other.db' AS other",
  'ATTACH ?1 AS other',
  "ATTACH '' AS other",
  'DETACH main',
  "VACUUM INTO 'other.db'",
  "SELECT load_extension('x')",
  "SELECT fts3_tokenizer('simple')",
  'PRAGMA writable_schema = ON',
  'PRAGMA journal_mode = DELETE',
  'PRAGMA synchronous = OFF',
  'PRAGMA foreign_keys = OFF',
  'PRAGMA trusted_schema = ON',
  'PRAGMA temp_store_directory = "/tmp"',
  'PRAGMA query_only = OFF',
  'BEGIN',
  'COMMIT',
  'SAVEPOINT s',
  'CREATE VIRTUAL TABLE v USING dbstat',
];

for (const sql of forbidden) {
  test(`no client may ${sql}`, async (context) => {
    const session = (await engineFor(context, numbers(3))).session();
    await assert.rejects(async () => allRows(session, sql, sql.includes('?1') ? ['other.db'] : []), {
      failure: 'forbidden',
    });
  });
}

test('what is forbidden is forbidden to views and triggers as well', async (context) => {
  const session = (
    await engineFor(
      context,
      `${numbers(3)} CREATE VIEW v AS SELECT load_extension('x') AS a;
       CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT load_extension('x'); END;`,
    )
  ).session();
  await assert.rejects(async () => allRows(session, 'SELECT * FROM v'), /load_extension/);
  await assert.rejects(async () => allRows(session, "INSERT INTO t (name) VALUES ('x')"), /load_extension/);
  assert.deepEqual(await allRows(session, 'SELECT count(*) FROM t'), [[3n]]);
});

test('the schema cannot be edited, and what SQLite keeps in it cannot be written', async (context) => {
  const session = (await engineFor(context, numbers(3))).session();
  await assert.rejects(async () => allRows(session, 'DELETE FROM sqlite_schema'));
  await assert.rejects(async () => allRows(session, "UPDATE sqlite_schema SET sql = 'x'"));
});

const writes = [
  "INSERT INTO t (name) VALUES ('x')",
  'UPDATE t SET name = 1',
  'DELETE FROM t',
  'CREATE TABLE u (a)',
  'CREATE INDEX i ON t (name)',
  'CREATE VIEW v AS SELECT 1',
  'DROP TABLE t',
  'ALTER TABLE t ADD COLUMN x',
  'REINDEX',
  'ANALYZE',
  'VACUUM',
  'PRAGMA user_version = 5',
  'CREATE VIRTUAL TABLE f USING fts5(a)',
  'WITH x AS (SELECT 1) INSERT INTO t (name) SELECT * FROM x',
];

test('a server that only reads changes nothing, whatever is asked', async (context) => {
  const file = databaseFor(context, numbers(3));
  const engine = await Engine.open({ file });
  context.after(() => engine.close());
  const session = engine.session();
  for (const sql of writes) {
    await assert.rejects(async () => allRows(session, sql), { failure: 'read-only' }, sql);
  }
  assert.deepEqual(await allRows(session, 'SELECT count(*) FROM t'), [[3n]]);
  assert.equal(existsSync(join(dirname(file), 'other.db')), false);
});

test('a transaction that only reads changes nothing either', async (context) => {
  const session = (await engineFor(context, numbers(3))).session();
  session.begin({ readOnly: true });
  for (const sql of writes.filter((each) => each !== 'VACUUM')) {
    await assert.rejects(async () => allRows(session, sql), { failure: 'read-only' }, sql);
  }
  await session.rollback();
  await allRows(session, 'DELETE FROM t');
});

test('foreign keys are kept', async (context) => {
  const session = (
    await engineFor(context, 'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p)')
  ).session();
  await assert.rejects(async () => allRows(session, 'INSERT INTO c VALUES (1)'), {
    message: 'FOREIGN KEY constraint failed',
  });
});
