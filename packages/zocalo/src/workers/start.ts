import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { isMainThread, workerData } from 'node:worker_threads';
import { killWithParent } from '../sys/process.ts';
import { SharedMemory } from '../sys/shared-memory.ts';
import { SharedState } from './shared-state.ts';
import type { WorkerSetup } from './worker-messages.ts';
import { WorkerRuntime } from './worker-runtime.ts';

/*
 * How a worker finds its setup. A thread finds everything in `workerData`; a process finds its setup on its standard input, and its
 * descriptors where {@link processDescriptors} says.
 */

/** Which descriptors a worker process begins with, besides the standard ones. */
export const processDescriptors = { channel: 3, memory: 4 } as const;

export type ThreadData = {
  readonly setup: WorkerSetup;
  readonly channel: number;
  readonly memory: SharedArrayBuffer;
};

if (isMainThread) {
  // Ctrl-C reaches every process of a terminal, and a service manager may signal them all: the supervisor decides what becomes of it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {});
  // A handler that does not return would keep the process from noticing that its supervisor is gone.
  if (process.platform === 'linux') killWithParent();
  const setup = deserialize(readFileSync(0)) as WorkerSetup;
  const memory = new SharedMemory(processDescriptors.memory, SharedState.bytesFor(setup.layout));
  await WorkerRuntime.run(setup, processDescriptors.channel, memory.bytes);
} else {
  const { setup, channel, memory } = workerData as ThreadData;
  await WorkerRuntime.run(setup, channel, memory);
}
