import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeOfDeclared, typeOfValue } from '../../src/types/declared-type.ts';
import { formatType, oids, pgType, typeEntries, typeEntry } from '../../src/types/pg-type.ts';

const declared: [declaration: string, type: string | undefined, size?: number][] = [
  ['INTEGER', 'integer', 4],
  ['int', 'integer', 4],
  ['BigInt', 'bigint', 8],
  ['UNSIGNED  BIG INT', 'bigint', 8],
  ['TINYINT', 'smallint', 2],
  ['REAL', 'double precision', 8],
  ['FLOAT(10)', 'double precision', 8],
  ['FLOAT4', 'real', 4],
  ['DOUBLE PRECISION', 'double precision', 8],
  ['NUMERIC', 'numeric', -1],
  ['NUMERIC(8,2)', 'numeric(8,2)', -1],
  ['decimal( 10 )', 'numeric(10,0)', -1],
  ['TEXT', 'text', -1],
  ['VARCHAR(20)', 'character varying(20)', -1],
  ['character varying (20)', 'character varying(20)', -1],
  ['VARCHAR', 'character varying', -1],
  ['CHAR', 'character(1)', -1],
  ['CHARACTER(84)', 'character(84)', -1],
  ['"char"', '"char"', 1],
  ['BLOB', 'bytea', -1],
  ['BOOLEAN', 'boolean', 1],
  ['DATE', 'date', 4],
  ['DATETIME', 'timestamp without time zone', 8],
  ['TIMESTAMP', 'timestamp without time zone', 8],
  ['timestamp(3) without time zone', 'timestamp(3) without time zone', 8],
  ['TIMESTAMP WITH TIME ZONE', 'timestamp with time zone', 8],
  ['timestamptz(0)', 'timestamp(0) with time zone', 8],
  ['UUID', 'uuid', 16],
  ['JSONB', 'jsonb', -1],
  ['TEXT[]', 'text[]', -1],
  ['int[][3]', 'integer[]', -1],
  // What PostgreSQL does not have, by SQLite's rules of affinity.
  ['MY_INT_TYPE', 'bigint', 8],
  ['LONGTEXT', 'text', -1],
  ['NATIVE CHARACTER(70)', 'text', -1],
  ['MEDIUMBLOB', 'bytea', -1],
  ['DOUBLE FLOAT', 'double precision', 8],
  ['MONEY', undefined],
  ['', undefined],
];

for (const [declaration, type, size] of declared) {
  test(`a column declared ${declaration || 'as nothing'} is ${type ?? 'of the type of its values'}`, () => {
    const found = typeOfDeclared(declaration);
    assert.equal(found && formatType(found), type);
    assert.equal(found?.size, size);
  });
}

test('an expression has the type of its first value', () => {
  const oid = (value: Parameters<typeof typeOfValue>[0]) => typeOfValue(value).oid;
  assert.equal(oid(1n), oids.int4);
  assert.equal(oid(-(2n ** 31n)), oids.int4);
  assert.equal(oid(2n ** 31n), oids.int8);
  assert.equal(oid(1), oids.int4);
  assert.equal(oid(2 ** 31), oids.int8);
  assert.equal(oid(0.5), oids.float8);
  assert.equal(oid('x'), oids.text);
  assert.equal(oid(Buffer.alloc(0)), oids.bytea);
  assert.equal(oid(null), oids.text);
  assert.equal(oid(undefined), oids.text);
});

test('types are found by their numbers, arrays with their elements', () => {
  assert.equal(new Set(typeEntries.map(({ oid }) => oid)).size, typeEntries.length);
  for (const { oid, arrayOid } of typeEntries) {
    if (arrayOid !== 0) assert.equal(typeEntry(arrayOid)?.elementOid, oid);
  }
  assert.deepEqual(pgType(99_999), { oid: 99_999, size: -1, typmod: -1 });
  assert.equal(pgType(oids.int4), pgType(oids.int4));
});
