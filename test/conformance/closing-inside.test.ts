import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerEventType } from '../../src/index.ts';
import { EventLog } from '../support/event-log.ts';
import { eventually, soon } from '../support/eventually.ts';
import { onEveryModel } from '../support/models.ts';
import { serveCommands } from '../support/serving.ts';
import { TestClient } from '../support/test-client.ts';

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
  for (const moment of moments) {
    for (const way of ['close', 'drain'] as const) {
      test(`a server may ${way} from inside its event "${moment}"`, async () => {
        await using bystander = await serveCommands(subject);
        using other = await TestClient.connect(bystander.address);
        assert.equal(await other.ask('echo before'), 'before');

        await using server = await serveCommands(subject, { maxClients: 2, maxWaiting: 1 });
        const events = new EventLog(server);
        const endings: Promise<unknown>[] = [];
        server.events.on(moment, () => void endings.push(server[way]()));
        // Two are in, one waits, one is refused, as far as it comes to that; then one fails, and one leaves.
        const clients: TestClient[] = [];
        for (let i = 0; i < 4; i++) {
          const client = await TestClient.connect(server.address).catch(() => undefined);
          if (client !== undefined) clients.push(client);
        }
        await eventually('all have come', () => {
          const { accepted } = server.stats();
          return endings.length > 0 || accepted === 4;
        });
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
        await using next = await serveCommands(subject);
        using last = await TestClient.connect(next.address);
        assert.equal(await last.ask('later 5 new'), 'new');
      });
    }
  }
});
