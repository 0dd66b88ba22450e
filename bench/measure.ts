import { join } from 'node:path';
import { onCore, type Placement } from './cores.ts';
import type { Cores, LoadResult, Target, Task } from './load/task.ts';
import type { Options } from './options.ts';
import { runGenerator, startServer } from './processes.ts';
import type { Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** What a measurement may take beyond its warm-up and window: connecting, finishing, starting processes. */
const GENERATOR_TIMEOUT_MS = 60_000;

const generator = [process.execPath, join(import.meta.dirname, 'load', 'main.ts')];

/** One measurement: a fresh server, a fresh generator, one workload. Never throws for what the server does. */
export async function measure(
  server: Server,
  workload: Workload,
  options: Options,
  placement: Placement,
): Promise<LoadResult> {
  try {
    const { port, pid, stop } = await startServer(onCore(placement.cores?.server, server.command));
    try {
      const task = taskFor(workload, options, { port, pid }, placement.cores);
      const timeoutMs = GENERATOR_TIMEOUT_MS + durationOf(workload, options) * 1000;
      return await runGenerator(onCore(placement.cores?.generator, generator), task, timeoutMs);
    } finally {
      await stop();
    }
  } catch (error) {
    return { kind: 'failure', reason: (error as Error).message };
  }
}

function taskFor(workload: Workload, options: Options, target: Target, cores: Cores | null): Task {
  const { warmupSeconds, seconds, settleSeconds } = options;
  const { clients } = workload;
  if (workload.kind === 'idle') return { kind: 'idle', ...target, clients, settleSeconds };
  const { bytes, depth } = workload;
  return { kind: 'echo', ...target, clients, bytes, depth, warmupSeconds, seconds, cores };
}

/** Seconds that a measurement takes by design. */
export function durationOf(workload: Workload, options: Options): number {
  return workload.kind === 'idle' ? 1 + 3 * options.settleSeconds : options.warmupSeconds + options.seconds;
}
