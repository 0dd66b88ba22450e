import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Outcome, shrink, simulate } from './simulate.ts';

/** What a range of seeds came to. */
export type SimulationCounts = { simulations: number; steps: number; failures: Failure[] };

/** A seed that fails, and the smallest scenario that still does. */
export type Failure = { seed: number; violation: string; smallest: Outcome };

type Range = { first: number; count: number; stride: number };

/** More failures than these are not looked into: one is enough to begin with. */
const MAX_FAILURES = 3;

/** Simulates the seeds from `first` on, as many as told, on as many threads as there are processors. */
export async function simulateMany(
  first: number,
  count: number,
  threads = availableParallelism(),
): Promise<SimulationCounts> {
  const results = await Promise.all(
    Array.from({ length: threads }, (_, index) => {
      const share = Math.ceil((count - index) / threads);
      return inThread({ first: first + index, count: share, stride: threads });
    }),
  );
  return {
    simulations: results.reduce((sum, counts) => sum + counts.simulations, 0),
    steps: results.reduce((sum, counts) => sum + counts.steps, 0),
    failures: results.flatMap((counts) => counts.failures),
  };
}

function inThread(range: Range): Promise<SimulationCounts> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: range });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function simulateRange({ first, count, stride }: Range): SimulationCounts {
  const counts: SimulationCounts = { simulations: 0, steps: 0, failures: [] };
  for (let index = 0; index < count && counts.failures.length < MAX_FAILURES; index++) {
    const outcome = simulate(first + index * stride);
    counts.simulations++;
    counts.steps += outcome.steps;
    if (outcome.violation === undefined) continue;
    counts.failures.push({ seed: outcome.seed, violation: outcome.violation, smallest: shrink(outcome) });
  }
  return counts;
}

export function describeFailure({ seed, violation, smallest }: Failure): string {
  const { nodes, window, faults, files } = smallest.scenario;
  const messages = files.reduce((sum, file) => sum + file.length, 0);
  return `seed ${seed}: ${violation}
  smallest: ${smallest.violation}; ${nodes} nodes, W ${window}, ${messages} messages, faults ${JSON.stringify(faults)}`;
}

// In a thread: the seeds that it was given. As a program: FIRST and COUNT on the command line, 0 and 10,000 unless given.
if (!isMainThread && parentPort !== null) parentPort.postMessage(simulateRange(workerData as Range));
else if (import.meta.main) {
  const [first = 0, count = 10_000] = process.argv.slice(2).map(Number);
  const { simulations, steps, failures } = await simulateMany(first, count);
  console.log(
    `${simulations} simulations from seed ${first} on, ${steps} steps, ${failures.length} failures`,
  );
  for (const failure of failures) console.log(describeFailure(failure));
  process.exitCode = failures.length === 0 ? 0 : 1;
}
