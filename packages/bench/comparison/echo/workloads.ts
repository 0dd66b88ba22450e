import type { Load } from '../../src/load/task.ts';
import type { Workload } from '../../src/runner/plan.ts';

/** A load by the name that `--workloads` calls it; how long it lasts is an option of the run. */
export type WorkloadDefinition = { readonly name: string } & (
  | { readonly kind: 'echo'; readonly clients: number; readonly bytes: number; readonly depth: number }
  | { readonly kind: 'idle'; readonly clients: number }
);

export const workloads: readonly WorkloadDefinition[] = [
  { name: 'one', kind: 'echo', clients: 1, bytes: 64, depth: 1 },
  { name: 'fifty', kind: 'echo', clients: 50, bytes: 64, depth: 1 },
  { name: 'many', kind: 'echo', clients: 500, bytes: 64, depth: 1 },
  { name: 'large', kind: 'echo', clients: 20, bytes: 16 * 1024, depth: 1 },
  { name: 'pipelined', kind: 'echo', clients: 50, bytes: 64, depth: 16 },
  { name: 'idle', kind: 'idle', clients: 5000 },
];

export type Durations = {
  /** The load before the window. */
  readonly warmupSeconds: number;
  /** Length of the measured window. */
  readonly seconds: number;
  /** How long a server is left alone before its memory is read. */
  readonly settleSeconds: number;
};

/** A workload with its clients scaled down to the connections that are possible; the label says how many they are. */
export function workload(
  definition: WorkloadDefinition,
  { warmupSeconds, seconds, settleSeconds }: Durations,
  maxConnections: number,
): Workload {
  const { name } = definition;
  if (definition.kind === 'idle') {
    const clients = Math.min(definition.clients, Math.floor(maxConnections / 2));
    return { name, label: `${clients} more idle clients`, load: { kind: 'idle', clients, settleSeconds } };
  }
  const { bytes, depth } = definition;
  const clients = Math.min(definition.clients, maxConnections);
  const load: Load = { kind: 'echo', clients, idleClients: 0, bytes, depth, warmupSeconds, seconds };
  const size = bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`;
  const inFlight = depth > 1 ? `, ${depth} in flight` : '';
  return { name, label: `${clients} ${clients === 1 ? 'client' : 'clients'}, ${size}${inFlight}`, load };
}
