import type { LoadMeasurement } from '../../src/runner/plan.ts';
import { medianRatio } from '../../src/runner/statistics.ts';
import { type Summary, summarize } from '../../src/runner/summary.ts';
import { baselines } from './servers.ts';

/** A summary with the CPU a message as a multiple of each baseline's; only of echo workloads. */
export type ComparedSummary = Summary & { readonly cpuRatios: Readonly<Record<string, number>> };

export function compare(measurements: readonly LoadMeasurement[]): ComparedSummary[] {
  return summarize(measurements).map((summary) => {
    const ofServer = (name: string) =>
      measurements.filter(({ workload, server }) => workload === summary.workload && server.name === name);
    const ratios = baselines.flatMap(({ name }) => {
      const ratio = medianRatio(ofServer(summary.server.name), ofServer(name), (result) =>
        result.kind === 'echo' ? result.cpuMicrosPerMessage.total : undefined,
      );
      return ratio === undefined ? [] : [[name, ratio] as const];
    });
    const { failures, ...rest } = summary;
    return { ...rest, cpuRatios: Object.fromEntries(ratios), failures };
  });
}
