import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { ENDLESS, numbers } from '../support.ts';
import { columnsOf } from '../wire/backend-messages.ts';
import { frontend } from '../wire/frontend-bytes.ts';
import { fieldsOf, RawClient } from './raw-client.ts';
import { serveSql } from './serving.ts';

const reported = [
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'application_name',
  'client_encoding',
  'default_transaction_read_only',
  'in_hot_standby',
  'integer_datetimes',
  'is_superuser',
  'server_encoding',
  'server_version',
  'session_authorization',
  'standard_conforming_strings',
];

test('a client that connects gets the 13 settings of PostgreSQL 15, its key, and ReadyForQuery', async (context) => {
  const { port } = await serveSql(context);
  await using client = await RawClient.open(port);
  client.send(
    frontend.startup({
      user: 'ana',
      database: 'd',
      application_name: 'test',
      options: '-c TimeZone=Europe/Madrid',
    }),
  );
  const messages = await client.until('Z');
  assert.equal(messages.map(({ type }) => type).join(''), `R${'S'.repeat(13)}KZ`);
  const settings = messages
    .filter(({ type }) => type === 'S')
    .map(({ body }) => body.toString().split('\0').slice(0, 2) as [string, string]);
  assert.deepEqual(settings.map(([name]) => name).sort(), reported);
  const values = Object.fromEntries(settings);
  assert.equal(values.application_name, 'test');
  assert.equal(values.TimeZone, 'Europe/Madrid');
  assert.equal(values.session_authorization, 'ana');
});

test('encryption is refused with N, and the conversation goes on', async (context) => {
  const { port } = await serveSql(context);
  const { connect } = await import('node:net');
  const socket = connect({ host: '127.0.0.1', port });
  context.after(() => socket.destroy());
  let bytes = Buffer.alloc(0);
  socket.on('data', (more: Buffer) => {
    bytes = Buffer.concat([bytes, more]);
  });
  socket.write(frontend.sslRequest());
  await eventually('an N comes', () => bytes.toString() === 'N');
  socket.write(frontend.gssencRequest());
  await eventually('another N comes', () => bytes.toString() === 'NN');
  socket.write(frontend.startup());
  await eventually('the client is in', () => bytes.at(-6) === 0x5a);
});

test('a client with another version, or without a user, gets an error and is disconnected', async (context) => {
  const { port } = await serveSql(context);
  await using old = await RawClient.open(port);
  old.send(frontend.startup({ user: 'ana' }, 131_072));
  assert.equal(fieldsOf((await old.ended())[0]?.body ?? Buffer.alloc(0)).C, '08P01');
  await using anonymous = await RawClient.open(port);
  anonymous.send(frontend.startup({ database: 'd' }));
  assert.equal(fieldsOf((await anonymous.ended())[0]?.body ?? Buffer.alloc(0)).C, '28000');
});

test('a client too many is refused with 53300', async (context) => {
  const { port } = await serveSql(context, '', {}, { maxClients: 1, maxWaiting: 0 });
  await using first = await RawClient.connect(port);
  await using second = await RawClient.open(port);
  const [refusal] = await second.ended();
  assert.deepEqual([refusal?.type, fieldsOf(refusal?.body ?? Buffer.alloc(0)).C], ['E', '53300']);
  await first.query('SELECT 1');
});

test('CancelRequest stops one statement of one client, and only with its key', async (context) => {
  const { port } = await serveSql(context, numbers(3));
  await using client = await RawClient.connect(port);
  await using other = await RawClient.connect(port);
  client.send(frontend.query(ENDLESS));
  // The wrong key does nothing; the answer to the right one comes all the same.
  for (const key of [client.secretKey ^ 1, client.secretKey]) {
    await using canceller = await RawClient.open(port);
    canceller.send(frontend.cancelRequest(client.processId, key));
    assert.deepEqual(await canceller.ended(), []);
    if (key !== client.secretKey) assert.equal((await other.query('SELECT count(*) FROM t')).length, 4);
  }
  const [error, ready] = await client.until('Z');
  assert.equal(fieldsOf(error?.body ?? Buffer.alloc(0)).C, '57014');
  assert.equal(ready?.type, 'Z');
  assert.equal((await client.query('SELECT 1')).length, 4);
});

