import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Command } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { processTree } from '@zocalo/test-support/proc.ts';
import pg from 'pg';
import { serveSql } from './session/serving.ts';
import { databaseFor, ENDLESS } from './support.ts';

const at = (port: number) => ({ host: '127.0.0.1', port, user: 'ana', database: 'test' });

async function enter(port: number): Promise<pg.Client> {
  const client = new pg.Client(at(port));
  await client.connect();
  // A server that is killed is the point of a test here.
  client.on('error', () => {});
  return client;
}

test('eight clients write and read: every row that was committed is there, none that was rolled back', async (context) => {
  const { port, file } = await serveSql(
    context,
    `CREATE TABLE log (client INTEGER, number INTEGER, PRIMARY KEY (client, number));
     CREATE TABLE total (id INTEGER PRIMARY KEY, value INTEGER); INSERT INTO total VALUES (1, 0);`,
  );
  const committed = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const client = await enter(port);
      let kept = 0;
      for (let number = 1; number <= 25; number++) {
        await client.query('BEGIN');
        const { rows } = await client.query('SELECT count(*)::int AS count FROM log WHERE client = $1', [i]);
        assert.equal(rows[0].count, kept);
        await client.query('INSERT INTO log VALUES ($1, $2)', [i, number]);
        await client.query('UPDATE total SET value = value + 1 WHERE id = 1');
        if (number % 5 === 0) await client.query('ROLLBACK');
        else {
          await client.query('COMMIT');
          kept++;
        }
      }
      await client.end();
      return kept;
    }),
  );
  assert.deepEqual(committed, Array(8).fill(20));
  const database = new DatabaseSync(file);
  assert.deepEqual(
    { ...database.prepare('SELECT (SELECT count(*) FROM log) AS rows, value FROM total').get() },
    {
      rows: 160,
      value: 160,
    },
  );
  database.close();
});

async function started(command: Command): Promise<number> {
  const [, port] = await command.printed(/sql \(postgres\): listening on 127\.0\.0\.1:(\d+)/);
  return Number(port);
}

test('a server that is killed while it is written to has every commit that it acknowledged', async (context) => {
  const file = databaseFor(
    context,
    'CREATE TABLE log (client INTEGER, number INTEGER, PRIMARY KEY (client, number))',
  );
  const args = ['serve', 'sql', file, '--read-write', '--port', '0', '--line-port', '0', '--log', 'off'];
  const command = new Command(context, args);
  const port = await started(command);
  const acknowledged = Array<number>(4).fill(0);
  const writers = acknowledged.map(async (_, i) => {
    const client = await enter(port);
    try {
      for (let number = 1; ; number++) {
        await client.query('INSERT INTO log VALUES ($1, $2)', [i, number]);
        acknowledged[i] = number;
      }
    } catch {
      // The server is gone.
    }
  });
  await eventually('every client has written', () => acknowledged.every((number) => number > 20));
  command.process.kill('SIGKILL');
  await Promise.all(writers);
  const again = await started(new Command(context, args));
  const client = await enter(again);
  const { rows } = await client.query(
    'SELECT client, count(*)::int AS count, max(number) AS last FROM log GROUP BY client ORDER BY client',
  );
  await client.end();
  for (const [i, number] of acknowledged.entries()) {
    const { count, last } = rows[i];
    assert.equal(count, last, 'there is no gap');
    // One may have been committed whose acknowledgement was on its way.
    assert.ok(last === number || last === number + 1, `client ${i}: ${number} acknowledged, ${last} there`);
  }
});

test('executors end when their server is killed, even in the midst of a step', async (context) => {
  const command = new Command(context, [
    'serve',
    'sql',
    databaseFor(context),
    '--port',
    '0',
    '--line-port',
    '0',
    '--log',
    'off',
  ]);
  const client = await enter(await started(command));
  const endless = client.query(ENDLESS).catch(() => {});
  const pid = command.process.pid as number;
  const executors = await eventually('an executor runs', () => {
    const family = processTree(pid).filter((each) => each !== pid);
    return family.length > 0 && family;
  });
  command.process.kill('SIGKILL');
  await endless;
  await eventually('they are gone', () => executors.every((each) => !isAlive(each)));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
