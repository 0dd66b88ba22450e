import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { type Serving, serveSql } from './serving.ts';

const tables = `
  CREATE TABLE parents (id INTEGER PRIMARY KEY, code VARCHAR(10) UNIQUE, rank INTEGER);
  CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER, age INTEGER DEFAULT 3, note TEXT,
    CONSTRAINT grown CHECK (age > 0));
  CREATE INDEX children_age ON children (age);
  CREATE TABLE log (what TEXT);
  CREATE TRIGGER changed AFTER UPDATE ON children BEGIN INSERT INTO log VALUES ('changed'); END;
  CREATE VIEW ages AS SELECT age FROM children;
  INSERT INTO parents VALUES (1, 'a', 10), (2, 'b', 20);
  INSERT INTO children (id, parent, note) VALUES (1, 1, '7'), (2, 2, '8'), (3, NULL, NULL);`;

async function connected(context: TestContext): Promise<{ client: pg.Client; serving: Serving }> {
  const serving = await serveSql(context, tables);
  const client = new pg.Client({ host: '127.0.0.1', port: serving.port, user: 'ana', database: 'test' });
  client.on('error', () => {});
  await client.connect();
  context.after(() => client.end());
  return { client, serving };
}

async function rows(client: pg.Client, sql: string): Promise<unknown[]> {
  return (await client.query({ text: sql, rowMode: 'array' })).rows;
}

/** Nothing in the file is broken, and nothing of the work is left in it. */
function checkFile({ file }: Serving): void {
  const database = new DatabaseSync(file, { readOnly: true });
  assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok');
  assert.deepEqual(database.prepare('PRAGMA foreign_key_check').all(), []);
  assert.equal(
    database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE '!_zocalo%' ESCAPE '!'").get()
      ?.n,
    0,
  );
  database.close();
}

test('a foreign key is added, holds from then on, is in the catalog, and can be dropped', async (context) => {
  const { client, serving } = await connected(context);
  await client.query(
    'ALTER TABLE children ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES parents ON DELETE CASCADE',
  );
  assert.deepEqual(
    await rows(client, "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'"),
    [['up', 'FOREIGN KEY (parent) REFERENCES parents(id) ON DELETE CASCADE']],
  );
  await assert.rejects(client.query('INSERT INTO children (parent) VALUES (9)'), { code: '23503' });
  await client.query('DELETE FROM parents WHERE id = 2');
  assert.deepEqual(await rows(client, 'SELECT id FROM children ORDER BY id'), [[1], [3]]);
  await client.query('ALTER TABLE children DROP CONSTRAINT up');
  await client.query('INSERT INTO children (parent) VALUES (9)');
  assert.deepEqual(await rows(client, 'SELECT count(*)::int FROM log'), [[0]]);
  checkFile(serving);
});

test('rows that break a new foreign key are reported, and nothing is changed', async (context) => {
  const { client, serving } = await connected(context);
  await client.query('UPDATE children SET parent = 5 WHERE id = 2');
  await client.query('ALTER TABLE children ADD FOREIGN KEY (id) REFERENCES children (id)');
  await assert.rejects(
    client.query('ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents (id)'),
    {
      code: '23503',
      message: 'insert or update on table "children" violates foreign key constraint "children_parent_fkey"',
      detail: 'Key (parent)=(5) is not present in table "parents".',
      constraint: 'children_parent_fkey',
    },
  );
  await client.query('ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents (id) NOT VALID');
  await assert.rejects(client.query('INSERT INTO children (parent) VALUES (5)'), { code: '23503' });
  await client.query('DELETE FROM children WHERE id = 2');
  checkFile(serving);
});

