import assert from 'node:assert/strict';
import { test } from 'node:test';
import echo from '@zocalo/services/echo';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { closeReasons, refusalCauses, type ServeOptions, serve } from 'zocalo';
import { loadProtocol } from 'zocalo/internal';
import { isExitCommand, lineReplies } from 'zocalo/service';
import { services } from '../src/plugins/built-in.ts';

async function visited(
  options: ServeOptions,
  talk: (client: TestClient, next: () => Promise<TestClient>) => Promise<void>,
): Promise<void> {
  await using server = await serve(echo(), options);
  using client = await TestClient.connect(server.address);
  await talk(client, () => TestClient.connect(server.address));
}

test('a client in line gets its place, again when the line moves, and when it is let in', () =>
  visited({ maxClients: 1 }, async (client, next) => {
    assert.equal(await client.ask('in'), 'in');
    const second = await next();
    assert.equal(await second.readLine(), 'waiting: place 1 in line');
    const third = await next();
    assert.equal(await third.readLine(), 'waiting: place 2 in line');
    client.finish();
    assert.equal(await second.readLine(), 'admitted: it is your turn');
    assert.equal(await second.ask('mine'), 'mine');
    assert.equal(await third.readLine(), 'waiting: place 1 in line');
    second.finish();
    assert.equal(await third.readLine(), 'admitted: it is your turn');
    assert.equal(await third.ask('mine'), 'mine');
    third.finish();
    await third.readAll();
  }));

test('when server and line are full, the next client gets a message and is refused', () =>
  visited({ maxClients: 1, maxWaiting: 0 }, async (client, next) => {
    assert.equal(await client.ask('in'), 'in');
    assert.equal(await (await next()).readText(), 'refused: the server is full, try again later\n');
  }));

test('a client that waits in vain gets a message', () =>
  visited({ maxClients: 1, waitTimeoutMs: 50 }, async (client, next) => {
    assert.equal(await client.ask('in'), 'in');
    const words = await (await next()).readText();
    assert.match(words, /^waiting: place 1 in line\nrefused: no place came free in time, try again later\n$/);
  }));

test('an idle client gets the reason before it is closed', () =>
  visited({ idleTimeoutMs: 50 }, async (client) => {
    assert.equal(await client.readText(), 'closing: no line came for too long\n');
  }));

test('an unfinished line ends with a message', () =>
  visited({ frameTimeoutMs: 50 }, async (client) => {
    client.send('half');
    assert.equal(await client.readText(), 'closing: a line was begun and not finished in time\n');
  }));

test('the last message of a quota is answered, and then it is said that the quota is spent', () =>
  visited({ quota: 2 }, async (client) => {
    client.send('1\n2\n3\n');
    assert.equal(await client.readText(), '1\n2\nclosing: the quota is spent\n');
  }));

test('whatever is said is one line, or nothing', () => {
  const said = [
    ...refusalCauses.map(lineReplies.refuse),
    ...closeReasons.map(lineReplies.farewell),
    lineReplies.wait(7),
    lineReplies.admit(),
    lineReplies.error(new Error('secret')),
  ];
  for (const words of said) if (words !== undefined) assert.match(words, /^[a-z]+: [^\n]+\n$/);
});

test('what a handler threw is not sent to the client', () => {
  assert.equal(lineReplies.error(new Error('secret')), 'error: the server could not answer\n');
});

test('exit, quit and salir end a conversation in any case, alone on their line', () => {
  for (const line of ['exit', 'EXIT', 'Quit', 'quit', 'SALIR', 'salir']) assert.ok(isExitCommand(line), line);
  for (const line of ['', 'salir ', ' exit', 'exits', 'exit quit', 'quit\n', '\u017falir'])
    assert.ok(!isExitCommand(line), line);
});

test('every service has a name of its own, a port of its own, and a protocol of its name', async () => {
  assert.equal(new Set(services.map(({ name }) => name)).size, services.length);
  assert.equal(new Set(services.map(({ port }) => port)).size, services.length);
  for (const service of services) {
    assert.equal((await loadProtocol(service.module.href, {})).name, service.name);
  }
});
