/** `npm run bench:ring`: measures the ring beside bare forwarding of the same bytes. See ../README.md. */

import { measureRounds } from '../../src/runner/rounds.ts';
import { median, medianRatio } from '../../src/runner/statistics.ts';
import { BenchRing, bareHops, type Figures, type Load, quick } from './rings.ts';

const ROUNDS = quick ? 1 : 3;
const KILLS = quick ? 2 : 10;

async function measured(load: Load): Promise<Figures> {
  const ring = await BenchRing.start(load);
  try {
    return await ring.measure();
  } finally {
    ring.stop();
  }
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const whole = (value: number) => Math.round(value).toLocaleString('en');
let met = true;
function target(holds: boolean): string {
  met &&= holds;
  return holds ? 'met' : 'MISSED';
}

for (const nodes of [3, 5]) {
  const measurements = await measureRounds(
    { rounds: ROUNDS, workloads: [nodes], servers: ['forwarders', 'ring'] },
    async ({ server }) => {
      if (server === 'forwarders') return bareHops(nodes);
      return (await measured({ nodes, window: 1, durable: true, outstanding: 0, paceMs: 0 })).hops;
    },
  );
  const [bare = [], own = []] = ['forwarders', 'ring'].map((name) =>
    measurements.filter(({ server }) => server === name),
  );
  const ratio = medianRatio(own, bare, (hops) => hops) ?? Number.NaN;
  const hops = median(own.map(({ result }) => result));
  const idle = await measured({ nodes, window: 1, durable: true, outstanding: 0 });
  print(
    `${nodes} processes, nothing to send, pace as by default: ${whole(idle.hops)} token hops/s, ${(100 * idle.processor).toFixed(1)} % of a processor each`,
  );
  print(
    `${nodes} processes, nothing to send, no rest: ${whole(hops)} token hops/s, ${ratio.toFixed(2)} of bare forwarding (target 0.5: ${target(ratio >= 0.5)})`,
  );
}
for (const nodes of [3, 5]) {
  for (const durable of [true, false]) {
    for (const window of [1, 64]) {
      const load: Load = { nodes, window, durable, outstanding: 2 * window };
      const measurements = await measureRounds(
        { rounds: ROUNDS, workloads: [load], servers: ['ring'] },
        ({ workload }) => measured(workload),
      );
      const middle = (key: keyof Figures) => median(measurements.map(({ result }) => result[key]));
      const fairness = middle('fairness');
      print(
        `${nodes} processes, W=${window}, ${durable ? 'durable' : 'not durable'}: ${whole(middle('messages'))} messages/s, ` +
          `delivery p50 ${middle('p50').toFixed(2)} ms, p99 ${middle('p99').toFixed(2)} ms, fairness ${fairness.toFixed(4)} (target 0.99: ${target(fairness >= 0.99)})`,
      );
    }
  }
}
{
  const ring = await BenchRing.start({ nodes: 5, window: 1, durable: true, outstanding: 2 });
  const recoveryMs: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) recoveryMs.push(await ring.killAndRecover(kill % 5));
  ring.stop();
  print(
    `5 processes, one killed under load ${KILLS} times: the first delivery after ${whole(median(recoveryMs))} ms, at most ${whole(Math.max(...recoveryMs))} ms (target 500: ${target(median(recoveryMs) < 500)})`,
  );
}
process.exitCode = 0;
if (!met) print('a target was missed; that is a result, not a failure');
