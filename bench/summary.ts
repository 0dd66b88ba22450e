import { type EchoFigures, echoFigures } from '../src/measure/echo-figures.ts';
import { median } from '../src/measure/median.ts';
import type { IdleResult } from '../src/measure/task.ts';
import type { Measurement } from './rounds.ts';
import { baselines } from './servers.ts';

/** One server on one workload over all rounds: medians, and medians of the ratios within a round. */
export type Summary = {
  workload: string;
  server: string;
  /** How many rounds gave a result. */
  rounds: number;
  figures: EchoFigures | IdleFigures | undefined;
  /** CPU a message, as a multiple of each baseline's; only of echo workloads. */
  cpuRatios: Record<string, number>;
  /** Why rounds gave none, each reason once. */
  failures: string[];
};

export type IdleFigures = IdleResult;

export function summarize(measurements: readonly Measurement[]): Summary[] {
  const groups = Map.groupBy(measurements, ({ workload, server }) => `${workload} ${server}`);
  return [...groups.values()].map((group) => summary(group, measurements));
}

function summary(group: readonly Measurement[], all: readonly Measurement[]): Summary {
  const { workload, server } = group[0] as Measurement;
  const results = group.map(({ result }) => result);
  const echoes = results.filter((result) => result.kind === 'echo');
  const idles = results.filter((result) => result.kind === 'idle');
  const reasons = results.filter((result) => result.kind === 'failure').map(({ reason }) => reason);
  return {
    workload,
    server,
    rounds: echoes.length + idles.length,
    figures: echoes.length > 0 ? echoFigures(echoes) : idles.length > 0 ? idleFigures(idles) : undefined,
    cpuRatios: cpuRatios(group, all),
    failures: [...new Set(reasons)],
  };
}

function idleFigures(results: readonly IdleResult[]): IdleFigures {
  const of = (pick: (result: IdleResult) => number): number => median(results.map(pick));
  return {
    kind: 'idle',
    clients: of((result) => result.clients),
    bytesPerClient: of((result) => result.bytesPerClient),
    anonymousBytesPerClient: of((result) => result.anonymousBytesPerClient),
    firstBytesPerClient: of((result) => result.firstBytesPerClient),
    baseBytes: of((result) => result.baseBytes),
  };
}

/** A round in which either side failed has no ratio. */
function cpuRatios(group: readonly Measurement[], all: readonly Measurement[]): Record<string, number> {
  const ratios: Record<string, number> = {};
  for (const { name } of baselines) {
    const perRound = group.flatMap(({ round, workload, result }) => {
      const baseline = all.find(
        (m) => m.round === round && m.workload === workload && m.server === name,
      )?.result;
      if (result.kind !== 'echo' || baseline?.kind !== 'echo') return [];
      return [result.cpuMicrosPerMessage.total / baseline.cpuMicrosPerMessage.total];
    });
    if (perRound.length > 0) ratios[name] = median(perRound);
  }
  return ratios;
}
