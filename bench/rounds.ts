import type { Placement } from './cores.ts';
import type { LoadResult } from './load/task.ts';
import { durationOf, measure } from './measure.ts';
import type { Options } from './options.ts';
import type { Progress } from './progress.ts';
import type { Server } from './servers.ts';
import { connections, type Workload } from './workloads.ts';

export type Measurement = { round: number; workload: string; server: string; result: LoadResult };

/** Starting and ending the two processes and connecting, on top of warm-up and window. */
const OVERHEAD_SECONDS = 0.7;

export type Plan = {
  servers: readonly Server[];
  workloads: readonly Workload[];
  options: Options;
  placement: Placement;
};

/**
 * Measures everything. Within a round, for each workload, the servers have their turns one right after the other, so
 * that what else the machine does in these seconds hits all of them alike; ratios are taken within a round.
 */
export async function runRounds(plan: Plan, progress: Progress): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (let round = 1; round <= plan.options.rounds; round++) {
    for (const { workload, server } of turns(plan)) {
      progress.begin(round, workload, server);
      const result = await measure(server, workload, plan.options, plan.placement);
      measurements.push({ round, workload: workload.name, server: server.name, result });
      progress.end(result);
    }
  }
  return measurements;
}

/** The turns of one round, in order; a server has none where its mechanism cannot hold the clients. */
function turns({ servers, workloads }: Plan): { workload: Workload; server: Server }[] {
  return workloads.flatMap((workload) =>
    servers
      .filter(({ mostClients }) => connections(workload) <= (mostClients ?? Number.POSITIVE_INFINITY))
      .map((server) => ({ workload, server })),
  );
}

export function count(plan: Plan): number {
  return plan.options.rounds * turns(plan).length;
}

export function estimatedSeconds(plan: Plan): number {
  const each = turns(plan).map(({ workload }) => durationOf(workload, plan.options) + OVERHEAD_SECONDS);
  return plan.options.rounds * each.reduce((sum, seconds) => sum + seconds, 0);
}
