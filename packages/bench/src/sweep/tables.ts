import { latency, micros, rate, ruledTable } from '../report/text.ts';
import { serves } from '../runner/plan.ts';
import { type EchoFigures, echoFiguresOf } from '../runner/summary.ts';
import type { ModelServer } from './model-server.ts';
import { findSummary, type Sweep, type SweepName, type SweepSummary } from './sweep.ts';

type Column = { readonly head: string; readonly cell: (figures: EchoFigures) => string };

const throughput: Column = { head: 'messages/s', cell: (figures) => rate(figures.messagesPerSecond) };
const cost: Column = { head: 'CPU µs/message', cell: (figures) => micros(figures.cpuMicrosPerMessage.total) };
const slowest: Column = { head: 'p99 latency µs', cell: (figures) => latency(figures.latencyMicros.p99) };

const tablesOf: Readonly<Record<SweepName, readonly Column[]>> = {
  idle: [cost, throughput],
  active: [throughput, cost, slowest],
};
const LEFT_OUT = '–';
const counted = new Intl.NumberFormat('en');

/** The tables of a sweep, a row for each model and a column for each point; and what was left out, with the cause. */
export function renderSweep(
  { name, points }: Sweep,
  servers: readonly ModelServer[],
  summaries: readonly SweepSummary[],
): string {
  const tables = tablesOf[name].map(({ head, cell }) => {
    const rows = servers.map((server) => {
      const cells = points.map((point) => {
        if (!serves(server, point.active + point.idle)) return LEFT_OUT;
        const summary = findSummary(summaries, name, point, server);
        const figures = summary && echoFiguresOf(summary);
        return figures === undefined ? 'failed' : cell(figures);
      });
      return [server.label, ...cells];
    });
    return ruledTable([[head, ...points.map((point) => `${counted.format(point[name])} ${name}`)], ...rows]);
  });
  const leftOut = servers
    .filter((server) => points.some(({ active, idle }) => !serves(server, active + idle)))
    .map(({ label, capacity }) => `${LEFT_OUT} ${label} ${capacity?.cause}`);
  return [...tables, ...(leftOut.length === 0 ? [] : [leftOut.join('\n')])].join('\n\n');
}
