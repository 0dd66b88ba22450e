/**
 * `npm run bench:names -- [ROUNDS] [SECONDS]`: the service `names` beside unbound and dnsmasq, asked by dnsperf over TCP.
 * See ../README.md.
 */

import { spawnSync } from 'node:child_process';
import { readHostsFile } from '@zocalo/names';
import { ruledTable } from '../../src/report/text.ts';
import { onCore, placeOnCores } from '../../src/runner/placement.ts';
import { type Measurement, measureRounds } from '../../src/runner/rounds.ts';
import { median, medianRatio } from '../../src/runner/statistics.ts';
import { exitOnSignals, startOnPort } from '../processes.ts';
import { dnsperf, type Run } from './dnsperf.ts';
import { HOSTS_FILE_LINES, type NameServer, nameServers } from './servers.ts';

/** Questions a second at which the latencies of all can be compared; unbound can do twice as many. */
const SAME_RATE = 30_000;
const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 3);
const { cores, note } = placeOnCores();

/** As fast as it can, at half of that, and at {@link SAME_RATE}. */
type Runs = { readonly peak: Run; readonly half: Run; readonly same: Run };

exitOnSignals();
process.env.PATH += ':/usr/sbin:/usr/local/sbin';
for (const program of ['dnsperf', 'unbound', 'dnsmasq'])
  if (spawnSync('which', [program]).status !== 0) throw new Error(`${program} is not installed`);
console.log(
  `${process.arch}, Node ${process.version}, ${rounds} rounds of ${seconds} s; ${note ?? 'a core each'}\n`,
);
const { upstream, servers, largeHosts } = await nameServers();
const { stop } = await startOnPort(onCore(cores?.generator, upstream.command), upstream.port);
try {
  print(await measureRounds({ rounds, workloads: ['tcp'], servers }, ({ server }) => measure(server)));
  await printLoading(largeHosts);
} finally {
  await stop();
}

async function measure(server: NameServer): Promise<Runs> {
  const { pid, stop } = await startOnPort(onCore(cores?.server, server.command), server.port);
  const ask = (...args: string[]) => dnsperf(server, pid, cores?.generator, args);
  const atRate = (rate: number) => ask('-l', `${seconds}`, '-Q', `${rate}`, '-v');
  try {
    await ask('-n', '20', '-l', '1');
    const peak = await ask('-l', `${seconds}`);
    const halfRate = Math.round(peak.queriesPerSecond / 2);
    // Programs that are compiled while they run compile anew for another load, on the one core that they have here.
    await atRate(halfRate);
    return { peak, half: await atRate(halfRate), same: await atRate(SAME_RATE) };
  } finally {
    await stop();
  }
}

function print(measurements: readonly Measurement<string, NameServer, Runs>[]): void {
  const reference = measurements.filter(({ server }) => server.name === 'unbound, cached');
  const rows = servers.map((server) => {
    const own = measurements.filter((each) => each.server === server);
    const middle = (figure: (runs: Runs) => number) => median(own.map(({ result }) => figure(result)));
    const ratio = medianRatio(own, reference, ({ peak }) => peak.queriesPerCpuSecond) ?? Number.NaN;
    const reached = own.every(({ result }) => result.same.queriesPerSecond > 0.95 * SAME_RATE);
    return [
      server.name,
      middle(({ peak }) => peak.queriesPerSecond).toFixed(0),
      middle(({ peak }) => peak.queriesPerCpuSecond).toFixed(0),
      ratio.toFixed(2),
      middle(({ half }) => half.p50Ms).toFixed(2),
      middle(({ half }) => half.p99Ms).toFixed(2),
      reached ? middle(({ same }) => same.p99Ms).toFixed(2) : 'not reached',
    ];
  });
  const head = [
    '',
    'queries/s',
    'queries/CPU s',
    '× unbound',
    'p50 at half load, ms',
    'p99 at half load, ms',
    `p99 at ${SAME_RATE}/s, ms`,
  ];
  console.log(ruledTable([head, ...rows]));
}

async function printLoading(path: string): Promise<void> {
  const timesMs: number[] = [];
  for (let i = 0; i < 5; i++) {
    const beganMs = performance.now();
    await readHostsFile(path);
    timesMs.push(performance.now() - beganMs);
  }
  const loadMs = median(timesMs).toFixed(0);
  console.log(`\na hosts file of ${HOSTS_FILE_LINES} lines loads in ${loadMs} ms (median of 5)`);
}
