import { bytes, latency, micros, percent, rate, ratio, ruledTable } from '../../src/report/text.ts';
import type { ServerUnderTest, Workload } from '../../src/runner/plan.ts';
import type { ComparedSummary } from './cpu-ratios.ts';
import { baselines } from './servers.ts';

const MISSING = '–';

/** A table for each workload, a row for each server. */
export function renderTables(
  summaries: readonly ComparedSummary[],
  workloads: readonly Workload[],
  servers: readonly ServerUnderTest[],
): string {
  const tables = workloads.map((workload) => {
    const isIdle = workload.load.kind === 'idle';
    const rows = servers.map((server) => {
      const summary = summaries.find((each) => each.workload === workload && each.server === server);
      if (summary === undefined) return [server.label, server.capacity?.cause ?? MISSING];
      return [server.label, ...(isIdle ? idleCells : echoCells)(summary)];
    });
    return ruledTable([[workload.label, ...(isIdle ? idleHead : echoHead)], ...rows]);
  });
  return tables.join('\n\n');
}

const echoHead = [
  'msg/s',
  'CPU µs/msg',
  'user + sys',
  'p50 µs',
  'p99 µs',
  ...baselines.map(({ column }) => column),
  'busy',
];

function echoCells({ figures, cpuRatios, failures }: ComparedSummary): string[] {
  if (figures?.kind !== 'echo') return [failed(failures)];
  const { cpuMicrosPerMessage: cpu, latencyMicros: latencies } = figures;
  return [
    rate(figures.messagesPerSecond),
    micros(cpu.total),
    `${micros(cpu.user)} + ${micros(cpu.system)}`,
    latency(latencies.p50),
    latency(latencies.p99),
    ...baselines.map(({ name }) => (cpuRatios[name] === undefined ? MISSING : ratio(cpuRatios[name]))),
    percent(figures.serverBusy),
  ];
}

const idleHead = ['bytes/client', 'of those before', 'process without clients, MB'];

function idleCells({ figures, failures }: ComparedSummary): string[] {
  if (figures?.kind !== 'idle') return [failed(failures)];
  return [
    bytes(figures.bytesPerClient),
    bytes(figures.firstBytesPerClient),
    (figures.baseBytes / 1e6).toFixed(1),
  ];
}

const failed = (reasons: readonly string[]): string => `failed: ${reasons.join('; ')}`;
