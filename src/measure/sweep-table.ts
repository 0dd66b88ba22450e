import { align } from './align.ts';
import type { EchoFigures } from './echo-figures.ts';
import { latency, micros, rate } from './format.ts';
import { capacity, type Subject } from './subject.ts';
import { type Crowd, type Sweep, type SweepName, serves } from './sweep.ts';
import type { SweepSummary } from './sweep-summary.ts';

type Column = { readonly head: string; readonly cell: (figures: EchoFigures) => string };

const throughput: Column = { head: 'messages/s', cell: (figures) => rate(figures.messagesPerSecond) };
const cost: Column = { head: 'CPU µs/message', cell: (figures) => micros(figures.cpuMicrosPerMessage.total) };
const slowest: Column = { head: 'p99 latency µs', cell: (figures) => latency(figures.latencyMicros.p99) };

const shown: Readonly<Record<SweepName, readonly Column[]>> = {
  idle: [cost, throughput],
  active: [throughput, cost, slowest],
};
const LEFT_OUT = '–';

/** The tables of a sweep, a row for each model and a column for each crowd; and what was left out, with the cause. */
export function renderSweep(
  { name, crowds }: Sweep,
  subjects: readonly Subject[],
  summaries: readonly SweepSummary[],
): string {
  const tables = shown[name].map(({ head, cell }) => {
    const rows = subjects.map((subject) => {
      const cells = crowds.map((crowd) => {
        if (!serves(subject, crowd)) return LEFT_OUT;
        const summary = summaries.find((each) => each.sweep === name && isOf(each, subject, crowd));
        return summary?.figures === undefined ? 'failed' : cell(summary.figures);
      });
      return [subject.model, ...cells];
    });
    return align([[head, ...crowds.map((crowd) => crowdHead(name, crowd))], ...rows]);
  });
  return [...tables, ...leftOut(crowds, subjects)].join('\n\n');
}

/** Why there is no figure for some models with some crowds: one paragraph, or none. */
function leftOut(crowds: readonly Crowd[], subjects: readonly Subject[]): string[] {
  const lines = subjects.flatMap((subject) => {
    const cause = capacity(subject)?.cause;
    const some = crowds.some((crowd) => !serves(subject, crowd));
    return some && cause !== undefined ? [`${LEFT_OUT} ${subject.model} ${cause}`] : [];
  });
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function isOf(summary: SweepSummary, { model }: Subject, { active, idle }: Crowd): boolean {
  return summary.model === model && summary.active === active && summary.idle === idle;
}

const counted = new Intl.NumberFormat('en');

function crowdHead(sweep: SweepName, crowd: Crowd): string {
  return `${counted.format(crowd[sweep])} ${sweep}`;
}
