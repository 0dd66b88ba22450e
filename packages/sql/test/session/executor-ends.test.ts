import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '@zocalo/test-support/eventually.ts';
import { cpuTimeOf, processTree } from '@zocalo/test-support/proc.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import postgres from 'postgres';
import { ENDLESS, numbers } from '../support.ts';
import type { BackendMessage } from '../wire/backend-messages.ts';
import { frontend } from '../wire/frontend-bytes.ts';
import { fieldsOf, RawClient } from './raw-client.ts';
import { serveSql } from './serving.ts';

const WRITE = "INSERT INTO t (id, name) VALUES (100, 'held')";
const OTHER = "INSERT INTO t (id, name) VALUES (200, 'other')";
const HELD = 'SELECT count(*) FROM t WHERE id = 100';

/** What a client is in the midst of. */
type Held = {
  readonly what: string;
  readonly statements: readonly string[];
  /** Whether it is in a transaction, which is lost. */
  readonly lost: boolean;
  /** What is tried when all is over, and how it is answered: a value, or a code. */
  readonly afterwards: readonly (readonly [sql: string, answer: string])[];
};

const holdings: readonly Held[] = [
  {
    what: 'the right to write, behind a savepoint',
    statements: ['BEGIN', 'SAVEPOINT s', WRITE],
    lost: true,
    afterwards: [[HELD, '0']],
  },
  {
    what: 'a snapshot',
    statements: ['BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT count(*) FROM t'],
    lost: true,
    afterwards: [['SELECT name FROM t WHERE id = 200', 'other']],
  },
  {
    what: 'a cursor, and the right to write',
    statements: ['BEGIN', 'DECLARE c CURSOR FOR SELECT * FROM t ORDER BY other + 1', WRITE, 'FETCH 2 FROM c'],
    lost: true,
    afterwards: [
      ['FETCH 1 FROM c', '34000'],
      [HELD, '0'],
    ],
  },
  {
    what: 'a prepared statement, and the right to write',
    statements: ['PREPARE p AS SELECT name FROM t WHERE id = $1', 'BEGIN', WRITE, 'EXECUTE p (1)'],
    lost: true,
    afterwards: [
      ['EXECUTE p (1)', 'name 1'],
      [HELD, '0'],
    ],
  },
  {
    what: 'a temporary table',
    statements: ['CREATE TEMP TABLE mine (a int)', 'INSERT INTO mine VALUES (1)'],
    lost: false,
    afterwards: [
      ['SELECT a FROM mine', '42P01'],
      ['CREATE TEMP TABLE mine (a int)', ''],
    ],
  },
];

/** How the process that has it ends. */
type End = {
  readonly how: string;
  /** @returns the error that the client gets, if it is still there */
  end(client: RawClient, port: number): Promise<string | undefined>;
  /** Of a client that got no error: what its next statement is answered. */
  readonly next?: string;
};

const executors = () => processTree(process.pid).filter((pid) => pid !== process.pid);

/** Kills all executors of the servers of this process, and waits until it has noticed. */
async function killExecutors(): Promise<void> {
  const killed = executors();
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  await eventually('they are gone', () => !executors().some((pid) => killed.includes(pid)));
}

/** A statement that runs without end, and something that ends it, over and over until it has. */
async function whileItRuns(client: RawClient, end: () => unknown): Promise<string | undefined> {
  const answer = client.query(ENDLESS);
  const over = new AbortController();
  const ending = (async () => {
    while (!over.signal.aborted) {
      await sleep(20);
      await end();
    }
  })();
  const messages = await answer;
  over.abort();
  await ending;
  return codeOf(messages);
}

async function cancel(client: RawClient, port: number): Promise<void> {
  await using canceller = await RawClient.open(port);
  canceller.send(frontend.cancelRequest(client.processId, client.secretKey));
  await canceller.ended();
}

const ends: readonly End[] = [
  {
    how: 'a statement runs into its time limit',
    async end(client) {
      await client.query('SET statement_timeout = 100');
      const messages = await client.query(ENDLESS);
      await client.query('SET statement_timeout = 0');
      return codeOf(messages);
    },
  },
  { how: 'a CancelRequest', end: (client, port) => whileItRuns(client, () => cancel(client, port)) },
  {
    how: 'its process is killed while a statement runs',
    end: (client) => whileItRuns(client, killExecutors),
  },
  {
    how: 'its process is killed between statements',
    async end() {
      await killExecutors();
      return undefined;
    },
    next: '58000',
  },
  {
    how: 'the client leaves while a statement runs',
    async end(client) {
      client.send(frontend.query(ENDLESS));
      await client[Symbol.asyncDispose]();
      return undefined;
    },
  },
  {
    how: 'the client leaves between statements',
    async end(client) {
      await client[Symbol.asyncDispose]();
      return undefined;
    },
  },
];

const sqlstates: Readonly<Record<string, string>> = {
  'a statement runs into its time limit': '57014',
  'a CancelRequest': '57014',
  'its process is killed while a statement runs': '58000',
};

