import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Command } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import pg from 'pg';
import { serveFile } from './session/serving.ts';
import { databaseFor } from './support.ts';

async function enter(context: TestContext, port: number): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'ana', database: 'test' });
  client.on('error', () => {});
  await client.connect();
  context.after(() => client.end().catch(() => {}));
  return client;
}

const insert = 'INSERT INTO log (entry) VALUES ($1)';
const table = 'CREATE TABLE log (id INTEGER PRIMARY KEY, entry TEXT);';

/** A database with a table of the same name, and a row by which it is known. */
function another(context: TestContext): string {
  return databaseFor(
    context,
    `${table} INSERT INTO log VALUES (1000, 'another'); PRAGMA journal_mode = DELETE;`,
  );
}

/** What is found by opening the file. */
function rowsOf(file: string): unknown[] {
  const database = new DatabaseSync(file);
  try {
    assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    return database
      .prepare('SELECT entry FROM log ORDER BY id')
      .all()
      .map(({ entry }) => entry);
  } finally {
    database.close();
  }
}

type Case = {
  readonly how: string;
  /** Does it to the file, which is known by `kept` as well. */
  do(file: string, other: string, kept: string): void;
  /** Undoes it, if that can be done. */
  undo?(file: string): void;
  readonly notice: RegExp;
  /** Whether what was committed can be read still. */
  readonly read: boolean;
  /** The file in which what was committed is when the server has stopped; undefined: it was destroyed. */
  readonly has?: 'file' | 'kept';
  /** Whether the other file has taken the name. */
  readonly taken: boolean;
};

const cases: readonly Case[] = [
  {
    how: 'another one is renamed onto it',
    do: (file, other) => renameSync(other, file),
    undo: (file) => {
      renameSync(file, `${file}.other`);
      renameSync(join(dirname(file), 'kept.db'), file);
    },
    notice: /replaced by another one/,
    read: true,
    has: 'kept',
    taken: true,
  },
  {
    how: 'it is moved away, and another one copied to its place',
    do: (file, other) => {
      renameSync(file, `${file}.old`);
      copyFileSync(other, file);
    },
    undo: (file) => renameSync(`${file}.old`, file),
    notice: /replaced by another one/,
    read: true,
    has: 'kept',
    taken: true,
  },
  {
    how: 'another one is copied over it',
    do: (file, other) => copyFileSync(other, file),
    notice: /overwritten by another program/,
    read: false,
    taken: true,
  },
  {
    how: 'it is moved away',
    do: (file) => renameSync(file, `${file}.old`),
    undo: (file) => renameSync(`${file}.old`, file),
    notice: /removed or renamed/,
    read: true,
    has: 'kept',
    taken: false,
  },
  {
    how: 'its folder is renamed',
    do: (file) => renameSync(dirname(file), `${dirname(file)}.old`),
    undo: (file) => renameSync(`${dirname(file)}.old`, dirname(file)),
    notice: /removed or renamed/,
    read: true,
    taken: false,
  },
  {
    how: 'its log is removed',
    do: (file) => unlinkSync(`${file}-wal`),
    notice: /-wal or -shm/,
    read: true,
    has: 'file',
    taken: false,
  },
  {
    how: 'the index of its log is removed',
    do: (file) => unlinkSync(`${file}-shm`),
    notice: /-wal or -shm/,
    read: true,
    has: 'file',
    taken: false,
  },
];

const committed = ['1', '2', '3'];

for (const { how, do: change, undo, notice, read, has, taken } of cases) {
  test(`${how}: nothing is acknowledged any more, nothing that was is lost, and nothing is written into another`, async (context) => {
    const file = databaseFor(context, table);
    context.after(() => rmSync(`${dirname(file)}.old`, { recursive: true, force: true }));
    const kept = join(dirname(file), 'kept.db');
    linkSync(file, kept);
    const other = another(context);
    const before = readFileSync(other);
    const served = await serveFile(context, file);
    const client = await enter(context, served.port);
    const writing = await enter(context, served.port);
    for (const entry of committed) await client.query(insert, [entry]);
    await writing.query('BEGIN');
    await writing.query(insert, ['never']);

    change(file, other, kept);
    const refused = { code: '58P01', message: /^the (?:database file|-wal or)/ };
    await assert.rejects(writing.query('COMMIT'), refused);
    await assert.rejects(client.query(insert, ['never']), refused);
    await assert.rejects(client.query('BEGIN; INSERT INTO log (entry) VALUES (4); COMMIT'), refused);
    await client.query('ROLLBACK');
    await eventually('the log reports it', () => served.notices.some((message) => notice.test(message)));
    assert.equal(served.notices.length, 1, 'once');
    const answer = client.query<{ entry: string }>('SELECT entry FROM log WHERE id > 0');
    if (!read) await assert.rejects(answer, refused);
    else
      assert.deepEqual(
        (await answer).rows.map(({ entry }) => entry),
        committed,
      );
    if (taken) assert.deepEqual(readFileSync(file), before);

    await served.stop();
    if (taken) {
      assert.deepEqual(readFileSync(file), before);
      assert.deepEqual(rowsOf(file), ['another'], 'also when it is opened again');
      const again = await serveFile(context, file);
      const next = await enter(context, again.port);
      await next.query(insert, ['next']);
      await again.stop();
      assert.deepEqual(rowsOf(file), ['another', 'next']);
    }
    if (has !== undefined) assert.deepEqual(rowsOf(has === 'file' ? file : kept), committed);
    if (undo === undefined) return;
    // It is put back before the next start.
    undo(file);
    assert.deepEqual(rowsOf(file), committed);
  });
}

