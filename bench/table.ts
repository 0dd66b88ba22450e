import { align } from '../src/measure/align.ts';
import type { EchoFigures } from '../src/measure/echo-figures.ts';
import { bytes, latency, micros, percent, rate, ratio } from '../src/measure/format.ts';
import { baselines, type Server } from './servers.ts';
import type { Summary } from './summary.ts';
import type { Workload } from './workloads.ts';

const MISSING = '–';

/** A table for each workload, a row for each server. */
export function renderTables(
  summaries: readonly Summary[],
  workloads: readonly Workload[],
  servers: readonly Server[],
): string {
  const tables = workloads.map((workload) => {
    const rows = servers.map((server) => {
      const summary = summaries.find((s) => s.workload === workload.name && s.server === server.name);
      if (summary === undefined) return [server.label, `holds at most ${server.mostClients} clients`];
      return [server.label, ...(workload.kind === 'idle' ? idleCells : echoCells)(summary)];
    });
    return align([[workload.label, ...(workload.kind === 'idle' ? idleHead : echoHead)], ...rows]);
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

function echoCells({ figures, cpuRatios, failures }: Summary): string[] {
  if (figures?.kind !== 'echo') return [failed(failures)];
  const { cpuMicrosPerMessage: cpu, latencyMicros: times } = figures satisfies EchoFigures;
  return [
    rate(figures.messagesPerSecond),
    micros(cpu.total),
    `${micros(cpu.user)} + ${micros(cpu.system)}`,
    latency(times.p50),
    latency(times.p99),
    ...baselines.map(({ name }) => (cpuRatios[name] === undefined ? MISSING : ratio(cpuRatios[name]))),
    percent(figures.serverBusy),
  ];
}

const idleHead = ['bytes/client', 'of those before', 'process without clients, MB'];

function idleCells({ figures, failures }: Summary): string[] {
  if (figures?.kind !== 'idle') return [failed(failures)];
  return [
    bytes(figures.bytesPerClient),
    bytes(figures.firstBytesPerClient),
    (figures.baseBytes / 1e6).toFixed(1),
  ];
}

const failed = (reasons: readonly string[]): string => `failed: ${reasons.join('; ')}`;