/** The code of the error among messages. */
function codeOf(messages: readonly BackendMessage[]): string | undefined {
  const error = messages.find(({ type }) => type === 'E');
  return error === undefined ? undefined : fieldsOf(error.body).C;
}

/** The code of the error, or the first value of the first row, as text. */
function answerOf(messages: readonly BackendMessage[]): string {
  const row = messages.find(({ type }) => type === 'D')?.body;
  return codeOf(messages) ?? (row === undefined ? '' : row.toString('utf8', 6, 6 + row.readInt32BE(2)));
}

for (const { how, end, next } of ends) {
  test(`${how}: what the client had is released`, async (context) => {
    const { port } = await serveSql(context, numbers(3));
    await using other = await RawClient.connect(port);
    for (const { what, statements, lost, afterwards } of holdings) {
      await context.test(what, async () => {
        await using client = await RawClient.connect(port);
        for (const sql of statements) assert.equal(codeOf(await client.query(sql)), undefined, sql);
        assert.equal(await end(client, port), sqlstates[how]);
        assert.equal(codeOf(await other.query(OTHER)), undefined, 'another client writes');
        if (how.startsWith('the client')) {
          assert.equal(answerOf(await other.query(HELD)), '0');
        } else {
          if (lost) await isLost(client, next, statements.includes('SAVEPOINT s'));
          for (const [sql, answer] of afterwards)
            assert.equal(answerOf(await client.query(sql)), answer, sql);
          assert.equal(answerOf(await client.query('INSERT INTO t (id) VALUES (300) RETURNING id')), '300');
        }
        await other.query('DELETE FROM t WHERE id >= 100');
      });
    }
  });
}

/** The transaction of a client accepts nothing but its end. @param next what its next statement is answered, if not 25P02 */
async function isLost(client: RawClient, next: string | undefined, savepoint: boolean): Promise<void> {
  if (next !== undefined) assert.equal(answerOf(await client.query('SELECT 1')), next);
  assert.equal(answerOf(await client.query('SELECT 1')), '25P02');
  if (savepoint) assert.equal(answerOf(await client.query('ROLLBACK TO s')), '25P02');
  assert.equal(answerOf(await client.query('SELECT 1')), '25P02');
  assert.equal(answerOf(await client.query('ROLLBACK')), '');
}

/** Sends rows with COPY, and does not end it. */
async function copying(client: RawClient, rows = 1_000): Promise<void> {
  await client.query('COPY t (id) FROM STDIN');
  sendRows(client, 1_000, rows);
}

function sendRows(client: RawClient, from: number, count: number): void {
  client.send(frontend.copyData(Array.from({ length: count }, (_, i) => `${i + from}\n`).join('')));
}

/** Writes without the Sync that would commit it. */
async function unsynced(client: RawClient): Promise<void> {
  client.send(frontend.parse('', WRITE), frontend.bind('', ''), frontend.execute(), frontend.flush());
}

/** Waits until the right to write is taken: another client waits for it in vain. */
async function isTaken(port: number): Promise<void> {
  await using other = await RawClient.connect(port);
  await other.query('SET statement_timeout = 20');
  await eventually('the right to write is taken', async () => {
    return codeOf(await other.query('DELETE FROM t WHERE id = -1')) === '57014';
  });
}

for (const [how, code, end] of [
  ['a CancelRequest', '57014', cancel],
  ['its process is killed', '58000', killExecutors],
] as const) {
  test(`${how} while a client sends rows with COPY: none of them is there, and others write`, async (context) => {
    const { port } = await serveSql(context, numbers(3));
    await using client = await RawClient.connect(port);
    await using other = await RawClient.connect(port);
    await client.query('BEGIN');
    await client.query(WRITE);
    // So few that they wait here for more of them: nothing runs.
    await copying(client, 10);
    await end(client, port);
    assert.equal(codeOf(await other.query(OTHER)), undefined);
    // A client of COPY gets the error when it sends more.
    sendRows(client, 5_000, 1_000);
    client.send(frontend.copyDone());
    assert.equal(codeOf(await client.until('Z')), code);
    await client.query('ROLLBACK');
    assert.equal(answerOf(await client.query('SELECT count(*) FROM t')), '4');
  });
}

