import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformError } from 'zocalo';
import { disturbances } from '../report/disturbances.ts';
import { Progress } from '../report/progress.ts';
import { duration } from '../report/text.ts';
import { describeMachine, maxConnections } from '../runner/machine.ts';
import { placeOnCores } from '../runner/placement.ts';
import { estimates, probe, runPlan } from '../runner/plan.ts';
import { endAll } from '../runner/processes.ts';
import { summarize } from '../runner/summary.ts';
import { drawSweep } from './charts.ts';
import { type ModelConfig, modelServer } from './model-server.ts';
import { sweepNotes } from './notes.ts';
import {
  type Sweep,
  type SweepMeasurement,
  type SweepOptions,
  type SweepPlan,
  sweepPoint,
  within,
} from './sweep.ts';
import { renderSweep } from './tables.ts';

/** What is to be measured. */
export type SweepRequest = Omit<SweepOptions, 'warmupSeconds'> & {
  readonly sweeps: readonly Sweep[];
  readonly models: readonly ModelConfig[];
};

export type RunContext = {
  /** Where the results are written; it exists. */
  readonly directory: string;
  /** When the run began, in ISO 8601. */
  readonly date: string;
  /** Prints a message for the user before the measurements begin. */
  readonly notify: (message: string) => void;
  /** Stops the run: what has been started is ended, and the promise rejects. */
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

/** Measures models with a growing number of clients, and writes figures and charts. */
export async function runSweeps(request: SweepRequest, context: RunContext): Promise<Outcome> {
  const { signal, notify } = context;
  signal.addEventListener('abort', endAll);
  const notes: string[] = [];
  const placement = placeOnCores();
  if (placement.note !== undefined) notes.push(placement.note);
  const limit = maxConnections();
  const sweeps = request.sweeps.map((sweep) => within(sweep, limit));
  if (JSON.stringify(sweeps) !== JSON.stringify(request.sweeps)) {
    notes.push(`there is room for ${limit} connections (open files, ports): larger loads are scaled down`);
  }
  // A window that is too short for figures is to see whether everything runs.
  const part = Math.min(1, request.seconds / WARMUP_SECONDS);
  const { rounds, bytes, seconds } = request;
  const workerWarmupSeconds = part * WORKER_WARMUP_SECONDS;
  const options = { rounds, bytes, warmupSeconds: part * WARMUP_SECONDS, workerWarmupSeconds, seconds };
  const servers = request.models.map((config) => modelServer(config, workerWarmupSeconds));
  const { ready, missing } = await probe(servers, signal);
  for (const { name, reason, failed } of missing) {
    notes.push(`${name} ${failed ? 'fails' : 'cannot run here'} and is left out: ${reason}`);
  }
  if (ready.length === 0) throw new PlatformError(`nothing can be measured here: ${notes.join('; ')}`);

  const plan: SweepPlan = {
    servers: ready,
    workloads: sweeps.flatMap(({ name, points }) => points.map((point) => sweepPoint(name, point, options))),
    rounds,
    placement,
    title: ({ round, workload, server }) => `round ${round}, ${workload.label}, ${server.label}`,
  };
  for (const note of notes) notify(note);
  const estimated = estimates(plan);
  const wholeSeconds = estimated.reduce((sum, each) => sum + each, 0);
  notify(`${estimated.length} measurements, about ${duration(wholeSeconds)}`);
  const progress = new Progress(estimated);
  try {
    const measurements = await runPlan(plan, progress, signal);
    const outcome = report(sweeps, plan, options, measurements, notes, context);
    return { ...outcome, failed: outcome.failed || missing.some(({ failed }) => failed) };
  } finally {
    progress.stop();
    signal.removeEventListener('abort', endAll);
  }
}

function report(
  sweeps: readonly Sweep[],
  { servers, placement }: SweepPlan,
  options: SweepOptions,
  measurements: readonly SweepMeasurement[],
  earlierNotes: readonly string[],
  { directory, date }: RunContext,
): Outcome {
  const summaries = summarize(measurements);
  const results = measurements.map(({ result }) => result);
  const notes = [...earlierNotes, ...sweepNotes(summaries), ...disturbances(results)];
  const machine = describeMachine();
  const { cores } = placement;
  const figures = {
    date,
    machine,
    cores,
    options,
    sweeps: sweeps.map(({ name, points }) => ({ name, crowds: points })),
    models: servers.map(({ config, capacity }) => ({
      ...config,
      ...(capacity && { most: capacity.maxClients, cause: capacity.cause }),
    })),
    notes,
    summary: summaries.map(({ workload: { sweep, active, idle }, server, ...rest }) => ({
      sweep,
      model: server.name,
      active,
      idle,
      ...rest,
    })),
    measurements: measurements.map(({ round, workload: { sweep, active, idle }, server, result }) => ({
      round,
      sweep,
      active,
      idle,
      model: server.name,
      result,
    })),
  };
  const files: string[] = [];
  const write = (name: string, text: string) => {
    files.push(join(directory, name));
    writeFileSync(join(directory, name), text);
  };
  write('results.json', `${JSON.stringify(figures, null, 2)}\n`);
  for (const sweep of sweeps) {
    const origin = { ...options, machine, date, pinned: cores !== null, measurements };
    const chart = drawSweep(sweep, servers, summaries, origin);
    if (chart !== undefined) write(`${sweep.name}.svg`, chart);
  }
  return {
    tables: sweeps.map((sweep) => renderSweep(sweep, servers, summaries)),
    notes,
    files,
    failed: results.some(({ kind }) => kind === 'failure'),
  };
}
