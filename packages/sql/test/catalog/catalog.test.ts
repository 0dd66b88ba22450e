import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogColumns } from '../../src/catalog/catalog-columns.ts';
import { keyMarks } from '../../src/catalog/helper-views.ts';
import { informationSchemaColumns } from '../../src/catalog/information-schema-columns.ts';
import { Translated } from '../dialect/translated.ts';

function example(): Translated {
  const database = new Translated();
  database.run(`
    create table place (code char(2), part int, name varchar(20) not null unique, primary key (code, part));
    create table visit (
      id serial primary key,
      code char(2) not null,
      part int,
      at timestamptz default now(),
      price numeric(10,2) constraint dear check (price < 100),
      paid boolean default false,
      foreign key (code, part) references place on delete cascade,
      constraint once unique (code, at)
    );
    create index visit_low on visit (lower(code), at desc) where paid;
    create view paid as select id, price from visit where paid`);
  return database;
}

test('pg_class has tables, views and indexes, those of keys by the names that PostgreSQL would give them', () => {
  const { rows } = example().run(`
    select c.relname, c.relkind from pg_catalog.pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' order by 2, 1`);
  assert.deepEqual(rows, [
    ['once', 'i'],
    ['place_name_key', 'i'],
    ['place_pkey', 'i'],
    ['visit_low', 'i'],
    ['visit_pkey', 'i'],
    ['place', 'r'],
    ['visit', 'r'],
    ['paid', 'v'],
  ]);
});

test('pg_attribute has types, defaults and what counts by itself', () => {
  const { rows } = example().run(`
    select attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
      (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum)
    from pg_attribute where attrelid = 'public.visit'::regclass and attnum > 0 order by attnum`);
  assert.deepEqual(rows, [
    ['id', 'integer', 't', 'd', null],
    ['code', 'character(2)', 't', '', null],
    ['part', 'integer', 'f', '', null],
    ['at', 'timestamp with time zone', 'f', '', 'CURRENT_TIMESTAMP'],
    ['price', 'numeric(10,2)', 'f', '', null],
    ['paid', 'boolean', 'f', '', 'false'],
  ]);
});

test('pg_constraint has keys, checks and foreign keys with their columns and definitions', () => {
  const { rows } = example().run(`
    select conname, contype, conkey, confkey, confdeltype, conrelid::regclass, pg_get_constraintdef(oid)
    from pg_constraint where conrelid = 'visit'::regclass order by conname`);
  assert.deepEqual(rows, [
    ['dear', 'c', '{5}', null, 'a', 'visit', 'CHECK (price < 100)'],
    ['once', 'u', '{2,4}', null, ' ', 'visit', 'UNIQUE (code, at)'],
    [
      'visit_code_part_fkey',
      'f',
      '{2,3}',
      '{1,2}',
      'c',
      'visit',
      'FOREIGN KEY (code, part) REFERENCES place ON DELETE CASCADE',
    ],
    ['visit_pkey', 'p', '{1}', null, ' ', 'visit', 'PRIMARY KEY (id)'],
  ]);
});

test('pg_index has the columns of indexes, and pg_get_indexdef their definitions', () => {
  const { rows } = example().run(`
    select i.indexrelid::regclass, indisunique, indisprimary, indkey, pg_get_indexdef(indexrelid)
    from pg_index i where indrelid = 'visit'::regclass order by 1`);
  assert.deepEqual(rows, [
    ['once', 't', 'f', '2 4', 'CREATE UNIQUE INDEX once ON public.visit USING btree (code, at)'],
    [
      'visit_low',
      'f',
      'f',
      '0 4',
      'CREATE INDEX visit_low ON public.visit USING btree (lower(code), at DESC) WHERE (paid)',
    ],
    ['visit_pkey', 't', 't', '1', 'CREATE UNIQUE INDEX visit_pkey ON public.visit USING btree (id)'],
  ]);
});

