import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { run } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { without } from '@zocalo/test-support/programs.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { type Server, serve } from 'zocalo';
import { Engine } from '../../src/engine/engine.ts';
import { sqlLines } from '../../src/lines/sql-lines.ts';

const directory = mkdtempSync(join(tmpdir(), 'zocalo-'));
const file = join(directory, 'quakes.db');
let engine: Engine;
let server: Server;

before(async () => {
  using database = new DatabaseSync(file);
  database.exec(`
    CREATE TABLE quakes (id INTEGER PRIMARY KEY, place TEXT NOT NULL, mag REAL);
    INSERT INTO quakes VALUES (1, 'Northridge', 6.7), (2, 'Hector Mine', 7.1), (3, 'Napa', NULL);
    CREATE VIEW large AS SELECT * FROM quakes WHERE mag > 7;
    CREATE TABLE numbers AS
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i, hex(zeroblob(50)) AS text FROM n;
  `);
  engine = await Engine.open({ file, readWrite: true, statementTimeoutMs: 20_000 });
  server = await serve(sqlLines(() => engine.session()));
});

after(async () => {
  await server.close();
  engine.close();
  rmSync(directory, { recursive: true });
});

/** Everything that is answered to a client that says this and nothing more. */
async function answerTo(said: string): Promise<string> {
  using client = await TestClient.connect(server.address);
  client.finish(said);
  return await client.readText();
}

test('a statement is answered with an aligned table', async () => {
  assert.equal(
    await answerTo('select id, place, mag from quakes order by id;'),
    'id  place         mag\n--  -----------  ----\n 1  Northridge    6.7\n 2  Hector Mine   7.1\n 3  Napa         NULL\n(3 rows)\n',
  );
});

test('the mode is that of each answer from then on', async () => {
  const question = 'select place, mag from quakes where id = 1;\n';
  assert.equal(
    await answerTo(
      `.mode csv\n${question}.mode json\n${question}.mode lines\n${question}.mode\n.mode html\n`,
    ),
    'place,mag\nNorthridge,6.7\n[{"place":"Northridge","mag":6.7}]\nplace = Northridge\n  mag = 6.7\n' +
      'mode: lines\nerror: a mode is one of table, csv, json, lines\n',
  );
});

test('errors are one line, in the mode json as an object, and the conversation goes on', async () => {
  assert.equal(
    await answerTo('select nope\nfrom\nnowhere;\nselec 1;\n.mode json\nselec 1;\nselect 1 as one;'),
    'error: no such table: nowhere\nerror: near "selec": syntax error\n' +
      '{"error":"near \\"selec\\": syntax error"}\n[{"one":1}]\n',
  );
});

test('a statement without its semicolon is not carried out', async () => {
  assert.equal(
    await answerTo('delete from quakes'),
    'error: the last statement has no ; at its end, and was not carried out\n',
  );
  assert.match(await answerTo('.mode csv\nselect count(*) from quakes;'), /^3$/m);
});

test('changes are counted, transactions are taken back, savepoints too', async () => {
  assert.equal(
    await answerTo(`begin;
      insert into quakes (place) values ('a'), ('b');
      savepoint "s p";
      update quakes set mag = 1 where place = 'a';
      rollback to "s p";
      .mode csv
      select count(*), sum(mag) from quakes where place in ('a', 'b');
      rollback;
      select count(*) from quakes;
      rollback;
      .mode json
      delete from quakes where place = 'a';`),
    'ok\n2 rows changed\nok\n1 row changed\nok\ncount(*),sum(mag)\n2,\nok\ncount(*)\n3\n' +
      'error: cannot rollback: no transaction is active\n{"ok":true,"changes":0}\n',
  );
});

