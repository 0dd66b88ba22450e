import type { Placement } from './cores.ts';
import { estimatedSeconds, measure } from './measure.ts';
import { startServer, UnavailableError } from './processes.ts';
import type { Progress } from './progress.ts';
import { capacity, echoServer, type Subject, workersOf } from './subject.ts';
import type { EchoLoad, EchoResult, Failure } from './task.ts';

/** Clients that are connected at once: those in a closed loop, and those that say nothing. */
export type Crowd = { readonly active: number; readonly idle: number };

/** What grows along a sweep. */
export type SweepName = 'idle' | 'active';

/** A series of crowds, in which one of the two numbers grows. */
export type Sweep = { readonly name: SweepName; readonly crowds: readonly Crowd[] };

export type SweepPlan = {
  readonly subjects: readonly Subject[];
  readonly sweeps: readonly Sweep[];
  readonly rounds: number;
  /** Bytes in a message. */
  readonly bytes: number;
  /** The load before the window: in all at least, and for each worker, which compiles what is hot for itself. */
  readonly warmupSeconds: number;
  readonly workerWarmupSeconds: number;
  /** Length of the measured window. */
  readonly seconds: number;
  readonly placement: Placement;
};

/** One measurement of a run. */
export type Sample = Crowd & {
  readonly round: number;
  readonly sweep: SweepName;
  readonly model: string;
  readonly result: EchoResult | Failure;
};

type Turn = { round: number; sweep: SweepName; crowd: Crowd; subject: Subject };

/** A subject that is not measured: it cannot run on this machine, or should and fails. */
export type Missing = { readonly model: string; readonly reason: string; readonly failed: boolean };

/** Starts a server of each subject once, to see which of them this machine can run. */
export async function probe(
  subjects: readonly Subject[],
  signal: AbortSignal,
): Promise<{ ready: Subject[]; missing: Missing[] }> {
  const ready: Subject[] = [];
  const missing: Missing[] = [];
  for (const subject of subjects) {
    try {
      const server = await startServer(echoServer(subject));
      await server.stop();
      ready.push(subject);
    } catch (error) {
      signal.throwIfAborted();
      const { message: reason } = error as Error;
      missing.push({ model: subject.model, reason, failed: !(error instanceof UnavailableError) });
    }
    signal.throwIfAborted();
  }
  return { ready, missing };
}

/**
 * Measures everything. Within a round, for each crowd, the models have their turns one right after the other, so that what
 * else the machine does in these seconds hits all of them alike.
 * @param signal breaks it off; the processes that run then must be ended by whoever aborts
 */
export async function runSweeps(plan: SweepPlan, progress: Progress, signal: AbortSignal): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const { round, sweep, crowd, subject } of turns(plan)) {
    const { model } = subject;
    progress.begin(`round ${round}, ${crowd.active} active, ${crowd.idle} idle, ${model}`);
    const result = await measure(echoServer(subject), loadOf(subject, crowd, plan), plan.placement);
    signal.throwIfAborted();
    if (result.kind === 'idle') throw new Error('the generator answered another task');
    samples.push({ round, sweep, ...crowd, model, result });
    progress.end(result);
  }
  return samples;
}

/** About how long each measurement of a run takes, in seconds. */
export function estimates(plan: SweepPlan): number[] {
  return turns(plan).map(({ subject, crowd }) => estimatedSeconds(loadOf(subject, crowd, plan)));
}

/** All turns in order; a subject has none where it cannot serve the crowd. */
function turns({ subjects, sweeps, rounds }: SweepPlan): Turn[] {
  return Array.from({ length: rounds }, (_, i) => i + 1).flatMap((round) =>
    sweeps.flatMap(({ name: sweep, crowds }) =>
      crowds.flatMap((crowd) =>
        subjects
          .filter((subject) => serves(subject, crowd))
          .map((subject) => ({ round, sweep, crowd, subject })),
      ),
    ),
  );
}

/** Whether a subject can serve so many clients at once by its nature. */
export function serves(subject: Subject, { active, idle }: Crowd): boolean {
  return active + idle <= (capacity(subject)?.most ?? Number.POSITIVE_INFINITY);
}

function loadOf(subject: Subject, { active, idle }: Crowd, plan: SweepPlan): EchoLoad {
  const { bytes, seconds } = plan;
  const warmupSeconds = Math.max(plan.warmupSeconds, workersOf(subject, active) * plan.workerWarmupSeconds);
  return { kind: 'echo', clients: active, idleClients: idle, bytes, depth: 1, warmupSeconds, seconds };
}

/** A sweep within what the limit on open files permits: larger crowds are replaced by the largest that is possible. */
export function within(sweep: Sweep, most: number): Sweep {
  const fitting = sweep.crowds.map(({ active, idle }) => {
    const inClosedLoop = Math.min(active, most);
    return { active: inClosedLoop, idle: Math.min(idle, most - inClosedLoop) };
  });
  const distinct = new Map(fitting.map((crowd) => [`${crowd.active} ${crowd.idle}`, crowd]));
  return { name: sweep.name, crowds: [...distinct.values()] };
}