for (const { how, do: change, undo } of cases) {
  if (undo === undefined) continue;
  test(`${how}, and it comes back: it is written again`, async (context) => {
    const file = databaseFor(context, table);
    context.after(() => rmSync(`${dirname(file)}.old`, { recursive: true, force: true }));
    const kept = join(dirname(file), 'kept.db');
    linkSync(file, kept);
    const served = await serveFile(context, file);
    const client = await enter(context, served.port);
    for (const entry of committed) await client.query(insert, [entry]);
    change(file, another(context), kept);
    await assert.rejects(client.query(insert, ['never']), { code: '58P01' });
    undo(file);
    await client.query(insert, ['back']);
    assert.match(served.notices[1] ?? '', /is back: it is written again/);
    await served.stop();
    assert.deepEqual(rowsOf(file), [...committed, 'back']);
    assert.ok(!existsSync(`${file}-wal`), 'the log is in the file');
  });
}

test('the other file can be used by others while the server still runs: it is not taken for the one that was opened', async (context) => {
  const file = databaseFor(context, table);
  const kept = join(dirname(file), 'kept.db');
  linkSync(file, kept);
  // As far as the log of the one that was opened knows, a page is all there is.
  const other = databaseFor(context, `${table} INSERT INTO log VALUES (1000, zeroblob(1000000))`);
  const served = await serveFile(context, file);
  const client = await enter(context, served.port);
  for (const entry of committed) await client.query(insert, [entry]);
  renameSync(other, file);
  await assert.rejects(client.query(insert, ['never']), { code: '58P01' });
  const outside = new DatabaseSync(file);
  outside.exec("INSERT INTO log (entry) VALUES (zeroblob(1000000)), ('outside')");
  const { rows } = await client.query<{ entry: string }>('SELECT entry FROM log WHERE id > 0');
  assert.deepEqual(
    rows.map(({ entry }) => entry),
    committed,
  );
  await served.stop();
  outside.close();
  assert.deepEqual(rowsOf(file).slice(2), ['outside']);
  assert.deepEqual(rowsOf(kept), committed);
  assert.deepEqual(readdirSync(dirname(file)).sort(), ['kept.db', 'test.db'], 'nothing else is left');
});

test('it is removed: what was committed can be read until the server stops', async (context) => {
  const file = databaseFor(context, table);
  const served = await serveFile(context, file);
  const client = await enter(context, served.port);
  for (const entry of committed) await client.query(insert, [entry]);
  for (const name of ['', '-wal', '-shm']) rmSync(file + name);
  await assert.rejects(client.query(insert, ['never']), { code: '58P01', message: /removed or renamed/ });
  const { rows } = await client.query('SELECT count(*)::int AS count FROM log WHERE entry <> $1', ['x']);
  assert.equal(rows[0].count, 3);
  await served.stop();
  assert.ok(!existsSync(file), 'nothing is made in its place');
});

test('the link by which it is reached leads elsewhere: both files have what was committed to them', async (context) => {
  const [first, second] = [databaseFor(context, table), another(context)];
  const link = join(dirname(first), 'current.db');
  symlinkSync(first, link);
  const served = await serveFile(context, link);
  const client = await enter(context, served.port);
  for (const entry of committed) await client.query(insert, [entry]);
  symlinkSync(second, `${link}.new`);
  renameSync(`${link}.new`, link);
  assert.equal(realpathSync(link), second);
  await assert.rejects(client.query(insert, ['never']), { code: '58P01', message: /replaced/ });
  await served.stop();
  assert.deepEqual(rowsOf(first), committed);
  assert.deepEqual(rowsOf(second), ['another']);
});

test('all its files are replaced by those of another, whose log is left as it is', async (context) => {
  const other = another(context);
  const open = new DatabaseSync(other);
  open.exec("PRAGMA journal_mode = WAL; INSERT INTO log VALUES (1001, 'in the log')");
  context.after(() => open.close());
  for (const copied of [false, true]) {
    const file = databaseFor(context, table);
    const served = await serveFile(context, file);
    const client = await enter(context, served.port);
    for (const entry of committed) await client.query(insert, [entry]);
    for (const name of ['', '-wal']) {
      if (!copied) rmSync(file + name);
      copyFileSync(other + name, file + name);
    }
    await assert.rejects(client.query(insert, ['never']), { code: '58P01' });
    await served.stop();
    rmSync(`${file}-shm`, { force: true });
    assert.deepEqual(rowsOf(file), ['another', 'in the log']);
  }
});

