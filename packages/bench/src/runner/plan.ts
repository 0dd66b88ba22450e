import type { Load, LoadResult } from '../load/task.ts';
import { connections, estimatedSeconds, measure } from './measure.ts';
import type { Placement } from './placement.ts';
import { startServer, UnavailableError } from './processes.ts';
import { type Measurement, measureRounds, type Rounds, type Turn, turnsOf } from './rounds.ts';

export type ServerUnderTest = {
  /** Identifies it in options and results. */
  readonly name: string;
  /** What tables and progress call it. */
  readonly label: string;
  /** The command that starts it, as `startServer` takes it. */
  readonly command: readonly string[];
  /** The most clients that it can serve at once, where its mechanism has a limit. */
  readonly capacity?: Capacity;
  /** The warm-up that it needs for so many clients, where that is more than the load's. */
  readonly warmupSeconds?: (clients: number) => number;
};

/** The most clients at once, and why: a text that follows the server's name. */
export type Capacity = { readonly maxClients: number; readonly cause: string };

export type Workload = {
  /** Identifies it in options and results. */
  readonly name: string;
  /** What tables and progress call it. */
  readonly label: string;
  readonly load: Load;
};

/** Servers and loads, each server under each load that it can serve, in every round. */
export type Plan<W extends Workload = Workload, S extends ServerUnderTest = ServerUnderTest> = Omit<
  Rounds<W, S>,
  'applies'
> & {
  readonly placement: Placement;
  /** What the progress calls a turn. */
  readonly title: (turn: Turn<W, S>) => string;
};

export type LoadMeasurement<
  W extends Workload = Workload,
  S extends ServerUnderTest = ServerUnderTest,
> = Measurement<W, S, LoadResult>;

type Observer = { begin(title: string): void; end(result: LoadResult): void };

/** Whether a server can serve so many clients at once by its nature. */
export function serves({ capacity }: ServerUnderTest, clients: number): boolean {
  return clients <= (capacity?.maxClients ?? Number.POSITIVE_INFINITY);
}

/**
 * Measures everything.
 * @param signal stops the run; the caller that aborts must end the processes that run then
 */
export function runPlan<W extends Workload, S extends ServerUnderTest>(
  plan: Plan<W, S>,
  progress: Observer,
  signal?: AbortSignal,
): Promise<LoadMeasurement<W, S>[]> {
  return measureRounds({ ...plan, applies: servesLoad }, async (turn) => {
    progress.begin(plan.title(turn));
    const result = await measure(turn.server.command, loadOf(turn), plan.placement);
    signal?.throwIfAborted();
    progress.end(result);
    return result;
  });
}

/** About how long each measurement of a run takes, in seconds. */
export function estimates<W extends Workload, S extends ServerUnderTest>(plan: Plan<W, S>): number[] {
  return turnsOf({ ...plan, applies: servesLoad }).map((turn) => estimatedSeconds(loadOf(turn)));
}

const servesLoad = (server: ServerUnderTest, { load }: Workload) => serves(server, connections(load));

function loadOf({ server, workload: { load } }: Turn<Workload, ServerUnderTest>): Load {
  if (load.kind === 'idle') return load;
  const warmupSeconds = Math.max(load.warmupSeconds, server.warmupSeconds?.(load.clients) ?? 0);
  return { ...load, warmupSeconds };
}

/** A server that is not measured: it cannot run on this machine, or should and fails. */
export type MissingServer = { readonly name: string; readonly reason: string; readonly failed: boolean };

/** Starts each server once, to see which of them this machine can run. */
export async function probe<S extends ServerUnderTest>(
  servers: readonly S[],
  signal: AbortSignal,
): Promise<{ ready: S[]; missing: MissingServer[] }> {
  const ready: S[] = [];
  const missing: MissingServer[] = [];
  for (const server of servers) {
    try {
      const { stop } = await startServer(server.command);
      await stop();
      ready.push(server);
    } catch (error) {
      signal.throwIfAborted();
      const { message: reason } = error as Error;
      missing.push({ name: server.name, reason, failed: !(error instanceof UnavailableError) });
    }
    signal.throwIfAborted();
  }
  return { ready, missing };
}
