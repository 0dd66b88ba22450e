import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformError } from '../errors.ts';
import { placeOnCores } from './cores.ts';
import { disturbances } from './echo-figures.ts';
import { span } from './format.ts';
import { describeMachine, mostConnections } from './machine.ts';
import { endAll } from './processes.ts';
import { Progress } from './progress.ts';
import { capacity, type Subject } from './subject.ts';
import { estimates, probe, runSweeps, type Sample, type SweepPlan, within } from './sweep.ts';
import { drawSweep } from './sweep-charts.ts';
import { summarizeSweeps, sweepNotes } from './sweep-summary.ts';
import { renderSweep } from './sweep-table.ts';

/** What is to be measured. */
export type Undertaking = Pick<SweepPlan, 'sweeps' | 'subjects' | 'bytes' | 'seconds' | 'rounds'>;

export type Circumstances = {
  /** Where the results are written; it exists. */
  readonly directory: string;
  /** When the run began, in ISO 8601. */
  readonly date: string;
  /** Tells a person something before it begins. */
  readonly say: (words: string) => void;
  /** Breaks the run off: what has been started is ended, and the promise rejects. */
  readonly signal: AbortSignal;
};

/** What a run came to. */
export type Outcome = {
  readonly tables: readonly string[];
  readonly notes: readonly string[];
  /** The paths of what was written. */
  readonly files: readonly string[];
  /** Whether a measurement gave no result, or a model that should run here fails. */
  readonly failed: boolean;
};

/** The load before the window, in seconds: until then V8 has compiled what is hot. */
const WARMUP_SECONDS = 0.5;
/** The same for each worker: all of them have one core. */
const WORKER_WARMUP_SECONDS = 0.1;

/** Measures models with growing crowds of clients, and writes figures and charts. */
export async function runInstrument(what: Undertaking, circumstances: Circumstances): Promise<Outcome> {
  const { signal, say } = circumstances;
  signal.addEventListener('abort', endAll);
  const notes: string[] = [];
  const placement = placeOnCores();
  if (placement.note !== undefined) notes.push(placement.note);
  const most = mostConnections();
  const sweeps = what.sweeps.map((sweep) => within(sweep, most));
  if (JSON.stringify(sweeps) !== JSON.stringify(what.sweeps)) {
    notes.push(`there is room for ${most} connections (open files, ports): larger crowds are scaled down`);
  }
  const { ready, missing } = await probe(what.subjects, signal);
  for (const { model, reason, failed } of missing) {
    notes.push(`${model} ${failed ? 'fails' : 'cannot run here'} and is left out: ${reason}`);
  }
  if (ready.length === 0) throw new PlatformError(`nothing can be measured here: ${notes.join('; ')}`);

  // A window that is too short for figures is for those who look whether everything runs.
  const part = Math.min(1, what.seconds / WARMUP_SECONDS);
  const plan: SweepPlan = {
    ...what,
    sweeps,
    subjects: ready,
    warmupSeconds: part * WARMUP_SECONDS,
    workerWarmupSeconds: part * WORKER_WARMUP_SECONDS,
    placement,
  };
  for (const note of notes) say(note);
  const seconds = estimates(plan);
  say(`${seconds.length} measurements, about ${span(seconds.reduce((sum, each) => sum + each, 0))}`);
  const progress = new Progress(seconds);
  try {
    const samples = await runSweeps(plan, progress, signal);
    const outcome = report(plan, samples, notes, circumstances);
    return { ...outcome, failed: outcome.failed || missing.some(({ failed }) => failed) };
  } finally {
    progress.stop();
    signal.removeEventListener('abort', endAll);
  }
}

function report(
  plan: SweepPlan,
  samples: readonly Sample[],
  before: readonly string[],
  { directory, date }: Circumstances,
): Outcome {
  const summary = summarizeSweeps(samples);
  const notes = [...before, ...sweepNotes(summary), ...disturbances(samples.map(({ result }) => result))];
  const machine = describeMachine();
  const { sweeps, subjects, rounds, bytes, warmupSeconds, workerWarmupSeconds, seconds, placement } = plan;
  const { cores } = placement;
  const figures = {
    date,
    machine,
    cores,
    options: { rounds, bytes, warmupSeconds, workerWarmupSeconds, seconds },
    sweeps,
    models: subjects.map((subject) => ({ ...subject, ...bound(subject) })),
    notes,
    summary,
    measurements: samples,
  };
  const files: string[] = [];
  const write = (name: string, text: string) => {
    files.push(join(directory, name));
    writeFileSync(join(directory, name), text);
  };
  write('results.json', `${JSON.stringify(figures, null, 2)}\n`);
  for (const sweep of sweeps) {
    const chart = drawSweep(sweep, plan, summary, { machine, date, samples });
    if (chart !== undefined) write(`${sweep.name}.svg`, chart);
  }
  return {
    tables: sweeps.map((sweep) => renderSweep(sweep, subjects, summary)),
    notes,
    files,
    failed: samples.some(({ result }) => result.kind === 'failure'),
  };
}

/** The most clients that a model was measured with, where its nature bounds them. */
function bound(subject: Subject): { most?: number; cause?: string } {
  return capacity(subject) ?? {};
}