test('tables and how they were made are listed', async () => {
  assert.equal(
    await answerTo('.tables\n.schema large\n.schema nothing\n'),
    'large\nnumbers\nquakes\nCREATE VIEW large AS SELECT * FROM quakes WHERE mag > 7;\n' +
      'error: there is no table or view nothing\n',
  );
  assert.match(
    await answerTo('.schema\n'),
    /^CREATE TABLE quakes .*;\nCREATE VIEW large.*;\nCREATE TABLE numbers\(/,
  );
});

test('the time limit is shown, changed, and never longer than the server’s', async () => {
  assert.equal(
    await answerTo('.timeout\n.timeout 50ms\n.timeout\n.timeout 1h\n.timeout 5\n'),
    'timeout: 20s\ntimeout: 50ms\nerror: the timeout is 20s at most\n' +
      'error: a timeout is a duration such as 500ms, 30s or 5m, or none\n',
  );
});

test('a statement that takes longer than its limit is stopped, and the next one is answered', async () => {
  const endless = 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n;';
  assert.equal(
    await answerTo(`.timeout 50ms\n${endless}\n.mode csv\nselect place from quakes where id = 3;`),
    'error: canceling statement due to statement timeout\nplace\nNapa\n',
  );
});

test('unknown commands and help', async () => {
  assert.equal(await answerTo('.foo\n'), 'error: there is no command .foo; .help lists them\n');
  assert.equal(await answerTo('.schema a b\n'), 'error: .schema takes one word at most\n');
  assert.match(await answerTo('.help\n'), /^\.mode \[table\|csv\|json\|lines\]/m);
});

for (const goodbye of ['.quit', 'salir', 'EXIT']) {
  test(`${goodbye} says goodbye and ends the connection`, async () => {
    using client = await TestClient.connect(server.address);
    client.send(`${goodbye}\nselect 1;\n`);
    assert.equal(await client.readText(), 'goodbye\n');
  });
}

test('a statement that is too long is refused with a message', async () => {
  using client = await TestClient.connect(server.address);
  client.send(`select '${'x'.repeat(1_000_100)}`);
  assert.equal(await client.readText(), 'error: a statement is longer than 1000000 bytes\n');
});

test('rows come as they are read: a client that does not read holds back its own answer alone', async () => {
  using slow = await TestClient.connect(server.address, { reading: false });
  slow.send('.mode csv\nselect * from numbers, (select 1 union select 2);\n');
  const bytesOut = () => server.stats().bytesOut;
  await eventually('the answer has begun', () => bytesOut() > 100_000);
  assert.equal(await answerTo('.mode csv\nselect id from quakes where id = 2;'), 'id\n2\n');
  // 400,000 rows of more than 100 bytes are not what the kernel holds for one client.
  assert.ok(bytesOut() < 30_000_000, `${bytesOut()} bytes were sent`);
  slow.read();
  slow.finish();
  const lines = (await slow.readText()).trimEnd().split('\n');
  assert.equal(lines.length, 400_001);
});

test('a client that leaves in the middle of an answer leaves nothing behind', async () => {
  for (let i = 0; i < 5; i++) {
    const client = await TestClient.connect(server.address, { reading: false });
    client.send("begin; insert into quakes (place) values ('gone'); select * from numbers;\n");
    await eventually('the answer has begun', () => server.activeClients === 1 && server.stats().bytesOut > 0);
    client.reset();
    await eventually('no client is connected', () => server.activeClients === 0);
  }
  assert.match(await answerTo(".mode csv\nselect count(*) from quakes where place = 'gone';"), /^0$/m);
  // A client that has left no longer has the write lock either.
  assert.equal(await answerTo('update quakes set mag = mag where id = 1;'), '1 row changed\n');
});

test('nc has its questions answered', { skip: without('nc') }, async () => {
  const { host, port } = server.address;
  const nc = spawn('nc', ['-N', host, String(port)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(nc, 'close');
  nc.stdin.end('.mode csv\nselect place\n  from large;\n');
  let text = '';
  nc.stdout.on('data', (bytes: Buffer) => {
    text += bytes;
  });
  await ended;
  assert.equal(text, 'place\nHector Mine\n');
});

test('zocalo connect is a client of it as well', async (t) => {
  const { host, port } = server.address;
  const input = '.mode lines\nselect place,\n  mag from quakes where id = 2;\n';
  const { stdout, status } = await run(t, ['connect', `${host}:${port}`], { input });
  assert.equal(stdout, 'place = Hector Mine\n  mag = 7.1\n');
  assert.equal(status, 0);
});
