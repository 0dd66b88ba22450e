/** What is measured once: a server under a workload, in a round. */
export type Turn<Workload, Server> = {
  readonly round: number;
  readonly workload: Workload;
  readonly server: Server;
};

export type Measurement<Workload, Server, Result> = Turn<Workload, Server> & { readonly result: Result };

export type Rounds<Workload, Server> = {
  readonly rounds: number;
  readonly workloads: readonly Workload[];
  readonly servers: readonly Server[];
  /** Whether a server is measured under a workload; by default it is. */
  readonly applies?: (server: Server, workload: Workload) => boolean;
};

/**
 * All turns in order. Within a round, for each workload, the servers have their turns one right after the other, so
 * that what else the machine does in these seconds affects all of them alike.
 */
export function turnsOf<Workload, Server>({
  rounds,
  workloads,
  servers,
  applies = () => true,
}: Rounds<Workload, Server>): Turn<Workload, Server>[] {
  return Array.from({ length: rounds }, (_, i) => i + 1).flatMap((round) =>
    workloads.flatMap((workload) =>
      servers.filter((server) => applies(server, workload)).map((server) => ({ round, workload, server })),
    ),
  );
}

/** Measures turn after turn. */
export async function measureRounds<Workload, Server, Result>(
  rounds: Rounds<Workload, Server>,
  measure: (turn: Turn<Workload, Server>) => Result | Promise<Result>,
): Promise<Measurement<Workload, Server, Result>[]> {
  const measurements: Measurement<Workload, Server, Result>[] = [];
  for (const turn of turnsOf(rounds)) measurements.push({ ...turn, result: await measure(turn) });
  return measurements;
}
