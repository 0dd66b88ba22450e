/**
 * `npm run bench:hand-over`: what it takes to hand an admitted client over to a worker, from the front's event `opened`
 * to the first call of its protocol in the worker. Clients come one after another: at once, so that the worker has just
 * worked, or after a pause, in which it has gone to sleep and has to be woken. See ../README.md.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Model, type ServeOptions, serve } from 'zocalo';
import { nodeCommand } from '../../src/package-module.ts';
import { measureRounds } from '../../src/runner/rounds.ts';
import { median, percentile } from '../../src/runner/statistics.ts';

const ROUNDS = 3;
const CLIENTS = 600;
/** The first ones of a round find code that is not compiled yet. */
const WARMUP_CLIENTS = 200;
const PAUSE_MS = 5;

type Configuration = { name: string; model: Model; isolation?: 'thread' | 'process'; workers: number };
const configurations: readonly Configuration[] = [
  { name: 'epoll, 1 thread', model: 'epoll', isolation: 'thread', workers: 1 },
  { name: 'thread-pool of 4', model: 'thread-pool', workers: 4 },
  { name: 'epoll, 1 process', model: 'epoll', isolation: 'process', workers: 1 },
  { name: 'process-pool of 4', model: 'process-pool', workers: 4 },
];

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The times of one round. */
async function handOverTimesUs({ name, ...options }: Configuration, pauseMs: number): Promise<number[]> {
  const server = await serve(new URL('./protocol.ts', import.meta.url), options as ServeOptions);
  const admitted = new Map<number, bigint>();
  server.events.on('opened', ({ client }) => admitted.set(client.remotePort, process.hrtime.bigint()));
  const [node = '', ...args] = nodeCommand(path('./clients.ts'));
  const operands = [server.address.port, CLIENTS, pauseMs].map(String);
  const clients = spawn(node, [...args, ...operands], { stdio: ['ignore', 'pipe', 'inherit'] });
  let greetings = '';
  clients.stdout.on('data', (bytes: Buffer) => {
    greetings += bytes;
  });
  await once(clients, 'close');
  await server.close();
  const timesUs = greetings
    .trim()
    .split('\n')
    .map((greeting) => {
      const [port = '', at = ''] = greeting.split(' ');
      const admittedAt = admitted.get(Number(port));
      if (admittedAt === undefined) throw new Error(`${name}: no client was admitted from port ${port}`);
      return Number(BigInt(at) - admittedAt) / 1_000;
    });
  return timesUs.slice(WARMUP_CLIENTS);
}

console.log(`${process.arch}, Node ${process.version}: p50 and p90 in us, medians of ${ROUNDS} rounds\n`);
const measurements = await measureRounds(
  { rounds: ROUNDS, workloads: [0, PAUSE_MS], servers: configurations },
  ({ workload: pauseMs, server: configuration }) => handOverTimesUs(configuration, pauseMs),
);
for (const configuration of configurations) {
  for (const pauseMs of [0, PAUSE_MS]) {
    const rounds = measurements.filter(
      ({ server, workload }) => server === configuration && workload === pauseMs,
    );
    const at = (part: number) =>
      median(rounds.map(({ result }) => percentile(result, part)))
        .toFixed(0)
        .padStart(4);
    const when = pauseMs === 0 ? 'one right after another' : `every ${pauseMs} ms`;
    console.log(`${configuration.name.padEnd(20)} ${when.padEnd(26)} p50 ${at(0.5)}  p90 ${at(0.9)}`);
  }
}