test('a checkpoint of another program, and one of the server itself, are no overwriting', async (context) => {
  const file = databaseFor(context, table);
  const served = await serveFile(context, file);
  const client = await enter(context, served.port);
  const outside = new DatabaseSync(file);
  for (let i = 0; i < 3; i++) {
    await client.query(insert, ['inside']);
    outside.exec("INSERT INTO log (entry) VALUES ('outside')");
    await client.query('INSERT INTO log (entry) SELECT zeroblob(3000000)');
    outside.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }
  outside.close();
  chmodSync(file, 0o600);
  await client.query(insert, ['last']);
  assert.deepEqual(served.notices, []);
  await served.stop();
  assert.equal(rowsOf(file).length, 10);
});

test('a server that only reads answers from the file that it has opened, and says when that is not there any more', async (context) => {
  const file = databaseFor(context, `${table} INSERT INTO log VALUES (1, 'first')`);
  const served = await serveFile(context, file, { 'read-write': false });
  const client = await enter(context, served.port);
  renameSync(another(context), file);
  const { rows } = await client.query('SELECT entry FROM log WHERE id < 5000');
  assert.deepEqual(rows, [{ entry: 'first' }]);
  // What takes a process of its own would be answered from the other file.
  await assert.rejects(client.query('SELECT count(*) FROM log a, log b'), { code: '58P01' });
  await eventually('it is reported', () => served.notices.length > 0);
  assert.match(served.notices[0] ?? '', /replaced by another one.*Start the server anew/);
});

async function started(command: Command): Promise<number> {
  const [, port] = await command.printed(/sql \(postgres\): listening on 127\.0\.0\.1:(\d+)/);
  return Number(port);
}

const quietly = ['--read-write', '--port', '0', '--line-port', '0', '--log', 'json'];

test('with workers that are processes no one of them writes into the file that has taken the name, and the log says it once', async (context) => {
  const file = databaseFor(context, table);
  const kept = join(dirname(file), 'kept.db');
  linkSync(file, kept);
  const other = another(context);
  const before = readFileSync(other);
  const args = ['serve', 'sql', file, ...quietly, '--workers', '2', '--isolation', 'process'];
  const command = new Command(context, args);
  const port = await started(command);
  const clients = await Promise.all(Array.from({ length: 4 }, () => enter(context, port)));
  /** What was acknowledged to all of them. */
  let acknowledged = 0;
  const writing = clients.map(async (client) => {
    for (;;) {
      await client.query(insert, ['one']);
      acknowledged++;
    }
  });
  await eventually('they write', () => acknowledged > 20);
  renameSync(other, file);
  for (const each of await Promise.allSettled(writing)) {
    assert.ok(each.status === 'rejected');
    assert.equal(each.reason.code, '58P01');
  }
  const notices = () => command.stderr.match(/"event":"notice".*replaced by another one/g)?.length;
  await eventually('the log says it', () => notices() === 1);
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 0);
  assert.equal(notices(), 1);
  assert.deepEqual(readFileSync(file), before);
  const found = rowsOf(kept).length;
  // Of each client there may be one row that was not acknowledged.
  assert.ok(found >= acknowledged && found <= acknowledged + clients.length, `${found} of ${acknowledged}`);
  assert.deepEqual(rowsOf(file), ['another']);
});

test('a disk that takes no more: the statement fails, its transaction is lost, others go on, and what was committed stays', async (context) => {
  const file = databaseFor(context, table);
  const command = new Command(context, ['serve', 'sql', file, ...quietly], {
    // A limit on the size of a file is what a test can have of a full disk: in kilobytes, and without the signal.
    via: (line) => ['bash', '-c', 'trap "" XFSZ; ulimit -f 2000; exec "$@"', 'bash', ...line],
  });
  const port = await started(command);
  const [client, other] = [await enter(context, port), await enter(context, port)];
  await client.query(insert, ['first']);
  await client.query('BEGIN');
  await client.query('SAVEPOINT s');
  await client.query(insert, ['never']);
  const large = 'INSERT INTO log (entry) SELECT zeroblob(900000) FROM generate_series(1, 40)';
  await assert.rejects(
    client.query(large),
    ({ code }: { code: string }) => code === '53100' || code === '58030',
  );
  await other.query(insert, ['second']);
  await assert.rejects(client.query('ROLLBACK TO s'), { code: '25P02' });
  await client.query('ROLLBACK');
  await client.query(insert, ['third']);
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 0);
  assert.deepEqual(rowsOf(file), ['first', 'second', 'third']);
});
