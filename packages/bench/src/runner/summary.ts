import type { EchoResult, IdleResult } from '../load/task.ts';
import type { LoadMeasurement, ServerUnderTest, Workload } from './plan.ts';
import { median } from './statistics.ts';

/** One server under one workload over all rounds. */
export type Summary<W extends Workload = Workload, S extends ServerUnderTest = ServerUnderTest> = {
  readonly workload: W;
  readonly server: S;
  /** How many rounds gave a result. */
  readonly rounds: number;
  /** The medians of those rounds; undefined when there was none. */
  readonly figures: EchoFigures | IdleResult | undefined;
  /** Why the others gave none, each reason once. */
  readonly failures: readonly string[];
};

export type EchoFigures = Omit<EchoResult, 'messages' | 'seconds' | 'takenByOthers'>;

export function summarize<W extends Workload, S extends ServerUnderTest>(
  measurements: readonly LoadMeasurement<W, S>[],
): Summary<W, S>[] {
  const groups = Map.groupBy(measurements, ({ workload, server }) => `${workload.name} ${server.name}`);
  return [...groups.values()].map((group) => {
    const { workload, server } = group[0] as LoadMeasurement<W, S>;
    const results = group.map(({ result }) => result);
    const echoes = results.filter((result) => result.kind === 'echo');
    const idles = results.filter((result) => result.kind === 'idle');
    const reasons = results.filter((result) => result.kind === 'failure').map(({ reason }) => reason);
    return {
      workload,
      server,
      rounds: echoes.length + idles.length,
      figures: echoes.length > 0 ? echoFigures(echoes) : idles.length > 0 ? idleFigures(idles) : undefined,
      failures: [...new Set(reasons)],
    };
  });
}

/** The echo figures of a summary, if it has such. */
export function echoFiguresOf({ figures }: Summary): EchoFigures | undefined {
  return figures?.kind === 'echo' ? figures : undefined;
}

/** The median of each figure by itself. */
function echoFigures(results: readonly EchoResult[]): EchoFigures {
  const of = (pick: (result: EchoResult) => number): number => median(results.map(pick));
  return {
    kind: 'echo',
    messagesPerSecond: of((result) => result.messagesPerSecond),
    cpuMicrosPerMessage: {
      user: of((result) => result.cpuMicrosPerMessage.user),
      system: of((result) => result.cpuMicrosPerMessage.system),
      total: of((result) => result.cpuMicrosPerMessage.total),
    },
    latencyMicros: {
      p50: of((result) => result.latencyMicros.p50),
      p99: of((result) => result.latencyMicros.p99),
    },
    serverBusy: of((result) => result.serverBusy),
    generatorBusy: of((result) => result.generatorBusy),
    serverWaited: of((result) => result.serverWaited),
  };
}

function idleFigures(results: readonly IdleResult[]): IdleResult {
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
