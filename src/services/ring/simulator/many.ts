import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Outcome, shrink, simulate } from './simulate.ts';

/** What a range of seeds came to. */
export type Tally = { simulations: number; steps: number; failures: Failure[] };

/** A seed that fails, and the smallest scenario that still does. */
export type Failure = { seed: number; violation: string; smallest: Outcome };

type Range = { first: number; count: number; stride: number };

/** More failures than these are not looked into: one is enough to begin with. */
const ENOUGH = 3;

/** Simulates the seeds from `first` on, as many as told, on as many threads as there are processors. */
export async function simulateMany(
  first: number,
  count: number,
  threads = availableParallelism(),
): Promise<Tally> {
  const tallies = await Promise.all(
    Array.from({ length: threads }, (_, index) => {
      const share = Math.ceil((count - index) / threads);
      return inThread({ first: first + index, count: share, stride: threads });
    }),
  );
  return {
    simulations: tallies.reduce((sum, tally) => sum + tally.simulations, 0),
    steps: tallies.reduce((sum, tally) => sum + tally.steps, 0),
    failures: tallies.flatMap((tally) => tally.failures),
  };
}

function inThread(range: Range): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: range });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function simulateRange({ first, count, stride }: Range): Tally {
  const tally: Tally = { simulations: 0, steps: 0, failures: [] };
  for (let index = 0; index < count && tally.failures.length < ENOUGH; index++) {
    const outcome = simulate(first + index * stride);
    tally.simulations++;
    tally.steps += outcome.steps;
    if (outcome.violation === undefined) continue;
    tally.failures.push({ seed: outcome.seed, violation: outcome.violation, smallest: shrink(outcome) });
  }
  return tally;
}

if (!isMainThread && parentPort !== null) parentPort.postMessage(simulateRange(workerData as Range));