test('information_schema has the same with the names of the standard', () => {
  const database = example();
  const columns = database.run(`
    select column_name, data_type, is_nullable, character_maximum_length, numeric_precision, numeric_scale, is_identity
    from information_schema.columns where table_schema = 'public' and table_name = 'visit' order by ordinal_position`);
  assert.deepEqual(columns.rows, [
    ['id', 'integer', 'NO', null, '32', '0', 'YES'],
    ['code', 'character', 'NO', '2', null, null, 'NO'],
    ['part', 'integer', 'YES', null, '32', '0', 'NO'],
    ['at', 'timestamp with time zone', 'YES', null, null, null, 'NO'],
    ['price', 'numeric', 'YES', null, '10', '2', 'NO'],
    ['paid', 'boolean', 'YES', null, null, null, 'NO'],
  ]);
  const keys = database.run(`
    select tc.constraint_name, kcu.column_name, kcu.ordinal_position, ccu.table_name
    from information_schema.table_constraints tc
    join information_schema.key_column_usage kcu using (constraint_name)
    left join information_schema.constraint_column_usage ccu using (constraint_name)
    where tc.constraint_type = 'FOREIGN KEY' group by 1, 2, 3, 4 order by 3`);
  assert.deepEqual(keys.rows, [
    ['visit_code_part_fkey', 'code', '1', 'place'],
    ['visit_code_part_fkey', 'part', '2', 'place'],
  ]);
  const tables = database.run(
    "select table_name, table_type from information_schema.tables where table_schema = 'public' order by 1",
  );
  assert.deepEqual(tables.rows, [
    ['paid', 'VIEW'],
    ['place', 'BASE TABLE'],
    ['visit', 'BASE TABLE'],
  ]);
});

test('what clients ask of arrays in the catalog is answered: subscripts, sets, fields of composites', () => {
  const database = example();
  const set = database.run(`
    select r.n, a.attname from (
      select (information_schema._pg_expandarray(i.indkey)).n as n, information_schema._pg_expandarray(i.indkey) as keys, i.indrelid
      from pg_index i where i.indexrelid = 'once'::regclass) r
    join pg_attribute a on a.attrelid = r.indrelid and a.attnum = (r.keys).x order by 1`);
  assert.deepEqual(set.rows, [
    ['1', 'code'],
    ['2', 'at'],
  ]);
  const subscripts = database.run(`
    select pos.n, con.conkey[pos.n], con.confkey[pos.n] from pg_constraint con, generate_series(1, 2) pos(n)
    where contype = 'f' order by 1`);
  assert.deepEqual(subscripts.rows, [
    ['1', '2', '1'],
    ['2', '3', '2'],
  ]);
  const any = database.run(`
    select attname from pg_attribute a join pg_constraint c on c.conrelid = a.attrelid and a.attnum = any(c.conkey)
    where c.conname = 'once' order by attnum`);
  assert.deepEqual(any.rows, [['code'], ['at']]);
});

test('the catalog follows changes of the schema', () => {
  const database = example();
  const columns = () =>
    database.run("select count(*) from pg_attribute where attrelid = 'place'::regclass").rows;
  assert.deepEqual(columns(), [['3']]);
  database.run('alter table place add column more text; alter table visit rename to visits');
  assert.deepEqual(columns(), [['4']]);
  assert.deepEqual(database.run("select to_regclass('visit') is null, to_regclass('visits') is null").rows, [
    ['t', 'f'],
  ]);
});

test('keys that were added later, which are indexes, are keys in the catalog', () => {
  const database = new Translated();
  database.run('create table a (x int not null, y int, z int) with (fillfactor=100)');
  database.database.exec(`CREATE UNIQUE INDEX first ON ${keyMarks.primaryKey} a (x)`);
  database.database.exec(`CREATE UNIQUE INDEX second ON ${keyMarks.unique} a (y)`);
  database.database.exec('CREATE UNIQUE INDEX a_z_key ON a (z); CREATE UNIQUE INDEX fourth ON a (x, y)');
  const { rows } = database.run(
    "select conname, contype from pg_constraint where conrelid = 'a'::regclass order by 1",
  );
  assert.deepEqual(rows, [
    ['a_z_key', 'u'],
    ['first', 'p'],
    ['second', 'u'],
  ]);
});

test('every relation has all the columns that PostgreSQL has, and can be read', () => {
  const database = example();
  for (const [schema, relations] of [
    ['pg_catalog', catalogColumns],
    ['information_schema', informationSchemaColumns],
  ] as const) {
    for (const [name, columns] of Object.entries(relations)) {
      const { names } = database.run(`select * from ${schema}.${name}`);
      assert.deepEqual(
        names,
        columns.split(', ').map((column) => column.split(' ')[0]),
        name,
      );
    }
  }
});