test('statement_timeout ends a statement with 57014, and the transaction has failed', async (context) => {
  const { port } = await serveSql(context);
  await using client = await RawClient.connect(port);
  await client.query("BEGIN; SET LOCAL statement_timeout = '50ms'");
  const messages = await client.query(ENDLESS);
  assert.equal(fieldsOf(messages[0]?.body ?? Buffer.alloc(0)).C, '57014');
  assert.equal(messages.at(-1)?.body.toString(), 'E');
  assert.equal((await client.query('ROLLBACK')).at(-1)?.body.toString(), 'I');
  assert.equal((await client.query('SHOW statement_timeout'))[1]?.body.toString().slice(6), '0');
});

test('after an error everything up to Sync is passed over', async (context) => {
  const { port } = await serveSql(context);
  await using client = await RawClient.connect(port);
  client.send(
    frontend.parse('', 'SELEC'),
    frontend.bind('', ''),
    frontend.execute(),
    frontend.parse('a', 'SELECT 1'),
    frontend.sync(),
    frontend.bind('', 'a'),
    frontend.sync(),
  );
  assert.equal((await client.until('Z')).map(({ type }) => type).join(''), 'EZ');
  const [error] = await client.until('Z');
  assert.equal(fieldsOf(error?.body ?? Buffer.alloc(0)).C, '26000');
});

test('a portal gives so many rows as it is asked for, again and again, and Flush brings what has come', async (context) => {
  const { port } = await serveSql(context, numbers(5_000));
  await using client = await RawClient.connect(port);
  client.send(
    frontend.query('BEGIN'),
    frontend.parse('', 'SELECT id FROM t WHERE id > $1 ORDER BY id + 0'),
    frontend.bind('p', '', ['10']),
    frontend.execute('p', 2),
    frontend.flush(),
  );
  await client.until('Z');
  assert.equal((await client.until('s')).map(({ type }) => type).join(''), '12DDs');
  client.send(frontend.execute('p', 1), frontend.flush());
  const [row] = await client.until('s');
  assert.equal(columnsOf(row?.body ?? Buffer.alloc(0))[0]?.toString(), '13');
  client.send(frontend.execute('p', 0), frontend.sync());
  const rest = await client.until('Z');
  assert.equal(rest.filter(({ type }) => type === 'D').length, 4_987);
  client.send(frontend.query('COMMIT'));
  await client.until('Z');
  client.send(frontend.execute('p', 0), frontend.sync());
  const [gone] = await client.until('Z');
  assert.equal(fieldsOf(gone?.body ?? Buffer.alloc(0)).C, '34000');
});

test('what comes between two Syncs is one transaction', async (context) => {
  const { port } = await serveSql(context, 'CREATE TABLE n (a INTEGER PRIMARY KEY)');
  await using client = await RawClient.connect(port);
  const insert = (value: string) => [
    frontend.parse('', 'INSERT INTO n VALUES ($1)'),
    frontend.bind('', '', [value]),
    frontend.execute(),
  ];
  client.send(...insert('1'), ...insert('2'), ...insert('1'), ...insert('3'), frontend.sync());
  const messages = await client.until('Z');
  assert.equal(messages.at(-1)?.body.toString(), 'I');
  const count = await client.query('SELECT count(*) FROM n');
  assert.equal(columnsOf(count[1]?.body ?? Buffer.alloc(0))[0]?.toString(), '0');
});

test('types stay as they were described, whatever the rows are', async (context) => {
  const { port } = await serveSql(context, 'CREATE TABLE loose (a); INSERT INTO loose VALUES (1)');
  await using client = await RawClient.connect(port);
  client.send(frontend.parse('s', 'SELECT a FROM loose'), frontend.describe('S', 's'), frontend.sync());
  await client.until('Z');
  await client.query('UPDATE loose SET a = 70000');
  for (let time = 0; time < 8; time++) {
    client.send(frontend.bind('', 's', [], { results: [1] }), frontend.execute(), frontend.sync());
    const messages = await client.until('Z');
    assert.deepEqual(columnsOf(messages[1]?.body ?? Buffer.alloc(0)), [Buffer.from([0, 1, 0x11, 0x70])]);
  }
});

