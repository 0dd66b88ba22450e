import type { Load, LoadResult, Task } from '../load/task.ts';
import { packageProgram } from '../package-module.ts';
import { onCore, type Placement } from './placement.ts';
import { runGenerator, startServer } from './processes.ts';

/** What a measurement may take beyond its warm-up and window: connecting, finishing, starting processes. */
const GENERATOR_TIMEOUT_MS = 120_000;
/** Starting and ending the two processes, and connecting a few clients, on top of warm-up and window. */
const OVERHEAD_SECONDS = 0.7;
/** Connecting a client, with its first message. */
const CONNECTING_SECONDS = 60e-6;

/**
 * One measurement: a fresh server, a fresh generator, one load. Never throws for what the server does.
 * @param server the command that starts it, as {@link startServer} takes it
 */
export async function measure(
  server: readonly string[],
  load: Load,
  { cores }: Placement,
): Promise<LoadResult> {
  try {
    const { port, pid, stop } = await startServer(onCore(cores?.server, server));
    try {
      const task: Task = { ...load, port, pid, cores };
      const generator = onCore(cores?.generator, packageProgram('load/generator'));
      const timeoutMs = GENERATOR_TIMEOUT_MS + windowSeconds(load) * 1000;
      return await runGenerator<LoadResult>(generator, task, timeoutMs);
    } finally {
      await stop();
    }
  } catch (error) {
    return { kind: 'failure', reason: (error as Error).message };
  }
}

/** Connections that are open at once at the most. */
export function connections(load: Load): number {
  return load.kind === 'idle' ? 2 * load.clients : load.clients + load.idleClients;
}

/** About how long a measurement takes. */
export function estimatedSeconds(load: Load): number {
  return windowSeconds(load) + connections(load) * CONNECTING_SECONDS + OVERHEAD_SECONDS;
}

/** What a measurement takes by design. */
function windowSeconds(load: Load): number {
  return load.kind === 'idle' ? 3 * load.settleSeconds : load.warmupSeconds + load.seconds;
}
