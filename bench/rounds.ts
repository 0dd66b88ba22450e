import type { Placement } from '../src/measure/cores.ts';
import { estimatedSeconds, measure } from '../src/measure/measure.ts';
import type { Progress } from '../src/measure/progress.ts';
import type { Load, LoadResult } from '../src/measure/task.ts';
import type { Options } from './options.ts';
import type { Server } from './servers.ts';
import type { Workload } from './workloads.ts';
import { connections } from './workloads.ts';

export type Measurement = { round: number; workload: string; server: string; result: LoadResult };

export type Plan = {
  servers: readonly Server[];
  workloads: readonly Workload[];
  options: Options;
  placement: Placement;
};

type Turn = { round: number; workload: Workload; server: Server };

/**
 * Measures everything. Within a round, for each workload, the servers have their turns one right after the other, so
 * that what else the machine does in these seconds hits all of them alike; ratios are taken within a round.
 */
export async function runRounds(plan: Plan, progress: Progress): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { round, workload, server } of turns(plan)) {
    progress.begin(`round ${round}: ${workload.label}: ${server.label}`);
    const result = await measure(server.command, loadOf(workload, plan.options), plan.placement);
    measurements.push({ round, workload: workload.name, server: server.name, result });
    progress.end(result);
  }
  progress.stop();
  return measurements;
}

/** About how long each measurement of a run takes, in seconds. */
export function estimates(plan: Plan): number[] {
  return turns(plan).map(({ workload }) => estimatedSeconds(loadOf(workload, plan.options)));
}

/** All turns in order; a server has none where its mechanism cannot hold the clients. */
function turns({ servers, workloads, options }: Plan): Turn[] {
  const rounds = Array.from({ length: options.rounds }, (_, i) => i + 1);
  return rounds.flatMap((round) =>
    workloads.flatMap((workload) =>
      servers
        .filter(({ mostClients }) => connections(workload) <= (mostClients ?? Number.POSITIVE_INFINITY))
        .map((server) => ({ round, workload, server })),
    ),
  );
}

function loadOf(workload: Workload, { warmupSeconds, seconds, settleSeconds }: Options): Load {
  if (workload.kind === 'idle') return { kind: 'idle', clients: workload.clients, settleSeconds };
  const { clients, bytes, depth } = workload;
  return { kind: 'echo', clients, idleClients: 0, bytes, depth, warmupSeconds, seconds };
}
