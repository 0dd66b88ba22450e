import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { backlogOf } from '@zocalo/test-support/proc.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import type { ServeOptions } from 'zocalo';
import { NO_UPSTREAM, ServedNames } from './support/serving.ts';

const skip = process.platform === 'linux' ? false : 'the kernel is asked in /proc';

/** The demonstration of docs/names.md: eight come, while the first does not leave. */
async function eightCome(options: ServeOptions): Promise<{ names: ServedNames; clients: TestClient[] }> {
  const names = await ServedNames.start('192.0.2.1 one.lan', NO_UPSTREAM, {
    waitTimeoutMs: 600_000,
    ...options,
  });
  const clients: TestClient[] = [];
  for (let i = 0; i < 8; i++) clients.push(await TestClient.connect(names.line));
  return { names, clients };
}

test('left in the backlog, five wait in the kernel, and as one leaves the others move up', {
  skip,
}, async () => {
  const { names, clients } = await eightCome({ maxClients: 1, maxWaiting: 2, whenFull: 'backlog' });
  await using _ = names;
  const [first, second, third, fourth] = clients as [TestClient, TestClient, TestClient, TestClient];
  assert.deepEqual(
    [await first.readLine(), await second.readLine(), await third.readLine()],
    ['READY', 'WAIT 1', 'WAIT 2'],
  );
  await eventually('the kernel holds five', () => backlogOf(names.line.port) === 5);
  assert.equal(fourth.available, 0);
  first.send('QUIT\n');
  assert.equal(await fourth.readLine(), 'WAIT 2');
  await eventually('the kernel holds four', () => backlogOf(names.line.port) === 4);
  for (const client of clients) client[Symbol.dispose]();
});

test('refused, five get BUSY, and none waits in the kernel', { skip }, async () => {
  const { names, clients } = await eightCome({ maxClients: 1, maxWaiting: 2 });
  await using _ = names;
  for (const client of clients.slice(3)) assert.equal(await client.readText(), 'BUSY\n');
  assert.equal(backlogOf(names.line.port), 0);
  for (const client of clients) client[Symbol.dispose]();
});

test('one client at a time: seven wait in the kernel, and no line of ours', { skip }, async () => {
  const { names, clients } = await eightCome({ model: 'iterative' });
  await using _ = names;
  assert.equal(await clients[0]?.readLine(), 'READY');
  await eventually('the kernel holds seven', () => backlogOf(names.line.port) === 7);
  for (const client of clients) client[Symbol.dispose]();
});
