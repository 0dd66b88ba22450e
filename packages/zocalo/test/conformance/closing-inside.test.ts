import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually, soon } from '@zocalo/test-support/eventually.ts';
import { hasLine, onEveryModel } from '@zocalo/test-support/models.ts';
import { serveCommands, type TestServer } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import type { ServerEventType } from '../../src/index.ts';

const moments: readonly ServerEventType[] = [
  'accepted',
  'waiting',
  'refused',
  'opened',
  'message',
  'closed',
  'error',
  'draining',
  'stopped',
];

onEveryModel((subject) => {
  // Two are in, one waits, one is refused, as far as it comes to that.
  const [options, accepted] = hasLine(subject) ? [{ maxClients: 2, maxWaiting: 1 }, 4] : [{}, 1];
  const possible = moments.filter((moment) => hasLine(subject) || !/waiting|refused/.test(moment));
  let bystander: TestServer;
  let other: TestClient;

  before(async () => {
    bystander = await serveCommands(subject);
    other = await TestClient.connect(bystander.address);
  });
  after(async () => {
    other[Symbol.dispose]();
    await bystander.close();
  });

  for (const moment of possible) {
    for (const way of ['close', 'drain'] as const) {
      test(`a server may ${way} from inside its event "${moment}"`, async () => {
        await using server = await serveCommands(subject, options);
        const events = new EventLog(server);
        const endings: Promise<unknown>[] = [];
        server.events.on(moment, () => void endings.push(server[way]()));
        const clients: TestClient[] = [];
        for (let i = 0; i < 4; i++) {
          const client = await TestClient.connect(server.address).catch(() => undefined);
          if (client !== undefined) clients.push(client);
        }
        await eventually('all have come', () => endings.length > 0 || server.stats().accepted === accepted);
        // One fails, and one leaves.
        clients[0]?.send('echo hello\nthrow\n');
        clients[1]?.send('bye\n');
        if (moment === 'draining' || moment === 'stopped') await server.close();
        await eventually('it ends', () => endings.length > 0);
        await soon('it has ended', Promise.all(endings));
        for (const client of clients) {
          await client.outcome();
          client[Symbol.dispose]();
        }

        assert.equal(events.of('draining').length, 1);
        assert.equal(events.of('stopped').length, 1);
        assert.equal(events.all.at(-1)?.type, 'stopped', 'something is told after the end');
        assert.equal(events.of('opened').length, events.of('closed').length);
        const { active, waiting } = server.stats();
        assert.deepEqual({ active, waiting }, { active: 0, waiting: 0 });
        assert.equal(await other.ask('echo after'), 'after');
      });
    }
  }
});
