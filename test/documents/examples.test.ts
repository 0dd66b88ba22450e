import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command, directory, served } from '@zocalo/test-support/command.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

test('every example is tested here', () => {
  assert.deepEqual(readdirSync(example('')).sort(), ['chat.ts', 'netstring.ts', 'shout.ts', 'zocalo.toml']);
});

test('shout greets, and answers in capitals', async (t) => {
  const client = await (await served(t, example('shout.ts'))).connect();
  assert.equal(await client.readLine(), 'hello, you are number 1');
  assert.equal(await client.ask('hola'), 'HOLA!');
});

test('netstring answers with digests, however the bytes are split', async (t) => {
  const { connect } = await served(t, example('netstring.ts'));
  const client = await connect();
  const answer = (text: string) => `64:${hash('sha256', text)},`;
  client.send('5:hello,0:,1');
  assert.equal(await client.readUntil(answer('hello')), answer('hello'));
  client.send('2:');
  client.send('with, a: c12,');
  client.finish();
  assert.equal(await client.readText(), answer('') + answer('with, a: c12'));
});

for (const [bytes, complaint] of [
  ['5:hello!', 'no comma at the end'],
  [':,', 'no length in digits'],
  ['01:a,', 'no length in digits'],
  ['hello', 'no length in digits'],
  ['65537:', 'a frame is longer than the limit of 65536 bytes'],
  ['9'.repeat(100), 'a frame is longer than the limit of 65536 bytes'],
] as const) {
  test(`netstring says what is wrong with ${bytes.slice(0, 10)}, and closes`, async (t) => {
    const client = await (await served(t, example('netstring.ts'))).connect();
    client.send(bytes);
    assert.equal(await client.readText(), `${complaint.length + 7}:error: ${complaint},`);
  });
}

test('in chat the clients that have given their names hear each other', async (t) => {
  const { connect } = await served(t, example('chat.ts'));
  const ana = await connect();
  assert.equal(await ana.readLine(), 'what is your name?');
  assert.equal(await ana.ask('Ana'), '* welcome; 1 here now');
  const beto = await connect();
  assert.equal(await beto.readLine(), 'what is your name?');
  assert.equal(await beto.ask(' '), 'what is your name?');
  assert.equal(await beto.ask('Beto'), '* welcome; 2 here now');
  assert.equal(await ana.readLine(), '* Beto is here');
  beto.send('hola\u0007 Ana\n');
  assert.equal(await ana.readLine(), 'Beto: hola Ana');
  beto.finish();
  assert.equal(await ana.readLine(), '* Beto has left');
  assert.equal(await beto.readText(), '');
});

test('in chat clients of different workers hear each other', async (t) => {
  const { connect } = await served(t, example('chat.ts'), ['--workers', '2', '--isolation', 'process']);
  const [ana, beto] = [await connect(), await connect()];
  for (const [client, name] of [
    [ana, 'Ana'],
    [beto, 'Beto'],
  ] as const) {
    assert.equal(await client.readLine(), 'what is your name?');
    assert.equal(await client.ask(name), '* welcome');
  }
  assert.equal(await ana.readLine(), '* Beto is here');
  ana.send('hola\r\n');
  // A message that was sent before Beto joined may reach his worker only then.
  const heard = await beto.readLine();
  assert.equal(heard === '* Ana is here' ? await beto.readLine() : heard, 'Ana: hola');
});

test('in chat a client that waits in line is told its place', async (t) => {
  const flags = ['--max-clients', '1', '--max-waiting', '1'];
  const { connect } = await served(t, example('chat.ts'), flags);
  const first = await connect();
  await first.readLine();
  const second = await connect();
  assert.equal(await second.readLine(), '* the room is full; you are number 1 in line');
  const third = await connect();
  assert.equal(await third.readText(), '* the room is full\n');
  first.finish();
  assert.equal(await second.readLine(), 'what is your name?');
});

test('the example of a file runs its three servers', async (t) => {
  const file = readFileSync(example('zocalo.toml'), 'utf8')
    .replaceAll(/^port = 700\d$/gm, 'port = 0')
    .replace('./shout.ts', example('shout.ts'));
  const command = new Command(t, ['up'], { cwd: directory(t, { 'zocalo.toml': file }) });
  for (const [name, answer] of [
    ['echo', 'hola'],
    ['reverse', 'aloh'],
    ['shout', 'HOLA!'],
  ] as const) {
    const [, port] = await command.printed(new RegExp(`^${name} +127\\.0\\.0\\.1:(\\d+) `, 'm'));
    using client = await TestClient.connect({ host: '127.0.0.1', port: Number(port) });
    client.send('hola\n');
    await client.readUntil(`${answer}\n`);
  }
});
