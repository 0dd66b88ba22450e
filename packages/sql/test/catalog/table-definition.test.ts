import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  withConstraint,
  withDefault,
  withoutConstraint,
  withType,
} from '../../src/catalog/definition-edits.ts';
import { namedConstraints } from '../../src/catalog/table-constraints.ts';
import { readDefinition, type TableDefinition } from '../../src/catalog/table-definition.ts';

const everything = `CREATE TABLE "a b" (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- the key, (of course)
  code VARCHAR(10) CONSTRAINT one NOT NULL ON CONFLICT ABORT UNIQUE COLLATE NOCASE,
  price NUMERIC(10, 2) DEFAULT (1 + length(')')) CHECK (price > 0 AND code <> ','),
  untyped DEFAULT -5,
  twice INT GENERATED ALWAYS AS (price * 2) STORED,
  parent INTEGER CONSTRAINT up REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT both UNIQUE (code, price DESC),
  FOREIGN KEY (id, code) REFERENCES "other one" (x, y) MATCH SIMPLE
)`;

function read(sql: string): TableDefinition {
  const definition = readDefinition(sql);
  assert.ok(definition !== undefined);
  return definition;
}

test('a definition is read: columns, their types, constraints, and where each stands', () => {
  const definition = read(everything);
  assert.equal(definition.table, 'a b');
  assert.deepEqual(
    definition.columns.map(({ name, type }) => [name, everything.slice(type.from, type.to)]),
    [
      ['id', 'INTEGER'],
      ['code', 'VARCHAR(10)'],
      ['price', 'NUMERIC(10, 2)'],
      ['untyped', ''],
      ['twice', 'INT'],
      ['parent', 'INTEGER'],
    ],
  );
  assert.deepEqual(
    definition.constraints.map(({ kind, name, from, to }) => [kind, name, everything.slice(from, to)]),
    [
      ['primary key', undefined, 'PRIMARY KEY AUTOINCREMENT'],
      ['not null', 'one', 'CONSTRAINT one NOT NULL ON CONFLICT ABORT'],
      ['unique', undefined, 'UNIQUE'],
      ['default', undefined, "DEFAULT (1 + length(')'))"],
      ['check', undefined, "CHECK (price > 0 AND code <> ',')"],
      ['default', undefined, 'DEFAULT -5'],
      [
        'foreign key',
        'up',
        'CONSTRAINT up REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED',
      ],
      ['unique', 'both', 'CONSTRAINT both UNIQUE (code, price DESC)'],
      ['foreign key', undefined, 'FOREIGN KEY (id, code) REFERENCES "other one" (x, y) MATCH SIMPLE'],
    ],
  );
});

test('constraints without a name have that which PostgreSQL would have given them', () => {
  assert.deepEqual(
    namedConstraints(read(everything)).map(({ constraint: { name, definition } }) => [name, definition]),
    [
      ['a b_pkey', 'PRIMARY KEY (id)'],
      ['a b_code_key', 'UNIQUE (code)'],
      ['a b_price_check', "CHECK (price > 0 AND code <> ',')"],
      [
        'up',
        'FOREIGN KEY (parent) REFERENCES p ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED',
      ],
      ['both', 'UNIQUE (code, price)'],
      ['a b_id_code_fkey', 'FOREIGN KEY (id, code) REFERENCES "other one"(x, y)'],
    ],
  );
});

const names = fc.constantFrom('a', 'b_1', '"c d"', '"e""(,"', '"check"');
const types = fc.constantFrom('', ' int', ' varchar(3)', ' numeric(4, 2)', ' double precision');
const marks = fc.constantFrom('', ' not null', ' unique', ' check (1 > 0)');
const defaults = fc.constantFrom('', " default 'it''s, (so)'", ' default (-1)', ' constraint d default +1.5');
const wholes = fc.constantFrom(
  'unique (COLUMN)',
  'constraint "k," check (COLUMN > 0)',
  'foreign key (COLUMN) references q (z) on delete no action',
);
const tables = fc
  .record({
    columns: fc.uniqueArray(fc.tuple(names, types, fc.uniqueArray(marks, { maxLength: 3 }), defaults), {
      minLength: 1,
      maxLength: 5,
      selector: ([name]) => name,
    }),
    constraints: fc.array(wholes, { maxLength: 3 }),
    space: fc.constantFrom(' ', '\n  ', ' /* , ( */ '),
  })
  .map(({ columns, constraints, space }) => {
    const [[first] = ['a']] = columns;
    const list = columns.map(([name, type, on, value]) => `${name}${type}${on.join('')}${value}`);
    const all = [...list, ...constraints.map((each) => each.replace('COLUMN', first))];
    return `CREATE TABLE t (${all.join(`,${space}`)})`;
  });

/** What SQLite itself makes of a definition. */
function known(sql: string): unknown {
  const database = new DatabaseSync(':memory:');
  database.exec(sql);
  const all = (query: string) => database.prepare(query).all();
  const columns = all('SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(\'t\')');
  const keys = all('SELECT "from", "to", on_delete FROM pragma_foreign_key_list(\'t\')');
  const indexes = all("SELECT origin FROM pragma_index_list('t')");
  database.close();
  return { columns, keys, indexes };
}

test('a constraint that is added and taken away again leaves the text as it was', () => {
  fc.assert(
    fc.property(tables, (sql) => {
      const added = withConstraint(read(sql), 'CONSTRAINT more CHECK (1 < 2)');
      known(added);
      const constraint = read(added).constraints.at(-1);
      assert.ok(constraint !== undefined);
      assert.equal(withoutConstraint(read(added), constraint), sql);
    }),
  );
});

test('what SQLite knows of a table is changed only where the definition was', () => {
  fc.assert(
    fc.property(tables, fc.nat(), (sql, any) => {
      const definition = read(sql);
      const before = known(sql) as { columns: { name: string; type: string; dflt_value: string | null }[] };
      const at = any % definition.columns.length;
      const column = definition.columns[at];
      const expected = before.columns[at];
      assert.ok(column !== undefined && expected !== undefined);
      const changed = known(withDefault(definition, column, '7'));
      const types = known(withType(definition, column, 'BIGINT'));
      const none = known(withDefault(definition, column, undefined));
      const instead = (change: object) => ({
        ...before,
        columns: before.columns.with(at, { ...expected, ...change }),
      });
      const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
      assert.deepEqual(plain(changed), plain(instead({ dflt_value: '7' })));
      assert.deepEqual(plain(types), plain(instead({ type: 'BIGINT' })));
      assert.deepEqual(plain(none), plain(instead({ dflt_value: null })));
    }),
  );
});

test('what is no list of columns is not read', () => {
  assert.equal(readDefinition('CREATE VIRTUAL TABLE f USING fts5(a)'), undefined);
  assert.equal(readDefinition(''), undefined);
});
