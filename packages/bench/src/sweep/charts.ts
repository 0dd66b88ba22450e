import { type Model, models } from 'zocalo';
import { modelDefinitions } from 'zocalo/internal';
import type { LoadResult } from '../load/task.ts';
import { disturbances, mostlyDisturbed } from '../report/disturbances.ts';
import { type ChartLine, drawLineChart, type LineStyle } from '../report/line-chart.ts';
import { rate } from '../report/text.ts';
import type { Machine } from '../runner/machine.ts';
import { serves } from '../runner/plan.ts';
import { echoFiguresOf } from '../runner/summary.ts';
import type { ModelServer } from './model-server.ts';
import { limitedByGenerator } from './notes.ts';
import {
  findSummary,
  type Sweep,
  type SweepMeasurement,
  type SweepName,
  type SweepSummary,
} from './sweep.ts';

/** What a sweep's chart shows: a figure that each model has for each point. */
type View = {
  readonly x: { readonly title: string; readonly scale: 'linear' | 'log' };
  readonly y: { readonly title: string; readonly scale: 'linear' | 'log' };
  figure(summary: SweepSummary): number | undefined;
  format(figure: number): string;
  /** Whether a model is drawn that cannot serve the largest point. */
  readonly drawsParts: boolean;
  headline(lines: readonly ChartLine[], results: readonly LoadResult[]): string;
};

/** Where the figures of a chart come from. */
export type Origin = {
  readonly machine: Machine;
  /** In ISO 8601. */
  readonly date: string;
  readonly rounds: number;
  /** Bytes in a message. */
  readonly bytes: number;
  /** Whether the server had a core of its own. */
  readonly pinned: boolean;
  readonly measurements: readonly SweepMeasurement[];
};

const counted = new Intl.NumberFormat('en');
const listed = new Intl.ListFormat('en');

const views: Readonly<Record<SweepName, View>> = {
  idle: {
    x: { title: 'idle clients, connected beside the active ones', scale: 'linear' },
    y: { title: 'µs of server CPU a message', scale: 'linear' },
    figure: (summary) => echoFiguresOf(summary)?.cpuMicrosPerMessage.total,
    format: (figure) => `${threeDigits(figure)} µs`,
    // They end so far to the left that there is nothing to see.
    drawsParts: false,
    headline: idleHeadline,
  },
  active: {
    x: { title: 'active clients, each with one message under way', scale: 'log' },
    y: { title: 'messages a second', scale: 'linear' },
    figure: (summary) => echoFiguresOf(summary)?.messagesPerSecond,
    format: rate,
    drawsParts: true,
    headline: activeHeadline,
  },
};

/** The chart of a sweep as SVG; undefined when nothing was measured. */
export function drawSweep(
  sweep: Sweep,
  servers: readonly ModelServer[],
  allSummaries: readonly SweepSummary[],
  origin: Origin,
): string | undefined {
  const view = views[sweep.name];
  const ofSweep = ({ workload }: { readonly workload: { readonly sweep: SweepName } }) =>
    workload.sweep === sweep.name;
  const summaries = allSummaries.filter(ofSweep);
  const results = origin.measurements.filter(ofSweep).map(({ result }) => result);
  const largest = sweep.points.at(-1) ?? { active: 0, idle: 0 };
  const bounded = servers.filter((server) => !serves(server, largest.active + largest.idle));
  const drawn = view.drawsParts ? servers : servers.filter((each) => !bounded.includes(each));
  const lines = drawn.flatMap((server) => lineOf(server, sweep, view, summaries));
  if (lines.length === 0) return undefined;
  const { x, y } = view;
  return drawLineChart({
    title: view.headline(lines, results),
    subtitle: [
      describeLoad(sweep, origin),
      describeMachineBriefly(origin.machine),
      origin.date.slice(0, 10),
    ].join(' · '),
    x,
    y,
    lines,
    notes: [
      ...bounded.map(({ label, capacity }) => {
        const notDrawn = view.drawsParts ? '' : ' (not drawn)';
        return `${label}${notDrawn} ${capacity?.cause}.`;
      }),
      ...limitedNotes(drawn, summaries),
      ...disturbances(results).map((note) => `S${note.slice(1)}.`),
    ],
  });
}

