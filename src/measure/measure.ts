import { onCore, type Placement } from './cores.ts';
import { ownProgram } from './own-file.ts';
import { runGenerator, startServer } from './processes.ts';
import type { Load, LoadResult, Target, Task } from './task.ts';

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
      const generator = onCore(cores?.generator, ownProgram('generator'));
      const timeoutMs = GENERATOR_TIMEOUT_MS + windowSeconds(load) * 1000;
      return await runGenerator(generator, taskFor(load, { port, pid }, cores), timeoutMs);
    } finally {
      await stop();
    }
  } catch (error) {
    return { kind: 'failure', reason: (error as Error).message };
  }
}

function taskFor(load: Load, target: Target, cores: Placement['cores']): Task {
  return load.kind === 'idle' ? { ...load, ...target } : { ...load, ...target, cores };
}

/** About how long a measurement takes. */
export function estimatedSeconds(load: Load): number {
  const connections = load.kind === 'idle' ? 2 * load.clients : load.clients + load.idleClients;
  return windowSeconds(load) + connections * CONNECTING_SECONDS + OVERHEAD_SECONDS;
}

/** What a measurement takes by design. */
function windowSeconds(load: Load): number {
  return load.kind === 'idle' ? 3 * load.settleSeconds : load.warmupSeconds + load.seconds;
}
