/** Clients that each send, wait for what comes back and send again (a closed loop). */
export type EchoWorkload = {
  kind: 'echo';
  /** What `--workloads` calls it. */
  name: string;
  /** What the table calls it. */
  label: string;
  clients: number;
  /** Bytes in a message. */
  bytes: number;
  /** Messages that a client has in flight at once. */
  depth: number;
};

/** Clients that have sent one message and then only stay connected, beside as many that came before. */
export type IdleWorkload = { kind: 'idle'; name: string; label: string; clients: number };

export type Workload = EchoWorkload | IdleWorkload;

const echo = (name: string, clients: number, bytes: number, depth = 1): EchoWorkload => ({
  kind: 'echo',
  name,
  label: `${clients} ${clients === 1 ? 'client' : 'clients'}, ${size(bytes)}${depth > 1 ? `, ${depth} in flight` : ''}`,
  clients,
  bytes,
  depth,
});

const idle = (name: string, clients: number): IdleWorkload => ({
  kind: 'idle',
  name,
  label: `${clients} more idle clients`,
  clients,
});

const size = (bytes: number): string => (bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`);

export const workloads: readonly Workload[] = [
  echo('one', 1, 64),
  echo('fifty', 50, 64),
  echo('many', 500, 64),
  echo('large', 20, 16 * 1024),
  echo('pipelined', 50, 64, 16),
  idle('idle', 5000),
];

/** Connections that are open at once at the most. */
export const connections = ({ kind, clients }: Workload): number => (kind === 'idle' ? 2 * clients : clients);

/** A workload within what the descriptor limit permits: the same, or with fewer clients and a label that says so. */
export function within(workload: Workload, most: number): Workload {
  if (connections(workload) <= most) return workload;
  return workload.kind === 'idle'
    ? idle(workload.name, Math.floor(most / 2))
    : echo(workload.name, most, workload.bytes, workload.depth);
}
