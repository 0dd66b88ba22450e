import { constants } from 'node:os';
import { type Model, serve } from 'zocalo';
import { refuse } from './seccomp.ts';
import { TestClient } from './test-client.ts';

/*
 * A program at its limit: the system calls that make processes, or threads, fail with EAGAIN. It serves with one of them for each client
 * (the model is its argument), prints what became of each client and why, and ends by itself.
 */

/** fork(3) of glibc is clone(2) without CLONE_THREAD, pthread_create(3) is clone3(2). */
const CLONE_THREAD = 0x0001_0000;
const SYS_CLONE = process.arch === 'arm64' ? 220 : 56;
const SYS_CLONE3 = 435;

const model = process.argv[2] as Model;
await using server = await serve(new URL('./protocols/crashing.ts', import.meta.url), { model });
server.events.on('worker-died', ({ error, clients }) =>
  console.log(`died with ${clients}: ${error.message}`),
);
server.events.on('error', ({ error }) => console.log(`failed: ${error}`));
server.events.on('closed', ({ reason }) => console.log(`closed: ${reason}`));

async function attempt(): Promise<void> {
  using client = await TestClient.connect(server.address);
  client.send('home\n');
  console.log(`answer: ${JSON.stringify(await client.outcome())}`);
}

refuse(
  model === 'process-per-client'
    ? { call: SYS_CLONE, errno: constants.errno.EAGAIN, exceptBits: CLONE_THREAD }
    : { call: SYS_CLONE3, errno: constants.errno.EAGAIN },
);
for (let attempts = 0; attempts < 3; attempts++) await attempt();
console.log(`active: ${server.activeClients}`);
