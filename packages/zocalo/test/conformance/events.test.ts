import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testInLine = testWith(subject, { line: true });

  test('a server says where it listens', async () => {
    await using server = await serveCommands(subject);
    const [listening] = await new EventLog(server).until('listening');
    assert.deepEqual(listening, {
      type: 'listening',
      protocol: 'commands',
      model: subject.options.model,
      address: `127.0.0.1:${server.address.port}`,
    });
  });

  test('the events of a client are in order, with its counts', async () => {
    await using server = await serveCommands(subject, {}, { greeting: 'hi\n' });
    const events = new EventLog(server);
    using client = await TestClient.connect(server.address);
    assert.equal(await client.readLine(), 'hi');
    assert.equal(await client.ask('echo one'), 'one');
    assert.equal(await client.ask('later 20 two'), 'two');
    client.finish('bye\n');
    assert.equal(await client.readText(), 'bye\n');
    const [closed] = await events.until('closed');
    assert.deepEqual(events.typesFor(1), ['accepted', 'opened', 'message', 'message', 'message', 'closed']);
    assert.ok(closed !== undefined && closed.durationMs >= 15);
    const { remotePort, ...ref } = closed.client;
    assert.deepEqual(ref, { id: 1, remoteAddress: '127.0.0.1' });
    assert.ok(remotePort > 0);
    assert.deepEqual(
      { ...closed, client: undefined, durationMs: 0 },
      {
        type: 'closed',
        client: undefined,
        reason: 'protocol',
        messages: 3,
        bytesIn: 'echo one\nlater 20 two\nbye\n'.length,
        bytesOut: 'hi\none\ntwo\nbye\n'.length,
        durationMs: 0,
      },
    );
  });

  testInLine('the events of waiting clients are in order, with how long each waited', async () => {
    await using server = await serveCommands(subject, { maxClients: 1, maxWaiting: 2 });
    const events = new EventLog(server);
    using inside = await TestClient.connect(server.address);
    using next = await TestClient.connect(server.address);
    assert.equal(await next.readLine(), 'place 1');
    using leaves = await TestClient.connect(server.address);
    assert.equal(await leaves.readLine(), 'place 2');
    using refused = await TestClient.connect(server.address);
    assert.equal(await refused.readText(), 'refused full\n');
    leaves.finish();
    await events.until('refused', 2);
    inside.finish('later 50 done\n');
    assert.equal(await next.ask('echo in'), 'in');
    next.finish();
    await events.until('closed', 2);
    assert.deepEqual(events.typesFor(2), ['accepted', 'waiting', 'opened', 'message', 'closed']);
    assert.deepEqual(events.typesFor(3), ['accepted', 'waiting', 'refused']);
    assert.deepEqual(events.typesFor(4), ['accepted', 'refused']);
    const [first, second] = events.of('opened').map(({ waitedMs }) => waitedMs);
    assert.ok(second !== undefined && second >= 45);
    // Where each client has a worker of its own, that was started for it.
    if (!subject.traits.spawnsPerClient) assert.ok(first !== undefined && first < second, `${first} ms`);
    // The client that leaves makes room for the next to enter: reported in this order.
    const order = events.all.map((event) =>
      'client' in event ? `${event.type} ${event.client?.id}` : event.type,
    );
    assert.ok(order.indexOf('closed 1') < order.indexOf('opened 2'));
  });

  test('a failed handler is reported with its client and its cause, before the end', async () => {
    await using server = await serveCommands(subject);
    const events = new EventLog(server);
    using client = await TestClient.connect(server.address);
    client.send('reject\n');
    assert.equal(await client.readText(), 'error rejected\n');
    await events.until('closed');
    assert.deepEqual(events.typesFor(1), ['accepted', 'opened', 'message', 'error', 'closed']);
    assert.match(String(events.of('error')[0]?.error), /rejected/);
    assert.equal(events.of('closed')[0]?.reason, 'error');
  });

  test('a subscriber that throws disturbs no other, and one that unsubscribes hears no more', async () => {
    await using server = await serveCommands(subject);
    const warned = once(process, 'warning');
    server.events.on('opened', () => {
      throw new Error('a bad subscriber');
    });
    const heard: number[] = [];
    const unsubscribe = server.events.on('opened', ({ client }) => heard.push(client.id));
    using first = await TestClient.connect(server.address);
    assert.equal(await first.ask('echo in'), 'in');
    assert.match(String((await warned)[0]), /a bad subscriber/);
    unsubscribe();
    first.finish();
    await first.readAll();
    using second = await TestClient.connect(server.address);
    assert.equal(await second.ask('echo in'), 'in');
    assert.deepEqual(heard, [1]);
  });
});
