import { disturbances, mostlyDisturbed } from './echo-figures.ts';
import { rate } from './format.ts';
import { type ChartLine, drawLineChart } from './line-chart.ts';
import { styleOf } from './line-style.ts';
import type { Machine } from './machine.ts';
import { capacity, type Subject } from './subject.ts';
import { type Sample, type Sweep, type SweepPlan, serves } from './sweep.ts';
import { limitedByGenerator, type SweepSummary } from './sweep-summary.ts';
import type { LoadResult } from './task.ts';

/** What a sweep's chart shows: a figure that each model has for each crowd. */
type View = {
  readonly x: { readonly title: string; readonly scale: 'linear' | 'log' };
  readonly y: { readonly title: string; readonly scale: 'linear' | 'log' };
  figure(summary: SweepSummary): number | undefined;
  format(figure: number): string;
  /** Whether a model is drawn that cannot serve the largest crowd. */
  readonly drawsParts: boolean;
  headline(lines: readonly ChartLine[], results: readonly LoadResult[]): string;
};

/** Where the figures of a chart come from. */
export type Origin = {
  readonly machine: Machine;
  /** In ISO 8601. */
  readonly date: string;
  readonly samples: readonly Sample[];
};

const counted = new Intl.NumberFormat('en');
const listed = new Intl.ListFormat('en');

const views: Readonly<Record<Sweep['name'], View>> = {
  idle: {
    x: { title: 'idle clients, connected beside the active ones', scale: 'linear' },
    y: { title: 'µs of server CPU a message', scale: 'linear' },
    figure: ({ figures }) => figures?.cpuMicrosPerMessage.total,
    format: (figure) => `${threeDigits(figure)} µs`,
    // They end so far to the left that there is nothing to see.
    drawsParts: false,
    headline: idleHeadline,
  },
  active: {
    x: { title: 'active clients, each with one message under way', scale: 'log' },
    y: { title: 'messages a second', scale: 'linear' },
    figure: ({ figures }) => figures?.messagesPerSecond,
    format: rate,
    drawsParts: true,
    headline: activeHeadline,
  },
};

/** The chart of a sweep as SVG; undefined when nothing was measured. */
export function drawSweep(
  sweep: Sweep,
  plan: SweepPlan,
  summaries: readonly SweepSummary[],
  { machine, date, samples }: Origin,
): string | undefined {
  const view = views[sweep.name];
  const results = samples.filter((sample) => sample.sweep === sweep.name).map(({ result }) => result);
  const largest = sweep.crowds.at(-1);
  const bounded = plan.subjects.filter((subject) => largest !== undefined && !serves(subject, largest));
  const drawn = view.drawsParts ? plan.subjects : plan.subjects.filter((each) => !bounded.includes(each));
  const lines = drawn.flatMap((subject) => lineOf(subject, sweep, view, summaries));
  if (lines.length === 0) return undefined;
  const { x, y } = view;
  return drawLineChart({
    title: view.headline(lines, results),
    subtitle: [loadWords(sweep, plan), machineWords(machine), date.slice(0, 10)].join(' · '),
    x,
    y,
    lines,
    notes: [
      ...bounded.map((subject) => {
        const notDrawn = view.drawsParts ? '' : ' (not drawn)';
        return `${subject.model}${notDrawn} ${capacity(subject)?.cause}.`;
      }),
      ...limitedWords(
        drawn,
        summaries.filter((each) => each.sweep === sweep.name),
      ),
      ...disturbances(results).map((words) => `S${words.slice(1)}.`),
    ],
  });
}

function lineOf(
  subject: Subject,
  { name, crowds }: Sweep,
  view: View,
  summaries: readonly SweepSummary[],
): ChartLine[] {
  const points = crowds.flatMap((crowd) => {
    const summary = summaries.find(
      ({ sweep, model, active, idle }) =>
        sweep === name && model === subject.model && active === crowd.active && idle === crowd.idle,
    );
    const y = summary && view.figure(summary);
    return y === undefined ? [] : [{ x: crowd[name], y }];
  });
  const last = points.at(-1);
  if (last === undefined) return [];
  const most = crowds.at(-1)?.[name];
  const remark = view.format(last.y) + (last.x === most ? '' : ` at ${counted.format(last.x)}`);
  return [{ name: subject.model, remark, style: styleOf(subject.model), points }];
}

/** How much dearer the most idle clients make a message, for the model that suffers most and the one that suffers least. */
function idleHeadline(lines: readonly ChartLine[]): string {
  const most = Math.max(...lines.map(({ points }) => points.at(-1)?.x ?? 0));
  const growths = lines
    .filter(({ points }) => points.at(-1)?.x === most && points.length > 1)
    .map(({ name, points }) => ({ name, growth: (points.at(-1)?.y ?? 0) / (points[0]?.y ?? 1) }))
    .sort((a, b) => b.growth - a.growth);
  const [worst, best] = [growths[0], growths.at(-1)];
  if (worst === undefined || best === undefined) return 'What a message costs the server';
  const times = (growth: number) => `${growth < 10 ? growth.toFixed(1) : growth.toFixed(0)} ×`;
  const rest = best === worst ? '' : `, ${times(best.growth)} on ${best.name}`;
  return `With ${counted.format(most)} idle clients a message costs ${times(worst.growth)} as much on ${worst.name}${rest}`;
}

/** Models whose best points differ by less than this part of them are told to be equal. */
const EQUAL = 0.05;

/** Which model, or models, move the most messages; of a busy machine that cannot be told. */
function activeHeadline(lines: readonly ChartLine[], results: readonly LoadResult[]): string {
  if (mostlyDisturbed(results)) return 'Messages a second with more and more clients, on a busy machine';
  const peaks = lines
    .map(({ name, points }) => ({ name, peak: Math.max(...points.map(({ y }) => y)) }))
    .sort((a, b) => b.peak - a.peak);
  const most = peaks[0]?.peak ?? 0;
  const names = peaks.filter(({ peak }) => peak > most * (1 - EQUAL)).map(({ name }) => name);
  return `Most messages: ${listed.format(names)}, about ${rate(Number(most.toPrecision(2)))} a second`;
}

function loadWords(sweep: Sweep, { bytes, rounds, placement }: SweepPlan): string {
  const active = sweep.crowds[0]?.active;
  const words = [`${bytes} bytes a message`, rounds === 1 ? 'one round' : `median of ${rounds} rounds`];
  if (sweep.name === 'idle') words.unshift(`${active} active ${active === 1 ? 'client' : 'clients'}`);
  if (placement.cores !== null) words.push('server on one core');
  return words.join(', ');
}

function machineWords({ cpu, cores, kernel, node }: Machine): string {
  const release = /^(\w+) (\d+\.\d+)/.exec(kernel)?.[0] ?? kernel;
  return `${cpu}, ${cores} cores, ${release}, Node ${node.replace(/^v(\d+\.\d+).*/, '$1')}`;
}

function threeDigits(value: number): string {
  return value < 1_000 ? String(Number(value.toPrecision(3))) : rate(value);
}

/** Of which models the generator could not ask more. */
function limitedWords(subjects: readonly Subject[], summaries: readonly SweepSummary[]): string[] {
  const limited = limitedByGenerator(summaries);
  const names = subjects.filter(({ model }) => limited.has(model)).map(({ model }) => model);
  if (names.length === 0) return [];
  return [`The load generator was the limit at some points of ${listed.format(names)}, which could do more.`];
}
