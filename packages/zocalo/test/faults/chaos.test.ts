import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { hasLine, onEveryModel, upTo } from '@zocalo/test-support/models.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess } from '@zocalo/test-support/test-process.ts';

/** Whole numbers below a bound, the same ones for the same seed (a linear congruential generator). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Something that a client does, sensible or not. */
const deeds: ((client: TestClient) => unknown)[] = [
  (client) => client.send('echo hello\n'),
  (client) => client.send('echo hal'),
  (client) => client.send('\n\0\n'),
  (client) => client.send('echo\n'.repeat(200)),
  (client) => client.send('later 30 answer\n'),
  (client) => client.send('countLater 50\n'),
  (client) => client.send('flood 9000000\n'),
  (client) => client.send('murmur 200 1000\n'),
  (client) => client.send('tell all hello\n'),
  (client) => client.send('never\n'),
  (client) => client.send('throw\n'),
  (client) => client.send('halfLater\n'),
  (client) => client.send('bye\n'),
  (client) => client.send('x'.repeat(70_000)),
  (client) => client.send(Buffer.from([0xff, 0x0a])),
  (client) => client.socket.pause(),
  (client) => client.socket.resume(),
  () => turn(),
  () => sleep(3),
  () => sleep(20),
];
const farewells: ((client: TestClient) => unknown)[] = [
  (client) => client.finish(),
  (client) => client.socket.destroy(),
  (client) => client.reset(),
  // Stays until one of the deadlines sends it away.
  () => {},
];

onEveryModel((subject) => {
  test('whatever clients do, and however they leave, all are counted and nothing is left of them', async () => {
    // A client that says nothing stays until a deadline: one after the other that takes long.
    const many = hasLine(subject) ? (subject.traits.spawnsPerClient ? 40 : 400) : 12;
    await using server = await ServerProcess.start({
      subject,
      module: 'commands',
      protocol: {},
      options: {
        maxClients: upTo(subject, 80),
        ...(hasLine(subject) ? { maxWaiting: 60 } : {}),
        quota: 400,
        maxUnsolicited: 100_000,
        waitTimeoutMs: 500,
        idleTimeoutMs: 400,
        frameTimeoutMs: 400,
        handlerTimeoutMs: 300,
        writeTimeoutMs: 400,
        maxSessionMs: 1_500,
      },
    });
    const clients: TestClient[] = [];
    const lives = Array.from({ length: many }, async (_, i) => {
      const roll = dice(i);
      for (let wait = roll(40); wait > 0; wait--) await sleep(10);
      const client = await TestClient.connect(server.address, { keepsOpen: roll(4) === 0 });
      clients.push(client);
      for (let steps = roll(12); steps > 0; steps--) await deeds[roll(deeds.length)]?.(client);
      farewells[roll(farewells.length)]?.(client);
    });
    await Promise.all(lives);

    const total = (counts: { [name: string]: number }) =>
      Object.values(counts).reduce((sum, n) => sum + n, 0);
    const stats = await eventually('all have left', async () => {
      const now = await server.ask('stats');
      return now.active + now.waiting === 0 && now.accepted > 0 && now;
    });
    assert.equal(total(stats.closed) + total(stats.refused), stats.accepted);
    using late = await TestClient.connect(server.address);
    assert.equal(await late.ask('active'), '1');
    for (const client of clients) client[Symbol.dispose]();
    await server.endsCleanly();
  });
});
