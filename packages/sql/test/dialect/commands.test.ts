import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../../src/dialect/classify.ts';
import { type Command, commandTag } from '../../src/dialect/commands.ts';
import { splitStatements, statementText } from '../../src/parse/statements.ts';
import { SqlError } from '../../src/sql-error.ts';

function commandOf(sql: string): Command {
  const [statement, ...others] = splitStatements(sql);
  assert.ok(statement !== undefined && others.length === 0, sql);
  return classify(statement);
}

const simple: readonly (readonly [sql: string, command: unknown])[] = [
  ['select 1', { kind: 'select' }],
  ['(select 1)', { kind: 'select' }],
  ['with a as (delete) update t set x = 1', { kind: 'update' }],
  ['BEGIN', { kind: 'begin', tag: 'BEGIN', modes: {} }],
  [
    'start transaction isolation level serializable, read only',
    { kind: 'begin', tag: 'START TRANSACTION', modes: { isolation: 'serializable', readOnly: true } },
  ],
  ['commit and chain', { kind: 'commit', chain: true }],
  ['end', { kind: 'commit', chain: false }],
  ['abort', { kind: 'rollback', chain: false }],
  ['rollback to savepoint a', { kind: 'rollback to', name: 'a' }],
  ['release "A b"', { kind: 'release', name: 'A b' }],
  ['set search_path to a, b', { kind: 'set', name: 'search_path', value: 'a, b', local: false }],
  ['set local x.y = -1', { kind: 'set', name: 'x.y', value: '-1', local: true }],
  [
    "set time zone interval '+00:00' hour to minute",
    { kind: 'set', name: 'timezone', value: '+00:00', local: false },
  ],
  ['set timezone to default', { kind: 'set', name: 'timezone', value: undefined, local: false }],
  ['show transaction isolation level', { kind: 'show', name: 'transaction_isolation' }],
  ['reset all', { kind: 'reset', name: 'all' }],
  ['discard temp', { kind: 'discard', what: 'temp' }],
  ['deallocate prepare p', { kind: 'deallocate', name: 'p' }],
  ['deallocate all', { kind: 'deallocate', name: undefined }],
  ["execute p(1, 'a')", { kind: 'execute', name: 'p', values: "SELECT 1, 'a'" }],
  ['fetch c', { kind: 'fetch', cursor: 'c', move: { direction: 'forward', count: 1 } }],
  ['fetch backward 5 from c', { kind: 'fetch', cursor: 'c', move: { direction: 'backward', count: 5 } }],
  ['fetch -2 in c', { kind: 'fetch', cursor: 'c', move: { direction: 'backward', count: 2 } }],
  ['move forward all in c', { kind: 'move', cursor: 'c', move: { direction: 'forward', count: undefined } }],
  ['fetch absolute -1 c', { kind: 'fetch', cursor: 'c', move: { direction: 'absolute', count: -1 } }],
  ['close all', { kind: 'close', name: undefined }],
  ['listen news', { kind: 'listen', channel: 'news' }],
  ['vacuum analyze a', { kind: 'vacuum', full: false, analyze: true, tables: ['a'] }],
  ['create unique index concurrently i on t (a)', { kind: 'definition', tag: 'CREATE INDEX' }],
  ['create or replace temp view v as select 1', { kind: 'definition', tag: 'CREATE VIEW' }],
  ['truncate a', { kind: 'definition', tag: 'TRUNCATE TABLE' }],
];

for (const [sql, expected] of simple) {
  test(`${sql} is understood`, () => assert.deepEqual(commandOf(sql), expected));
}

test('COPY is understood with options in both spellings', () => {
  const now = commandOf("copy public.t (a, b) from stdin with (format csv, header, delimiter ';', null 'x')");
  const before = commandOf("copy t (a, b) from stdin with csv header delimiter as ';' null 'x'");
  assert.deepEqual(now, before);
  assert.ok(now.kind === 'copy');
  assert.deepEqual([now.table, now.columns, now.direction, now.target], ['t', ['a', 'b'], 'from', 'client']);
  assert.equal(now.options.delimiter, ';');
  assert.equal(now.options.header, true);
});

test('the statement inside of PREPARE, DECLARE, EXPLAIN and COPY is a statement of its own', () => {
  const texts = [
    'prepare p (int) as select $1',
    'declare c scroll cursor with hold for select $1',
    'explain (analyze, format json) select $1',
  ].map((sql) => {
    const command = commandOf(sql);
    return 'statement' in command ? statementText(command.statement) : '';
  });
  assert.deepEqual(texts, ['select $1', 'select $1', 'select $1']);
  const copy = commandOf('copy (select 1; ) to stdout'.replace('; ', ' '));
  assert.ok(copy.kind === 'copy' && copy.query !== undefined);
  assert.equal(statementText(copy.query), 'select 1');
});

test('tags are those of PostgreSQL', () => {
  const tags = [
    'insert into t values (1)',
    'select 1',
    'delete from t',
    'begin',
    'close c',
    'fetch c',
    'discard all',
  ];
  assert.deepEqual(
    tags.map((sql) => commandTag(commandOf(sql), 3)),
    ['INSERT 0 3', 'SELECT 3', 'DELETE 3', 'BEGIN', 'CLOSE CURSOR', 'FETCH 3', 'DISCARD ALL'],
  );
});

const wrong: readonly (readonly [sql: string, sqlstate: string, message: string, position: number])[] = [
  ['frob', '42601', 'syntax error at or near "frob"', 1],
  ['begin isolation level', '42601', 'syntax error at end of input', 22],
  ["select 'abc", '42601', 'unterminated quoted string at or near "\'abc"', 8],
  ['grant select on t to u', '0A000', 'GRANT is not supported', 1],
  ['commit or', '42601', 'syntax error at or near "or"', 8],
];

for (const [sql, sqlstate, message, position] of wrong) {
  test(`${sql} is refused with its place`, () => {
    assert.throws(
      () => commandOf(sql),
      (error) =>
        error instanceof SqlError &&
        error.sqlstate === sqlstate &&
        error.message === message &&
        error.details.position === position,
    );
  });
}
