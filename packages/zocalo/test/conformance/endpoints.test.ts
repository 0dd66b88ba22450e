import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { onEveryModel, type Subject, testWith } from '@zocalo/test-support/models.ts';
import type { TwoDialectsOptions } from '@zocalo/test-support/protocols/two-dialects.ts';
import { serveModule } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { lengthPrefixed, type ServeOptions } from '../../src/index.ts';

const endpoints = { line: {}, frames: {} };
const framing = lengthPrefixed();

async function serveDuet(subject: Subject, options: ServeOptions = {}, own: TwoDialectsOptions = {}) {
  const server = await serveModule(subject, 'two-dialects', own, { endpoints, ...options });
  const { line, frames } = server.addresses;
  assert.ok(line !== undefined && frames !== undefined);
  return Object.assign(server, { line, frames });
}

async function askFrame(client: TestClient, words: string): Promise<string> {
  client.send(framing.encode(Buffer.from(words)));
  const length = (await client.readBytes(2)).readUInt16BE();
  return String(await client.readBytes(length));
}

onEveryModel((subject) => {
  const test = testWith(subject, {});
  const testTwoAtOnce = testWith(subject, { clients: 2 });
  const testInLine = testWith(subject, { line: true });
  const { model } = subject.options;

  test('each dialect is spoken at its own endpoint, and each endpoint is reported', async () => {
    await using server = await serveDuet(subject);
    const events = new EventLog(server);
    const told = await events.until('listening', 2);
    const address = (endpoint: 'line' | 'frames') => `127.0.0.1:${server[endpoint].port}`;
    assert.deepEqual(told, [
      { type: 'listening', protocol: 'two-dialects', dialect: 'line', model, address: address('line') },
      { type: 'listening', protocol: 'two-dialects', dialect: 'frames', model, address: address('frames') },
    ]);
    const [notice] = await events.until('notice');
    assert.equal(notice?.message, 'the endpoints are open');
    assert.deepEqual(server.address, server.line);
    const { heard } = server.stats().service ?? {};
    assert.deepEqual(heard, [`line ${server.line.port}`, `frames ${server.frames.port}`]);

    const line = await TestClient.connect(server.line);
    assert.equal(await line.readLine(), 'in by line');
    assert.equal(await line.ask('hi'), 'hi 1 1 0');
    line.finish();
    await line.readAll();
    await events.until('closed');
    using frames = await TestClient.connect(server.frames);
    assert.match(await askFrame(frames, 'ho'), /^ho \d$/);
    frames.finish();
    await frames.readAll();
    const closed = await events.until('closed', 2);
    assert.deepEqual(
      closed.map(({ client, reason }) => [client.dialect, reason]),
      [
        ['line', 'client'],
        ['frames', 'client'],
      ],
    );
    assert.ok(
      events.all.every((event) => !('client' in event) || event.client?.dialect !== undefined),
      'every event of a client says what it speaks',
    );
  });

  testTwoAtOnce('a quota of its own is that of an endpoint', async () => {
    await using server = await serveDuet(subject, {
      quota: 3,
      endpoints: { line: { quota: 2 }, frames: {} },
    });
    using line = await TestClient.connect(server.line);
    using frames = await TestClient.connect(server.frames);
    line.send('a\nb\nc\nd\n');
    assert.match(await line.readText(), /^in by line\na .*\nb .*\nbye quota\n$/);
    for (const words of ['a', 'b', 'c']) await askFrame(frames, words);
    assert.equal((await frames.readAll()).length, 0);
  });

  testInLine('all endpoints share one limit and one line, in the order in which clients came', async () => {
    await using server = await serveDuet(subject, { maxClients: 1, maxWaiting: 3 });
    const events = new EventLog(server);
    using inside = await TestClient.connect(server.frames);
    await askFrame(inside, 'in');
    using second = await TestClient.connect(server.line);
    assert.equal(await second.readLine(), 'place 1');
    using third = await TestClient.connect(server.frames);
    await events.until('waiting', 2);
    using fourth = await TestClient.connect(server.line);
    assert.equal(await fourth.readLine(), 'place 3');
    using fifth = await TestClient.connect(server.line);
    assert.equal(await fifth.readText(), 'refused full\n');
    inside.finish();
    assert.equal(await second.readLine(), 'in by line');
    assert.match(await second.ask('who'), /^who \d 1 2$/);
    second.finish();
    assert.match(await askFrame(third, 'me'), /^me \d$/);
    third.finish();
    assert.match(await fourth.readUntil('in by line\n'), /^(place [12]\n)*in by line\n$/);
    const entered = events.of('opened').map(({ client }) => client.id);
    assert.deepEqual(entered, [1, 2, 3, 4]);
    assert.equal(server.stats().reordered, 0);
  });

  testInLine('the wait timeout of one endpoint may be shorter than that of another', async () => {
    await using server = await serveDuet(subject, {
      maxClients: 1,
      waitTimeoutMs: 60_000,
      endpoints: { line: {}, frames: { waitTimeoutMs: 50 } },
    });
    const events = new EventLog(server);
    using _inside = await TestClient.connect(server.frames);
    await events.until('opened');
    using patient = await TestClient.connect(server.line);
    assert.equal(await patient.readLine(), 'place 1');
    using hurried = await TestClient.connect(server.frames);
    assert.equal((await hurried.readAll()).length, 0);
    const [refused] = await events.until('refused');
    assert.deepEqual([refused?.cause, refused?.client.dialect], ['wait-timeout', 'frames']);
    assert.equal(server.stats().waiting, 1);
  });

  testInLine('a silent client is closed sooner while others wait', async () => {
    await using server = await serveDuet(subject, { maxClients: 1, idleTimeoutWhenFullMs: 50 });
    const events = new EventLog(server);
    using silent = await TestClient.connect(server.line);
    await events.until('opened');
    using next = await TestClient.connect(server.line);
    assert.equal(await next.readLine(), 'place 1');
    assert.equal(await silent.readText(), 'in by line\nbye idle\n');
    assert.equal(await next.readLine(), 'in by line');
  });

  test('when a server has stopped, every copy of its service is stopped', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'zocalo-endpoints-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const journal = join(folder, 'journal');
    const server = await serveDuet(subject, {}, { journal });
    const events = new EventLog(server);
    using client = await TestClient.connect(server.line);
    assert.equal(await client.readLine(), 'in by line');
    client.finish();
    await client.readAll();
    await events.until('closed');
    await server.drain();
    const { workers } = subject.traits;
    const copies =
      workers === undefined ? 1 : 1 + (subject.traits.spawnsPerClient ? 1 : (subject.options.workers ?? 0));
    assert.equal(readFileSync(journal, 'utf8'), 'stopped\n'.repeat(copies));
  });

  test('a service that fails when it is to listen is not served, and is stopped', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'zocalo-endpoints-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const journal = join(folder, 'journal');
    await assert.rejects(serveDuet(subject, {}, { journal, fails: 'no other socket' }), /no other socket/);
    await eventually('it has stopped', () => readFileSync(journal, 'utf8') === 'stopped\n');
  });
});