const refused: readonly (readonly [sql: string, code: string, message: RegExp])[] = [
  [
    'ALTER TABLE nowhere ADD FOREIGN KEY (a) REFERENCES parents',
    '42P01',
    /^relation "nowhere" does not exist$/,
  ],
  ['ALTER TABLE ages ADD FOREIGN KEY (age) REFERENCES parents', '42809', /^"ages" is not a table$/],
  ['ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES nowhere', '42P01', /"nowhere" does not exist$/],
  [
    'ALTER TABLE children ADD FOREIGN KEY (nothing) REFERENCES parents',
    '42703',
    /^column "nothing" referenced in/,
  ],
  [
    'ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents (x)',
    '42703',
    /^column "x" referenced in/,
  ],
  ['ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents (rank)', '42830', /^there is no unique/],
  ['ALTER TABLE children ADD FOREIGN KEY (parent, age) REFERENCES parents', '42830', /disagree$/],
  [
    'ALTER TABLE children ADD FOREIGN KEY (note) REFERENCES log',
    '42704',
    /^there is no primary key for referenced table "log"$/,
  ],
  [
    'ALTER TABLE children ADD CONSTRAINT grown FOREIGN KEY (parent) REFERENCES parents',
    '42710',
    /^constraint "grown" for relation "children" already exists$/,
  ],
  [
    'ALTER TABLE children ADD CONSTRAINT children_age UNIQUE (note)',
    '42P07',
    /^relation "children_age" already exists$/,
  ],
  ['ALTER TABLE children ADD PRIMARY KEY (note)', '42P16', /^multiple primary keys for table "children"/],
  ['ALTER TABLE children ADD CONSTRAINT c CHECK (age > 5)', '23514', /./],
  [
    'ALTER TABLE children ALTER note SET NOT NULL',
    '23502',
    /^column "note" of relation "children" contains null values$/,
  ],
  [
    'ALTER TABLE children DROP CONSTRAINT nothing',
    '42704',
    /^constraint "nothing" of relation "children" does not exist$/,
  ],
  ['ALTER TABLE children DROP CONSTRAINT children_pkey', '0A000', /cannot be dropped$/],
  [
    'ALTER TABLE children ALTER nothing DROP DEFAULT',
    '42703',
    /^column "nothing" of relation "children" does not exist$/,
  ],
  [
    'ALTER TABLE children ALTER nothing TYPE text',
    '42703',
    /^column "nothing" of relation "children" does not exist$/,
  ],
  ['ALTER TABLE children ALTER note TYPE nonsense', '42704', /^type "nonsense" does not exist$/],
  [
    "ALTER TABLE children ALTER note SET DEFAULT 'x', ALTER age TYPE date USING note::date",
    '22007',
    /type date/,
  ],
];

test('what cannot be done is said with the code that PostgreSQL has for it, and leaves everything as it was', async (context) => {
  const { client, serving } = await connected(context);
  const schema =
    'SELECT array_agg(conname ORDER BY conname)::text, (SELECT count(*) FROM children) FROM pg_constraint';
  const before = await rows(client, schema);
  for (const [sql, code, message] of refused) {
    await assert.rejects(client.query(sql), { code, message }, sql);
    assert.deepEqual(await rows(client, schema), before, sql);
  }
  assert.deepEqual(await rows(client, 'SELECT note, age FROM children ORDER BY id'), [
    ['7', 3],
    ['8', 3],
    [null, 3],
  ]);
  checkFile(serving);
});

test('a default is set and dropped, and rows from before the column was there keep what they showed', async (context) => {
  const { client, serving } = await connected(context);
  await client.query("ALTER TABLE children ADD COLUMN kind TEXT DEFAULT 'old', ADD COLUMN extra INTEGER");
  await client.query(
    "ALTER TABLE children ALTER kind SET DEFAULT 'new', ALTER COLUMN extra SET DEFAULT 1 + 1",
  );
  await client.query('INSERT INTO children (id) VALUES (4)');
  await client.query('ALTER TABLE children ALTER kind DROP DEFAULT, ALTER extra DROP DEFAULT');
  await client.query('INSERT INTO children (id) VALUES (5)');
  assert.deepEqual(await rows(client, 'SELECT id, kind, extra FROM children ORDER BY id'), [
    [1, 'old', null],
    [2, 'old', null],
    [3, 'old', null],
    [4, 'new', 2],
    [5, null, null],
  ]);
  assert.deepEqual(await rows(client, 'SELECT * FROM log'), []);
  await client.query('UPDATE children SET note = 1 WHERE id = 1');
  assert.deepEqual(await rows(client, 'SELECT * FROM log'), [['changed']]);
  checkFile(serving);
});