test('with a password file only its user enters, with the right password', async (context) => {
  const { port, file } = await serveSql(context);
  void port;
  const passwords = `${file}.password`;
  writeFileSync(passwords, 'secreto\n');
  const guarded = await serveSql(context, '', { user: 'ana', 'password-file': passwords });
  const { default: pg } = await import('pg');
  const enter = async (user: string, password: string) => {
    const client = new pg.Client({ host: '127.0.0.1', port: guarded.port, user, password, database: 'd' });
    await client.connect();
    const { rows } = await client.query('SELECT 1 AS one');
    await client.end();
    return rows;
  };
  assert.deepEqual(await enter('ana', 'secreto'), [{ one: 1 }]);
  await assert.rejects(enter('ana', 'otra'), { code: '28P01' });
  await assert.rejects(enter('luis', 'secreto'), { code: '28P01' });
});

test('COPY takes rows in while they come, and all of them or none', async (context) => {
  const { port } = await serveSql(context, 'CREATE TABLE c (id INTEGER PRIMARY KEY, name TEXT)');
  await using client = await RawClient.connect(port);
  const count = async () =>
    columnsOf((await client.query('SELECT count(*) FROM c'))[1]?.body ?? Buffer.alloc(0))[0]?.toString();
  await client.query('COPY c FROM STDIN');
  const lines = Array.from({ length: 3_000 }, (_, i) => `${i}\tname ${i}\n`).join('');
  for (let at = 0; at < lines.length; at += 1_000)
    client.send(frontend.copyData(lines.slice(at, at + 1_000)));
  client.send(frontend.copyDone());
  const done = await client.until('Z');
  assert.equal(done[0]?.body.toString(), 'COPY 3000\0');
  assert.equal(await count(), '3000');
  await client.query('COPY c FROM STDIN (FORMAT csv)');
  client.send(frontend.copyData('5000,a\n5001,b\n1,twice\n'), frontend.copyDone());
  assert.equal((await client.until('Z'))[0]?.type, 'E');
  assert.equal(await count(), '3000');
  await client.query('COPY c FROM STDIN');
  client.send(frontend.copyData('6000\ta\n'), frontend.copyFail('enough'));
  assert.equal(fieldsOf((await client.until('Z'))[0]?.body ?? Buffer.alloc(0)).C, '57014');
  assert.equal(await count(), '3000');
  await client.query('SELECT 1; COPY c FROM STDIN; SELECT 2');
  client.send(frontend.copyData('7000\ta\n'), frontend.copyDone());
  assert.equal((await client.until('Z')).map(({ type }) => type).join(''), 'CTDCZ');
  assert.equal(await count(), '3001');
});

test('Terminate ends the conversation without another word', async (context) => {
  const { port } = await serveSql(context);
  await using client = await RawClient.connect(port);
  client.send(frontend.terminate());
  assert.deepEqual(await client.ended(), []);
});

test('a CancelRequest that comes to another worker is passed on', async (context) => {
  const { port } = await serveSql(
    context,
    numbers(3),
    {},
    { workers: 2, isolation: 'process', balance: 'round-robin' },
  );
  // In turn: the second connection is with the other worker.
  await using client = await RawClient.connect(port);
  client.send(frontend.query(ENDLESS));
  await using canceller = await RawClient.open(port);
  canceller.send(frontend.cancelRequest(client.processId, client.secretKey));
  assert.deepEqual(await canceller.ended(), []);
  const [error] = await client.until('Z');
  assert.equal(fieldsOf(error?.body ?? Buffer.alloc(0)).C, '57014');
});

test('a client that stays idle in a transaction is disconnected with 25P03, and others can write', async (context) => {
  const { port } = await serveSql(context, numbers(3));
  await using idle = await RawClient.connect(port);
  await using other = await RawClient.connect(port);
  await idle.query("SET idle_in_transaction_session_timeout = '100ms'");
  await idle.query('BEGIN; DELETE FROM t WHERE id = 1');
  assert.equal((await other.query('DELETE FROM t WHERE id = 2'))[0]?.body.toString(), 'DELETE 1\0');
  const [error] = await idle.ended();
  assert.equal(fieldsOf(error?.body ?? Buffer.alloc(0)).C, '25P03');
  assert.equal(
    columnsOf((await other.query('SELECT count(*) FROM t'))[1]?.body ?? Buffer.alloc(0))[0]?.toString(),
    '2',
  );
});