for (const [what, hold] of [
  ['is silent in the midst of a COPY', copying],
  ['has written and sends no Sync', unsynced],
] as const) {
  test(`a client that ${what} is turned out with 25P03, and others write`, async (context) => {
    const { port } = await serveSql(context, numbers(3));
    const options = '-c idle_in_transaction_session_timeout=100';
    await using client = await RawClient.connect(port, { user: 'ana', database: 'test', options });
    await hold(client);
    assert.equal(codeOf(await client.ended()), '25P03');
    await using other = await RawClient.connect(port);
    assert.equal(codeOf(await other.query(OTHER)), undefined);
    assert.equal(answerOf(await other.query('SELECT count(*) FROM t')), '4');
  });

  test(`a client that ${what}, and leaves: nothing of it is there, and others write`, async (context) => {
    const { port } = await serveSql(context, numbers(3));
    await using client = await RawClient.connect(port);
    await using other = await RawClient.connect(port);
    await hold(client);
    await isTaken(port);
    await client[Symbol.asyncDispose]();
    assert.equal(codeOf(await other.query(OTHER)), undefined);
    assert.equal(answerOf(await other.query('SELECT count(*) FROM t')), '4');
  });

  test(`a server stops although a client ${what}, and nothing of it is in the file`, async (context) => {
    const { port, file, stop } = await serveSql(context, numbers(3), {}, { drainTimeoutMs: 100 });
    await using client = await RawClient.connect(port);
    await hold(client);
    await isTaken(port);
    await stop();
    const database = new DatabaseSync(file);
    assert.deepEqual({ ...database.prepare('SELECT count(*) AS rows FROM t').get() }, { rows: 3 });
    database.close();
  });
}

test('statements that came together with one that fails because their client leaves are not carried out', async (context) => {
  const { port } = await serveSql(context, numbers(3));
  const client = await RawClient.connect(port);
  await using other = await RawClient.connect(port);
  client.send(frontend.query(`${WRITE}; ${ENDLESS}; ${WRITE.replace('100', '101')}`));
  await isTaken(port);
  await client[Symbol.asyncDispose]();
  assert.equal(codeOf(await other.query(OTHER)), undefined);
  assert.equal(answerOf(await other.query('SELECT count(*) FROM t')), '4');
});

test('in the line dialect a transaction that is lost holds nothing either, and says so until it is rolled back', async (context) => {
  const { linePort, port } = await serveSql(context, numbers(3), { 'statement-timeout': 300 });
  using client = await TestClient.connect({ host: '127.0.0.1', port: linePort });
  client.send(`BEGIN; SAVEPOINT s; ${WRITE}; ${ENDLESS};\n`);
  await client.readUntil('timeout\n');
  await using other = await RawClient.connect(port);
  assert.equal(codeOf(await other.query(OTHER)), undefined);
  client.send(
    'ROLLBACK TO s; SAVEPOINT u; SELECT 1; ROLLBACK; SELECT count(*) AS found FROM t WHERE id = 100;\n',
  );
  client.finish();
  const text = await client.readText();
  assert.match(text, /found\n-+\n +0\n/);
  assert.equal(
    text.match(/error: the transaction was lost \(.*timeout\) and must be rolled back/g)?.length,
    3,
  );
});

test('DISCARD TEMP does not end a transaction unnoticed: it is refused within one', async (context) => {
  const { port } = await serveSql(context, numbers(3));
  await using client = await RawClient.connect(port);
  for (const sql of ['CREATE TEMP TABLE mine (a int)', 'BEGIN', WRITE]) await client.query(sql);
  assert.equal(answerOf(await client.query('DISCARD TEMP')), '25001');
  await client.query('ROLLBACK');
  assert.equal(answerOf(await client.query(HELD)), '0');
  assert.equal(answerOf(await client.query('DISCARD TEMP')), '');
  assert.equal(answerOf(await client.query('SELECT a FROM mine')), '42P01');
});

test('a CancelRequest ends rows that wait for a client which does not take them', async (context) => {
  const { port } = await serveSql(context, numbers(3));
  await using client = await RawClient.connect(port);
  const without = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';
  client.pause();
  client.send(frontend.query(without));
  const [executor = 0] = await eventually('it runs', () => {
    const found = executors();
    return found.length > 0 && found;
  });
  // They are not taken: it has nothing to do.
  let used = -1;
  await eventually('it waits', async () => {
    const before = used;
    used = cpuTimeOf(executor);
    await sleep(100);
    return used > 0 && used === before;
  });
  await cancel(client, port);
  client.resume();
  assert.equal(codeOf(await client.until('Z')), '57014');
});

test('postgres.js: a transaction with a savepoint that is cancelled by its time limit fails as a whole, and the pool goes on', async (context) => {
  const { port } = await serveSql(context, numbers(3));
  const sql = postgres({
    host: '127.0.0.1',
    port,
    user: 'ana',
    database: 'test',
    max: 2,
    onnotice: () => {},
  });
  const transaction = sql.begin(async (inner) => {
    await inner.savepoint(async (deeper) => {
      await deeper.unsafe(WRITE);
      await deeper`SET LOCAL statement_timeout = 100`;
      await deeper.unsafe(ENDLESS);
    });
  });
  // What fails last is the ROLLBACK TO of the savepoint.
  await assert.rejects(transaction, ({ code }: { code: string }) => code === '57014' || code === '25P02');
  await soon('another writes', sql.unsafe(OTHER));
  const [row] = await sql.unsafe(HELD);
  assert.equal(Number(row?.count), 0);
  await sql.end();
});
