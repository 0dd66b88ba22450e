import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sharedData } from '@zocalo/test-support/shared-data.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import pg from 'pg';
import { type Server, serve } from 'zocalo';
import { importCsv } from '../src/import/import-csv.ts';

const data = sharedData('usgs-quakes-lower-us.csv.gz');
const skip =
  data === undefined ? 'the data set usgs-quakes-lower-us.csv.gz is not here (see ZOCALO_DATA)' : false;
const directory = mkdtempSync(join(tmpdir(), 'zocalo-'));
let server: Server | undefined;

before(async () => {
  if (data === undefined) return;
  const file = join(directory, 'quakes.db');
  const { signal } = new AbortController();
  await importCsv({ csv: data, database: file, table: 'quakes', signal, progress: () => {} });
  const module = new URL('../src/sql.ts', import.meta.url);
  server = await serve(module, { protocolOptions: { file } });
});

after(async () => {
  await server?.close();
  rmSync(directory, { recursive: true });
});

/** What is asked, the answer as lines of csv, and how PostgreSQL asks it where SQLite's way is another. */
const questions: { asked: string; sql: string; postgres?: string; answer: string[] }[] = [
  {
    asked: 'how many events there are, and how many of them are earthquakes',
    sql: "SELECT count(*), count(CASE WHEN type = 'earthquake' THEN 1 END) FROM quakes",
    answer: ['16941,15888'],
  },
  {
    asked: 'what else shook the ground',
    sql: "SELECT type, count(*) AS n FROM quakes WHERE type <> 'earthquake' GROUP BY type ORDER BY n DESC",
    answer: ['explosion,559', 'mining explosion,424', 'rock burst,56', 'quarry blast,11', 'sonic boom,3'],
  },
  {
    asked: 'which were the strongest',
    sql: 'SELECT place, mag FROM quakes ORDER BY mag DESC, time LIMIT 3',
    answer: [
      '"12km SW of Delta, B.C., MX",7.2',
      '"16km SW of Ludlow, CA",7.1',
      '"Baja California, Mexico",7',
    ],
  },
  {
    asked: 'when the strongest was',
    sql: "SELECT strftime('%Y-%m-%d', time) FROM quakes ORDER BY mag DESC LIMIT 1",
    postgres: "SELECT to_char(time, 'YYYY-MM-DD') FROM quakes ORDER BY mag DESC LIMIT 1",
    answer: ['2010-04-04'],
  },
  {
    asked: 'which years had the most',
    sql: "SELECT strftime('%Y', time) AS year, count(*) FROM quakes GROUP BY 1 ORDER BY 2 DESC LIMIT 3",
    postgres:
      'SELECT extract(year FROM time) AS year, count(*) FROM quakes GROUP BY 1 ORDER BY 2 DESC LIMIT 3',
    answer: ['2010,2053', '2015,1696', '2014,1460'],
  },
  {
    asked: 'how many were felt in Oklahoma, year by year',
    sql: `SELECT strftime('%Y', time), count(*) FROM quakes
      WHERE place LIKE '%Oklahoma%' AND strftime('%Y', time) IN ('2008', '2013', '2015') GROUP BY 1 ORDER BY 1`,
    postgres: `SELECT extract(year FROM time), count(*) FROM quakes
      WHERE place ILIKE '%oklahoma%' AND extract(year FROM time) IN (2008, 2013, 2015) GROUP BY 1 ORDER BY 1`,
    answer: ['2008,2', '2013,102', '2015,849'],
  },
  {
    asked: 'how many there are of each magnitude',
    sql: 'SELECT CAST(mag AS INTEGER), count(*) FROM quakes GROUP BY 1 ORDER BY 1',
    postgres: 'SELECT floor(mag)::int, count(*) FROM quakes GROUP BY 1 ORDER BY 1',
    answer: ['3,14996', '4,1750', '5,169', '6,23', '7,3'],
  },
  {
    asked: 'how strong they are on average, and where the deepest was',
    sql: 'SELECT round(avg(mag), 4), (SELECT place FROM quakes ORDER BY depth DESC LIMIT 1), max(depth) FROM quakes',
    answer: ['3.423,"97km S of San Felipe, Mexico",104.3'],
  },
  {
    asked: 'which networks reported more than a thousand',
    sql: 'SELECT net, count(*) FROM quakes GROUP BY net HAVING count(*) > 1000 ORDER BY 2 DESC',
    answer: ['ci,7489', 'us,6987', 'uw,1279'],
  },
  {
    asked: 'how many have no number of stations',
    sql: 'SELECT count(*) - count(nst) FROM quakes',
    answer: ['4066'],
  },
];

for (const { asked, sql, postgres = sql, answer } of questions) {
  test(`the line dialect knows ${asked}`, { skip }, async () => {
    using client = await TestClient.connect(server?.addresses.line as NonNullable<Server['address']>);
    client.finish(`.mode csv\n${sql};\n`);
    const [, ...rows] = (await client.readText()).trimEnd().split('\n');
    assert.deepEqual(rows, answer);
  });

  test(`a client of PostgreSQL gets ${asked}`, { skip }, async () => {
    const { port } = server?.addresses.postgres ?? {};
    const client = new pg.Client({
      host: '127.0.0.1',
      user: 'ana',
      database: 'quakes',
      ...(port && { port }),
    });
    await client.connect();
    try {
      const { rows } = await client.query<unknown[]>({ text: postgres, rowMode: 'array' });
      const written = rows.map((row) =>
        row.map((value) => (/,/.test(String(value)) ? `"${value}"` : value)).join(','),
      );
      assert.deepEqual(written, answer);
    } finally {
      await client.end();
    }
  });
}

test('nothing of it can be changed, through neither dialect', { skip }, async () => {
  using client = await TestClient.connect(server?.addresses.line as NonNullable<Server['address']>);
  client.finish('delete from quakes;\n');
  assert.equal(await client.readText(), 'error: the database is read-only\n');
  const { port } = server?.addresses.postgres ?? {};
  const other = new pg.Client({ host: '127.0.0.1', user: 'ana', database: 'quakes', ...(port && { port }) });
  await other.connect();
  await assert.rejects(other.query('DELETE FROM quakes'), { code: '25006' });
  await other.end();
});
