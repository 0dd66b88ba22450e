import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { isMainThread, workerData } from 'node:worker_threads';
import { SharedMemory } from '../sys/shared-memory.ts';
import { WorkerAgent } from './agent.ts';
import { SharedState } from './shared-state.ts';
import type { Task } from './task.ts';

/*
 * How a worker finds its task. A thread finds everything in `workerData`; a process finds its task on its standard input, and its
 * descriptors where {@link processDescriptors} says.
 */

/** Which descriptors a worker process begins with, besides the standard ones. */
export const processDescriptors = { channel: 3, memory: 4 } as const;

export type ThreadData = {
  readonly task: Task;
  readonly channel: number;
  readonly memory: SharedArrayBuffer;
};

if (isMainThread) {
  // Ctrl-C reaches every process of a terminal, and a service manager may tell them all: the supervisor decides what becomes of it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const task = deserialize(readFileSync(0)) as Task;
  const memory = new SharedMemory(processDescriptors.memory, SharedState.bytesFor(task.layout));
  await WorkerAgent.run(task, processDescriptors.channel, memory.bytes);
} else {
  const { task, channel, memory } = workerData as ThreadData;
  await WorkerAgent.run(task, channel, memory);
}