test('a column has another type, and its values with it', async (context) => {
  const { client, serving } = await connected(context);
  await client.query('ALTER TABLE children ALTER note TYPE integer');
  await client.query("ALTER TABLE children DROP CONSTRAINT grown, ALTER age TYPE text USING age || ' years'");
  const { fields, rows: found } = await client.query('SELECT note, age FROM children WHERE id = 2');
  assert.deepEqual(found, [{ note: 8, age: '3 years' }]);
  assert.deepEqual(
    fields.map(({ dataTypeID }) => dataTypeID),
    [23, 25],
  );
  assert.deepEqual(await rows(client, "SELECT id FROM children WHERE age = '3 years' ORDER BY id"), [
    [1],
    [2],
    [3],
  ]);
  checkFile(serving);
});

test('keys of a table are dropped and added by name, and its rows, indexes and triggers stay', async (context) => {
  const { client, serving } = await connected(context);
  await client.query(
    'ALTER TABLE parents DROP CONSTRAINT parents_code_key, ADD CONSTRAINT codes UNIQUE (code)',
  );
  await client.query('CREATE TABLE users (code VARCHAR(10) REFERENCES parents (code))');
  await assert.rejects(client.query('ALTER TABLE parents DROP CONSTRAINT codes'), { code: '2BP01' });
  await client.query('DROP TABLE users');
  await client.query('ALTER TABLE parents DROP CONSTRAINT codes');
  await client.query('ALTER TABLE parents DROP CONSTRAINT IF EXISTS codes');
  await client.query("INSERT INTO parents VALUES (3, 'a', 1)");
  await assert.rejects(client.query('ALTER TABLE parents ADD UNIQUE (code)'), { code: '23505' });
  await client.query('CREATE TABLE pairs (a INTEGER, b INTEGER UNIQUE, PRIMARY KEY (a, b))');
  await client.query('CREATE INDEX by_b ON pairs (b)');
  await client.query('INSERT INTO pairs VALUES (1, 2), (2, 3)');
  await client.query('ALTER TABLE pairs DROP CONSTRAINT pairs_pkey');
  await client.query('ALTER TABLE pairs ADD CONSTRAINT whole PRIMARY KEY (a)');
  assert.deepEqual(
    await rows(
      client,
      "SELECT conname, contype FROM pg_constraint WHERE conrelid = 'pairs'::regclass ORDER BY 1",
    ),
    [
      ['pairs_b_key', 'u'],
      ['whole', 'p'],
    ],
  );
  assert.deepEqual(
    await rows(client, "SELECT indexname FROM pg_indexes WHERE tablename = 'pairs' ORDER BY 1"),
    [['by_b'], ['pairs_b_key'], ['whole']],
  );
  assert.deepEqual(await rows(client, 'SELECT * FROM pairs ORDER BY a'), [
    [1, 2],
    [2, 3],
  ]);
  checkFile(serving);
});

test('in a transaction a change is seen by it alone until it is committed, and goes with ROLLBACK', async (context) => {
  const { client, serving } = await connected(context);
  const other = new pg.Client({ host: '127.0.0.1', port: serving.port, user: 'ana', database: 'test' });
  await other.connect();
  const keys = "SELECT conname FROM pg_constraint WHERE contype = 'f'";
  await client.query('BEGIN');
  await client.query('CREATE TABLE more (a INTEGER)');
  await client.query('ALTER TABLE more ADD CONSTRAINT m FOREIGN KEY (a) REFERENCES parents (id)');
  await client.query('SAVEPOINT s');
  await client.query('ALTER TABLE children ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES parents');
  assert.deepEqual(await rows(client, `${keys} ORDER BY 1`), [['m'], ['up']]);
  assert.deepEqual(await rows(other, keys), []);
  await client.query('ROLLBACK TO s');
  await client.query('INSERT INTO children (parent) VALUES (99)');
  await assert.rejects(client.query('INSERT INTO more VALUES (99)'), { code: '23503' });
  await client.query('ROLLBACK');
  assert.deepEqual(await rows(client, keys), []);
  await client.query('BEGIN');
  await client.query('ALTER TABLE children ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES parents');
  await client.query('COMMIT');
  assert.deepEqual(await rows(other, keys), [['up']]);
  await assert.rejects(other.query('INSERT INTO children (parent) VALUES (99)'), { code: '23503' });
  await other.end();
  checkFile(serving);
});

