import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ServeOptions, serve } from '../../src/index.ts';
import { closeReasons } from '../../src/protocol/close-reason.ts';
import { refusalCauses } from '../../src/protocol/refusal-cause.ts';
import echo from '../../src/services/echo/echo.ts';
import { goodbyes, lineWords } from '../../src/services/line-words.ts';
import { services } from '../../src/services/registry.ts';
import { loadProtocol } from '../../src/workers/protocol-module.ts';
import { TestClient } from '../support/test-client.ts';

async function visited(
  options: ServeOptions,
  talk: (client: TestClient, next: () => Promise<TestClient>) => Promise<void>,
): Promise<void> {
  await using server = await serve(echo(), options);
  using client = await TestClient.connect(server.address);
  await talk(client, () => TestClient.connect(server.address));
}

test('a client in line is told its place, and again when the line moves', () =>
  visited({ maxClients: 1 }, async (client, next) => {
    assert.equal(await client.ask('in'), 'in');
    const second = await next();
    assert.equal(await second.readLine(), 'waiting: place 1 in line');
    const third = await next();
    assert.equal(await third.readLine(), 'waiting: place 2 in line');
    client.finish();
    assert.equal(await second.ask('mine'), 'mine');
    assert.equal(await third.readLine(), 'waiting: place 1 in line');
    second.finish();
    assert.equal(await third.ask('mine'), 'mine');
    third.finish();
    await third.readAll();
  }));

test('when house and line are full, the next is refused in words', () =>
  visited({ maxClients: 1, maxWaiting: 0 }, async (client, next) => {
    assert.equal(await client.ask('in'), 'in');
    assert.equal(await (await next()).readText(), 'refused: the server is full, try again later\n');
  }));

test('who waits in vain is told so', () =>
  visited({ maxClients: 1, waitTimeout: 50 }, async (client, next) => {
    assert.equal(await client.ask('in'), 'in');
    const words = await (await next()).readText();
    assert.match(words, /^waiting: place 1 in line\nrefused: no place came free in time, try again later\n$/);
  }));

test('an idle client is told why it has to go', () =>
  visited({ idleTimeout: 50 }, async (client) => {
    assert.equal(await client.readText(), 'closing: no line came for too long\n');
  }));

test('a line that is begun and not finished ends with words', () =>
  visited({ frameTimeout: 50 }, async (client) => {
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
    ...refusalCauses.map(lineWords.refuse),
    ...closeReasons.map(lineWords.farewell),
    lineWords.wait(7),
    lineWords.error(new Error('secret')),
  ];
  for (const words of said) if (words !== undefined) assert.match(words, /^[a-z]+: [^\n]+\n$/);
});

test('what a handler threw is not told to the client', () => {
  assert.equal(lineWords.error(new Error('secret')), 'error: the server could not answer\n');
});

test('the words that end a conversation are salir and EXIT', () =>
  assert.deepEqual(goodbyes, ['salir', 'EXIT']));

test('every service has a name of its own, a port of its own, and a protocol of its name', async () => {
  assert.equal(new Set(services.map(({ name }) => name)).size, services.length);
  assert.equal(new Set(services.map(({ port }) => port)).size, services.length);
  for (const service of services) {
    assert.equal((await loadProtocol(service.module.href, {})).name, service.name);
  }
});
