import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import dnsPacket from 'dns-packet';
import { lengthPrefixed } from 'zocalo';
import { NO_UPSTREAM, ServedNames } from './support/serving.ts';

const HOSTS = Array.from({ length: 30 }, (_, i) => `192.0.2.${i} host${i}.lan`).join('\n');
/** The demonstration of docs/names.md, three at a time, but for the times: no client is to be disconnected because the machine is slow. */
const threeAtATime = {
  maxClients: 3,
  maxWaiting: 128,
  maxWaitingPerAddress: 4,
  waitTimeoutMs: 600_000,
  idleTimeoutMs: 600_000,
};
const QUOTA = 5;
const framing = lengthPrefixed();

function question(client: number, number: number): Buffer {
  const name = `host${client}.lan`;
  return framing.encode(dnsPacket.encode({ type: 'query', id: number, questions: [{ type: 'A', name }] }));
}

test('3 are in and 20 wait, of both dialects, and every quota is spent: all are served in the order in which they came', async () => {
  await using names = await ServedNames.start(HOSTS, NO_UPSTREAM, {
    ...threeAtATime,
    endpoints: { line: { quota: QUOTA }, dns: { quota: QUOTA } },
  });
  const { server } = names;
  const events = new EventLog(server);
  const clients: { dialect: 'line' | 'dns'; client: TestClient }[] = [];
  for (let i = 0; i < 23; i++) {
    const dialect = i % 2 === 0 ? 'line' : 'dns';
    const client = await TestClient.connect(names[dialect], { from: `127.0.1.${i + 1}` });
    await events.until('accepted', i + 1);
    clients.push({ dialect, client });
  }
  await events.until('waiting', 20);
  assert.deepEqual([server.activeClients, server.waitingClients], [3, 20]);
  const asked = new Set<number>();

  const answers = await Promise.all(
    clients.map(async ({ dialect, client }, i) => {
      if (dialect === 'line') {
        await client.readUntil(`READY quota=${QUOTA}\n`);
        for (let n = 0; n < QUOTA; n++) {
          client.send(`A host${i}.lan\n`);
          assert.equal(await client.readUntil('\n\n'), `OK host${i}.lan A 60 192.0.2.${i}\n\n`);
        }
        asked.add(i);
        return client.readText();
      }
      // It gets nothing while it waits, and asks more than its quota at once.
      if (i >= 3) assert.equal(client.available, 0);
      client.send(Buffer.concat(Array.from({ length: QUOTA + 2 }, (_, n) => question(i, n))));
      const bytes = await client.readAll();
      const ids: number[] = [];
      for (let at = 0; at < bytes.length; at += 2 + bytes.readUInt16BE(at)) {
        const { id, answers: [record] = [] } = dnsPacket.decode(
          bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at)),
        );
        assert.ok(record?.type === 'A' && record.data === `192.0.2.${i}`);
        ids.push(id ?? -1);
      }
      asked.add(i);
      return ids.join(' ');
    }),
  );

  assert.equal(asked.size, 23);
  for (const [i, answer] of answers.entries())
    assert.equal(answer, clients[i]?.dialect === 'line' ? 'BYE quota\n' : '0 1 2 3 4');
  await events.until('closed', 23);
  const entered = events.of('opened').map(({ client }) => client.id);
  assert.deepEqual(
    entered,
    Array.from({ length: 23 }, (_, i) => i + 1),
  );
  let inside = 0;
  for (const { type } of events.all) {
    if (type === 'opened') inside++;
    if (type === 'closed') inside--;
    assert.ok(inside <= 3, 'a client was served early');
  }
  assert.ok(events.of('closed').every(({ reason, messages }) => reason === 'quota' && messages === QUOTA));
  const { reordered, heldBack, closed, waitP50Ms, waitP99Ms } = server.stats();
  assert.deepEqual([reordered, heldBack, closed.quota], [0, 0, 23]);
  assert.ok(waitP50Ms > 0 && waitP99Ms >= waitP50Ms);
  for (const { client } of clients) client[Symbol.dispose]();
});

test('a client of the line dialect gets its place as it moves up; beyond the line it is BUSY', async () => {
  await using names = await ServedNames.start(HOSTS, NO_UPSTREAM, {
    ...threeAtATime,
    maxClients: 1,
    maxWaiting: 2,
  });
  const connect = (last: number) => TestClient.connect(names.line, { from: `127.0.2.${last}` });
  using first = await connect(1);
  assert.equal(await first.readLine(), 'READY');
  using second = await connect(2);
  assert.equal(await second.readLine(), 'WAIT 1');
  using third = await connect(3);
  assert.equal(await third.readLine(), 'WAIT 2');
  using fourth = await connect(4);
  assert.equal(await fourth.readText(), 'BUSY\n');
  first.send('QUIT\n');
  assert.equal(await first.readText(), 'BYE quit\n');
  assert.equal(await second.readLine(), 'READY');
  assert.equal(await third.readLine(), 'WAIT 1');
});

test('of one address four wait and no more, and others find room in the line', async () => {
  await using names = await ServedNames.start(HOSTS, NO_UPSTREAM, { ...threeAtATime, maxWaiting: 9 });
  const events = new EventLog(names.server);
  const greedy: TestClient[] = [];
  for (let i = 0; i < 7; i++) {
    greedy.push(await TestClient.connect(names.line, { from: '127.0.3.1' }));
    await events.until('accepted', i + 1);
  }
  using beyond = await TestClient.connect(names.line, { from: '127.0.3.1' });
  assert.equal(await beyond.readText(), 'BUSY\n');
  using modest = await TestClient.connect(names.dns, { from: '127.0.3.2' });
  await events.until('waiting', 5);
  for (const client of greedy) client[Symbol.dispose]();
  modest.send(question(1, 1));
  assert.ok((await modest.readBytes(2)).readUInt16BE() > 12);
  assert.equal(names.server.stats().reordered, 0);
});

test('an idle client is disconnected sooner while another waits, and a client of DNS waits less long', async () => {
  await using names = await ServedNames.start(HOSTS, NO_UPSTREAM, {
    ...threeAtATime,
    maxClients: 1,
    idleTimeoutWhenFullMs: 1_500,
    endpoints: { line: {}, dns: { waitTimeoutMs: 100 } },
  });
  using silent = await TestClient.connect(names.line, { from: '127.0.4.1' });
  assert.equal(await silent.readLine(), 'READY');
  using hurried = await TestClient.connect(names.dns, { from: '127.0.4.2' });
  assert.equal((await hurried.readAll()).length, 0);
  using waiting = await TestClient.connect(names.line, { from: '127.0.4.3' });
  assert.equal(await waiting.readLine(), 'WAIT 1');
  assert.equal(await silent.readText(), 'BYE idle\n');
  assert.equal(await waiting.readLine(), 'READY');
  await eventually('both are counted', () => {
    const { refused, closed } = names.server.stats();
    return refused['wait-timeout'] === 1 && closed.idle === 1;
  });
});

test('an answer that is on its way when the quota is spent is not lost, also when the client goes on sending', async () => {
  await using names = await ServedNames.start(HOSTS, NO_UPSTREAM, {
    ...threeAtATime,
    endpoints: { line: { quota: 2 }, dns: {} },
  });
  using client = await TestClient.connect(names.line);
  client.send('A host1.lan\n'.repeat(5_000));
  assert.equal(
    await client.readText(),
    `READY quota=2\n${'OK host1.lan A 60 192.0.2.1\n\n'.repeat(2)}BYE quota\n`,
  );
});