test('a table goes without the rows of those that refer to it, and they without their keys', async (context) => {
  const { client, serving } = await connected(context);
  await client.query(
    'ALTER TABLE children ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES parents ON DELETE CASCADE',
  );
  await client.query(
    'CREATE TABLE toys (child INTEGER REFERENCES children (id), parent INTEGER REFERENCES parents)',
  );
  await assert.rejects(client.query('DROP TABLE parents'), {
    code: '2BP01',
    message: 'cannot drop table parents because other objects depend on it',
  });
  await client.query('DROP TABLE IF EXISTS toys, parents CASCADE');
  assert.deepEqual(await rows(client, 'SELECT id, parent FROM children ORDER BY id'), [
    [1, 1],
    [2, 2],
    [3, null],
  ]);
  await client.query('INSERT INTO children (parent) VALUES (99)');
  checkFile(serving);
});

test('columns that SQLite does not add or drop by itself are added and dropped', async (context) => {
  const { client, serving } = await connected(context);
  await client.query(`ALTER TABLE children ADD COLUMN made timestamptz NOT NULL DEFAULT now(), ADD code text UNIQUE,
    ADD COLUMN parent2 integer DEFAULT 1 REFERENCES parents (id), ADD COLUMN IF NOT EXISTS made timestamptz DEFAULT now()`);
  const { rows: made } = await client.query(
    'SELECT count(made)::int AS count, sum(parent2)::int AS sum FROM children',
  );
  assert.deepEqual(made, [{ count: 3, sum: 3 }]);
  await client.query("UPDATE children SET code = 'a' WHERE id = 1");
  await assert.rejects(client.query("UPDATE children SET code = 'a' WHERE id = 2"), { code: '23505' });
  await assert.rejects(client.query('ALTER TABLE children ADD COLUMN must integer NOT NULL'), {
    code: '23502',
  });
  await assert.rejects(
    client.query('ALTER TABLE children ADD COLUMN up integer DEFAULT 9 REFERENCES parents'),
    {
      code: '23503',
    },
  );
  await client.query('ALTER TABLE log ADD COLUMN id SERIAL PRIMARY KEY');
  await client.query("INSERT INTO log (what) VALUES ('x')");
  assert.deepEqual(await rows(client, "SELECT id FROM log WHERE what = 'x'"), [[2]]);
  await client.query('DROP VIEW ages');
  await client.query(
    'ALTER TABLE children DROP COLUMN age, DROP COLUMN code, DROP parent2, DROP COLUMN IF EXISTS none',
  );
  assert.deepEqual(
    (await client.query('SELECT * FROM children')).fields.map(({ name }) => name),
    ['id', 'parent', 'note', 'made'],
  );
  checkFile(serving);
});

test('views go with the table that they read, or keep it', async (context) => {
  const { client, serving } = await connected(context);
  await client.query('CREATE VIEW again AS SELECT age FROM ages');
  await client.query('CREATE VIEW other AS SELECT id AS children FROM parents');
  await assert.rejects(client.query('DROP TABLE children'), { code: '2BP01' });
  assert.deepEqual(await rows(client, 'SELECT count(*)::int FROM again'), [[3]]);
  await client.query('DROP TABLE children CASCADE');
  assert.deepEqual(await rows(client, "SELECT viewname FROM pg_views WHERE schemaname = 'public'"), [
    ['other'],
  ]);
  await client.query('ALTER TABLE parents RENAME COLUMN code TO word');
  checkFile(serving);
});

test('a temporary table gets keys and columns; its definition is not changed, nor that of the table that it hides', async (context) => {
  const { client, serving } = await connected(context);
  await client.query('CREATE TEMP TABLE children (a integer, b text)');
  await client.query('ALTER TABLE children ADD UNIQUE (a), ADD COLUMN c integer DEFAULT 1, DROP COLUMN b');
  await client.query('INSERT INTO children (a) VALUES (1)');
  await assert.rejects(client.query('INSERT INTO children (a) VALUES (1)'), { code: '23505' });
  await assert.rejects(client.query('ALTER TABLE children ALTER c DROP DEFAULT'), { code: '0A000' });
  await client.query('DROP TABLE children');
  assert.deepEqual(await rows(client, 'SELECT age FROM children WHERE id = 1'), [[3]]);
  checkFile(serving);
});
