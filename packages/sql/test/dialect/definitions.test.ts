import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SqlError } from '../../src/sql-error.ts';
import { Translated } from './translated.ts';

const database = new Translated();
database.run('create table known (id int primary key, x text)');

const translated: readonly (readonly [sql: string, ...expected: string[]])[] = [
  ['create table a (id serial primary key)', 'CREATE TABLE a (id INTEGER PRIMARY KEY)'],
  [
    'create table a (id bigint generated always as identity, primary key (id))',
    'CREATE TABLE a (id INTEGER, PRIMARY KEY (id))',
  ],
  [
    'create table public."Ab" ("Key" Text primary key)',
    'CREATE TABLE "Ab" ("Key" Text NOT NULL PRIMARY KEY)',
  ],
  [
    "create unlogged table a (b timestamp(3) with time zone default now(), c text default 'x'::character varying) with (fillfactor=90)",
    "CREATE TABLE a (b timestamp(3) with time zone DEFAULT CURRENT_TIMESTAMP, c text DEFAULT 'x')",
  ],
  [
    'create temp table a (x int check (x > 0), check (x < 9))',
    'CREATE TEMP TABLE a (x int CONSTRAINT a_x_check CHECK (x > 0), CONSTRAINT a_x_check1 CHECK (x < 9))',
  ],
  [
    'create table a as select 1 as x with no data',
    'CREATE TABLE a AS SELECT * FROM (select 1 as x) WHERE false',
  ],
  ['alter table known owner to somebody'],
  [
    'alter table known add column y int default 5, alter column x drop not null',
    'ALTER TABLE known ADD COLUMN y int DEFAULT 5',
    'ALTER TABLE known ALTER COLUMN x DROP NOT NULL',
  ],
  ['truncate table only a, b restart identity cascade', 'DELETE FROM a', 'DELETE FROM b'],
  ['drop table if exists a, public.b cascade', 'DROP TABLE IF EXISTS a', 'DROP TABLE IF EXISTS b'],
  [
    'create unique index concurrently on known using btree (lower(x) text_pattern_ops desc nulls last) where id > 5',
    'CREATE UNIQUE INDEX known_lower_idx ON known (lower(x) DESC) WHERE id > 5',
  ],
  [
    'create or replace view v (a) as select 1',
    'DROP VIEW IF EXISTS v',
    'CREATE VIEW v (a) as select 1 AS "?column?"',
  ],
  ['create extension if not exists "uuid-ossp"'],
  ["comment on table known is 'x'"],
];

for (const [sql, ...expected] of translated) {
  test(`${sql} is run as ${expected.length} statements of SQLite`, () => {
    assert.deepEqual(database.translate(sql).sql, expected);
  });
}

const refused: readonly (readonly [sql: string, message: string, position: number])[] = [
  [
    'create table a (x int, y serial)',
    'a counting column that is not the primary key ("y") is not supported',
    1,
  ],
  ['create sequence s', 'CREATE SEQUENCE is not supported', 1],
  ['create table a (like known)', 'CREATE TABLE ... LIKE is not supported', 17],
  [
    'alter table known add exclude using gist (c with &&)',
    'ALTER TABLE ... ADD EXCLUDE is not supported',
    23,
  ],
  ['create index on known using gin (x)', 'index method gin is not supported', 29],
  ['select distinct on (id) x from known', 'SELECT DISTINCT ON is not supported', 8],
  ['select * from known, lateral (select 1) s', 'LATERAL (query) is not supported', 22],
  ["select nextval('s')", 'nextval() is not supported', 8],
  [
    'with d as (delete from known returning *) select * from d',
    'WITH ... AS (INSERT, UPDATE or DELETE) is not supported',
    6,
  ],
];

for (const [sql, message, position] of refused) {
  test(`${sql} is refused with 0A000, the construct and its place`, () => {
    assert.throws(
      () => database.translate(sql),
      (error) =>
        error instanceof SqlError &&
        error.sqlstate === '0A000' &&
        error.message === message &&
        error.details.position === position,
    );
  });
}

test('what is known of parameters is reported: from casts, columns and places', () => {
  const { parameters } = database.translate(
    'select $1::date from known where id = $2 and x like $3 and id = any($4) limit $5',
  );
  assert.deepEqual(
    parameters.map(({ typeName }) => typeName),
    ['date', 'int4', undefined, 'integer[]', 'int8'],
  );
  const inserted = database.translate('insert into known values ($1, $2)');
  assert.deepEqual(
    inserted.parameters.map(({ column }) => column?.column),
    ['id', 'x'],
  );
});

test('a column is known however its name is written', () => {
  const cased = new Translated();
  cased.run('create table "Users" ("isActive" boolean, "createdAt" timestamptz)');
  const { parameters, sql } = cased.translate(
    'insert into "Users" ("isActive", "createdAt") values ($1, \'2020-01-01 01:00+01\')',
  );
  assert.equal(parameters[0]?.typeName, 'bool');
  assert.match(sql[0] ?? '', /'2020-01-01 00:00:00\+00:00'/);
  assert.equal(
    cased.translate('select 1 from "Users" where "isActive" = $1').parameters[0]?.typeName,
    'bool',
  );
});

test('types of columns that only the statement gives are hinted at, behind a star counted from the end', () => {
  const hints = (sql: string) =>
    database.translate(sql).columns.map(({ index, typeName }) => [index, typeName]);
  assert.deepEqual(hints('select id, count(*), now() from known'), [
    [1, 'int8'],
    [2, 'timestamptz'],
  ]);
  assert.deepEqual(hints('select 1, u.*, true from unknown u'), [
    [0, 'int4'],
    [-1, 'bool'],
  ]);
});

test('rows that are asked FOR UPDATE are marked to be locked', () => {
  assert.equal(database.translate('select * from known for update').lockRows, true);
  assert.equal(database.translate('select * from known').lockRows, false);
});
