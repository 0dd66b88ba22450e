import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { TestProcess } from '@zocalo/test-support/test-process.ts';

const skip = process.platform === 'linux' ? false : 'needs Linux';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// The others that wait in Node's thread listen as epoll does.
for (const model of ['epoll', 'uring', 'libuv'] as const) {
  test(`under node:cluster all workers serve the same port with ${model}`, { skip }, async () => {
    const port = await freePort();
    await using primary = new TestProcess('./cluster-process.ts', { model, port });
    const { failed } = await primary.message<{ serves?: string; failed?: string }>(() => true);
    assert.equal(failed, undefined);
    const answers = new Set<string>();
    await eventually('both have answered', async () => {
      using client = await TestClient.connect({ host: '127.0.0.1', port });
      answers.add(await client.ask('who'));
      return answers.size === 2;
    });
    assert.deepEqual([...answers].sort(), ['worker 1', 'worker 2']);
  });
}
