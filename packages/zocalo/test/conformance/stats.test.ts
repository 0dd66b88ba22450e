import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { hasLine, onEveryModel } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import type { ServerStats } from '../../src/index.ts';

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);

/** The statistics as they follow from the events alone. */
function derive(events: EventLog): Pick<ServerStats, 'active' | 'waiting' | 'accepted' | 'messages'> & {
  refused: Map<string, number>;
  closed: Map<string, number>;
} {
  const refused = Map.groupBy(events.of('refused'), ({ cause }) => cause);
  const closed = Map.groupBy(events.of('closed'), ({ reason }) => reason);
  const waited = events.of('waiting').map(({ client }) => client.id);
  const gone = new Set([...events.of('refused'), ...events.of('opened')].map(({ client }) => client.id));
  return {
    accepted: events.of('accepted').length,
    active: events.of('opened').length - events.of('closed').length,
    waiting: waited.filter((id) => !gone.has(id)).length,
    messages: events.of('message').length,
    refused: new Map([...refused].map(([cause, all]) => [cause, all.length])),
    closed: new Map([...closed].map(([reason, all]) => [reason, all.length])),
  };
}

/**
 * @param reported whether all that is counted has been reported by now: a worker counts messages at once and reports them a moment later, and
 *   a client that has a place is `opened` when a worker takes it
 */
function assertConsistent(stats: ServerStats, events: EventLog, reported: boolean): void {
  const { refused, closed, messages: told, ...numbers } = derive(events);
  const { active, waiting, accepted, messages } = stats;
  assert.equal(accepted, numbers.accepted);
  if (reported) assert.deepEqual([active, waiting, messages], [numbers.active, numbers.waiting, told]);
  else {
    assert.ok(messages >= told, `${told} messages were reported of ${messages}`);
    assert.ok(active >= numbers.active, `${numbers.active} were opened and are not closed, of ${active}`);
    assert.ok(waiting <= numbers.waiting, `${numbers.waiting} were told to wait, and ${waiting} do`);
  }
  for (const [cause, count] of Object.entries(stats.refused))
    assert.equal(count, refused.get(cause) ?? 0, cause);
  for (const [reason, count] of Object.entries(stats.closed))
    assert.equal(count, closed.get(reason) ?? 0, reason);
  assert.equal(accepted, active + waiting + sum(refused.values()) + sum(closed.values()));
}

onEveryModel((subject) => {
  test('statistics agree with the events at every moment, however clients come and go', async () => {
    const capacity = hasLine(subject) ? { maxClients: 4, maxWaiting: 6 } : {};
    await using server = await serveCommands(subject, { ...capacity, quota: 5 });
    const events = new EventLog(server);
    for (const type of ['accepted', 'closed', 'opened', 'message'] as const) {
      // Inside an event the statistics may be one step ahead or behind; right after the turn they agree.
      server.events.on(type, () =>
        setImmediate(() => assertConsistent(server.stats(), events, subject.traits.workers === undefined)),
      );
    }
    const rounds = subject.traits.spawnsPerClient ? 2 : 5;
    const stories: ((client: TestClient) => Promise<unknown>)[] = [
      async (client) => client.finish('echo 1\necho 2\n'),
      async (client) => client.send('echo\n'.repeat(9)),
      async (client) => client.send('bye\n'),
      async (client) => client.send('throw\n'),
      async (client) => client.reset(),
      async (client) => client.send('later 20 x\nhalf\n'),
    ];
    for (let round = 0; round < rounds; round++) {
      await Promise.all(
        stories.map(async (tell) => {
          using first = await TestClient.connect(server.address);
          using second = await TestClient.connect(server.address);
          await tell(first);
          await tell(second);
          await first.outcome();
          await second.outcome();
        }),
      );
    }
    await server.close();
    const stats = server.stats();
    assertConsistent(stats, events, true);
    const came = rounds * 2 * stories.length;
    // libuv accepts by itself, and has no address of a client that has reset its connection before it is asked: that is none.
    const leastAccepted = subject.name === 'libuv' ? came - rounds * 2 : came;
    assert.ok(
      stats.accepted >= leastAccepted && stats.accepted <= came,
      `accepted ${stats.accepted} of ${came}`,
    );
    assert.equal(stats.active + stats.waiting, 0);
    const closed = events.of('closed');
    assert.equal(stats.messages, sum(closed.map(({ messages }) => messages)));
    assert.equal(stats.bytesIn, sum(closed.map(({ bytesIn }) => bytesIn)));
    assert.equal(stats.bytesOut, sum(closed.map(({ bytesOut }) => bytesOut)));
    // The event is told a moment after the statistics have been brought up to date.
    assert.ok(stats.longestWaitMs <= Math.max(...events.of('opened').map(({ waitedMs }) => waitedMs)));
  });

  test('bytes and messages are counted live, before their client has gone', async () => {
    await using server = await serveCommands(subject);
    using client = await TestClient.connect(server.address);
    assert.equal(await client.ask('echo one'), 'one');
    assert.equal(await client.ask('echo two'), 'two');
    // A worker counts what it has sent a moment after it has.
    await eventually('the last answer is counted', () => server.stats().bytesOut >= 8);
    const { active, messages, bytesIn, bytesOut } = server.stats();
    assert.deepEqual(
      { active, messages, bytesIn, bytesOut },
      { active: 1, messages: 2, bytesIn: 18, bytesOut: 8 },
    );
  });
});
