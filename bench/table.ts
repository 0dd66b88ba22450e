import { bytes, latency, micros, percent, rate, ratio } from './format.ts';
import { baselines, type Server } from './servers.ts';
import type { EchoFigures, Summary } from './summary.ts';
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

/** Columns of equal width: text to the left in the first, figures to the right in the others. */
function align(rows: readonly (readonly string[])[]): string {
  const full = rows.filter((row) => row.length === rows[0]?.length);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...full.map((row) => row[column]?.length ?? 0)));
  const first = Math.max(...rows.map((row) => row[0]?.length ?? 0));
  const line = (row: readonly string[]): string => {
    const [label = '', ...cells] = row;
    const isFull = row.length === widths.length;
    const aligned = cells.map((cell, i) => (isFull ? cell.padStart(widths[i + 1] ?? 0) : cell));
    return [label.padEnd(first), ...aligned].join('  ');
  };
  const [head = [], ...body] = rows;
  const title = line(head);
  return [title, '─'.repeat(title.length), ...body.map(line)].join('\n');
}