function lineOf(
  server: ModelServer,
  { name, points }: Sweep,
  view: View,
  summaries: readonly SweepSummary[],
): ChartLine[] {
  const measured = points.flatMap((point) => {
    const summary = findSummary(summaries, name, point, server);
    const y = summary && view.figure(summary);
    return y === undefined ? [] : [{ x: point[name], y }];
  });
  const last = measured.at(-1);
  if (last === undefined) return [];
  const end = points.at(-1)?.[name];
  const remark = view.format(last.y) + (last.x === end ? '' : ` at ${counted.format(last.x)}`);
  return [{ name: server.label, remark, style: styleOf(server.config.model), points: measured }];
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

/** Models whose best points differ by less than this part of them count as equal. */
const EQUAL = 0.05;

/** Which model, or models, move the most messages; on a busy machine that is unknown. */
function activeHeadline(lines: readonly ChartLine[], results: readonly LoadResult[]): string {
  if (mostlyDisturbed(results)) return 'Messages a second with more and more clients, on a busy machine';
  const peaks = lines
    .map(({ name, points }) => ({ name, peak: Math.max(...points.map(({ y }) => y)) }))
    .sort((a, b) => b.peak - a.peak);
  const most = peaks[0]?.peak ?? 0;
  const names = peaks.filter(({ peak }) => peak > most * (1 - EQUAL)).map(({ name }) => name);
  return `Most messages: ${listed.format(names)}, about ${rate(Number(most.toPrecision(2)))} a second`;
}

function describeLoad(sweep: Sweep, { bytes, rounds, pinned }: Origin): string {
  const active = sweep.points[0]?.active;
  const parts = [`${bytes} bytes a message`, rounds === 1 ? 'one round' : `median of ${rounds} rounds`];
  if (sweep.name === 'idle') parts.unshift(`${active} active ${active === 1 ? 'client' : 'clients'}`);
  if (pinned) parts.push('server on one core');
  return parts.join(', ');
}

function describeMachineBriefly({ cpu, cores, kernel, node }: Machine): string {
  const release = /^(\w+) (\d+\.\d+)/.exec(kernel)?.[0] ?? kernel;
  return `${cpu}, ${cores} cores, ${release}, Node ${node.replace(/^v(\d+\.\d+).*/, '$1')}`;
}

function threeDigits(value: number): string {
  return value < 1_000 ? String(Number(value.toPrecision(3))) : rate(value);
}

/** Of which models the generator could not ask more. */
function limitedNotes(servers: readonly ModelServer[], summaries: readonly SweepSummary[]): string[] {
  const limited = limitedByGenerator(summaries);
  const names = servers.map(({ name }) => name).filter((name) => limited.has(name));
  if (names.length === 0) return [];
  return [`The load generator was the limit at some points of ${listed.format(names)}, which could do more.`];
}

/** The colours of Okabe and Ito, "Color Universal Design" (2008), which colour-blind readers can distinguish; without yellow. */
const COLOURS = ['#d55e00', '#e69f00', '#0072b2', '#cc79a7', '#009e73', '#56b4e9', '#333333'];

const isBlocking = (model: Model) => modelDefinitions[model].mechanism === 'blocking';

/**
 * How the line of a model is drawn, the same on every chart: models that block have dashed lines and hollow markers, the
 * others full ones; within each kind every colour is there once.
 */
export function styleOf(model: Model): LineStyle {
  const blocking = isBlocking(model);
  const index = models.filter((each) => isBlocking(each) === blocking).indexOf(model);
  return {
    colour: COLOURS[index % COLOURS.length] as string,
    dashes: blocking ? '6 4' : '',
    marker: index,
    filled: !blocking,
  };
}
