import type { LoadMeasurement, Plan, Workload } from '../runner/plan.ts';
import type { Summary } from '../runner/summary.ts';
import type { ModelServer } from './model-server.ts';

/** Clients that are connected at once: those in a closed loop, and those that send nothing. */
export type ClientCounts = { readonly active: number; readonly idle: number };

/** What grows along a sweep. */
export type SweepName = 'idle' | 'active';

/** A series of numbers of clients, in which one of the two grows. */
export type Sweep = { readonly name: SweepName; readonly points: readonly ClientCounts[] };

/** A point of a sweep as the load on a server. */
export type SweepPoint = Workload & ClientCounts & { readonly sweep: SweepName };
export type SweepMeasurement = LoadMeasurement<SweepPoint, ModelServer>;
export type SweepSummary = Summary<SweepPoint, ModelServer>;
export type SweepPlan = Plan<SweepPoint, ModelServer>;

export type SweepOptions = {
  readonly rounds: number;
  /** Bytes in a message. */
  readonly bytes: number;
  /** The load before the window. */
  readonly warmupSeconds: number;
  /** Length of the measured window. */
  readonly seconds: number;
};

export function sweepPoint(
  sweep: SweepName,
  { active, idle }: ClientCounts,
  { bytes, warmupSeconds, seconds }: Omit<SweepOptions, 'rounds'>,
): SweepPoint {
  return {
    name: pointName(sweep, { active, idle }),
    label: `${active} active, ${idle} idle`,
    sweep,
    active,
    idle,
    load: { kind: 'echo', clients: active, idleClients: idle, bytes, depth: 1, warmupSeconds, seconds },
  };
}

/** What a model's server came to at a point of a sweep; undefined where it was not measured. */
export function findSummary(
  summaries: readonly SweepSummary[],
  sweep: SweepName,
  point: ClientCounts,
  server: ModelServer,
): SweepSummary | undefined {
  const name = pointName(sweep, point);
  return summaries.find((each) => each.workload.name === name && each.server.name === server.name);
}

function pointName(sweep: SweepName, { active, idle }: ClientCounts): string {
  return `${sweep}: ${active} + ${idle}`;
}

/** A sweep within what the limit on open files permits: larger loads are replaced by the largest that is possible. */
export function within(sweep: Sweep, maxConnections: number): Sweep {
  const fitting = sweep.points.map(({ active, idle }) => {
    const inClosedLoop = Math.min(active, maxConnections);
    return { active: inClosedLoop, idle: Math.min(idle, maxConnections - inClosedLoop) };
  });
  const distinct = new Map(fitting.map((point) => [`${point.active} ${point.idle}`, point]));
  return { name: sweep.name, points: [...distinct.values()] };
}
