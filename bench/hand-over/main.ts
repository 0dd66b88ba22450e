/**
 * `npm run bench:hand-over`: what it takes to hand an admitted client over to a worker, from the front's event `opened` to the first
 * call of its protocol in the worker. Clients come one after another: at once, so that the worker has just worked, or after a pause,
 * in which it has gone to sleep and has to be woken. See bench/README.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Model, ServeOptions } from '../../src/index.ts';
import { serve } from '../../src/index.ts';
import { median } from '../../src/measure/median.ts';

const ROUNDS = 3;
const CLIENTS = 600;
/** The first ones of a round find code that is not compiled yet. */
const WARMING = 200;
const PAUSE = 5;

type Subject = { name: string; model: Model; isolation?: 'thread' | 'process'; workers: number };
const subjects: readonly Subject[] = [
  { name: 'epoll, 1 thread', model: 'epoll', isolation: 'thread', workers: 1 },
  { name: 'thread-pool of 4', model: 'thread-pool', workers: 4 },
  { name: 'epoll, 1 process', model: 'epoll', isolation: 'process', workers: 1 },
  { name: 'process-pool of 4', model: 'process-pool', workers: 4 },
];

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The times of one round, in microseconds. */
async function handOvers({ name, ...options }: Subject, pause: number): Promise<number[]> {
  const server = await serve(new URL('./protocol.ts', import.meta.url), options as ServeOptions);
  const admitted = new Map<number, bigint>();
  server.events.on('opened', ({ client }) => admitted.set(client.remotePort, process.hrtime.bigint()));
  const command = [path('./clients.ts'), `${server.address.port}`, `${CLIENTS}`, `${pause}`];
  const clients = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let greetings = '';
  clients.stdout.on('data', (bytes: Buffer) => {
    greetings += bytes;
  });
  await once(clients, 'close');
  await server.close();
  const times = greetings
    .trim()
    .split('\n')
    .map((greeting) => {
      const [port = '', at = ''] = greeting.split(' ');
      const since = admitted.get(Number(port));
      if (since === undefined) throw new Error(`${name}: nobody was admitted from port ${port}`);
      return Number(BigInt(at) - since) / 1_000;
    });
  return times.slice(WARMING);
}

console.log(`${process.arch}, Node ${process.version}: p50 and p90 in us, medians of ${ROUNDS} rounds\n`);
for (const subject of subjects) {
  for (const pause of [0, PAUSE]) {
    const rounds: number[][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push((await handOvers(subject, pause)).sort((a, b) => a - b));
    }
    const at = (part: number) =>
      median(rounds.map((times) => times[Math.floor(part * times.length)] as number)).toFixed(0);
    const when = pause === 0 ? 'one right after another' : `every ${pause} ms`;
    console.log(
      `${subject.name.padEnd(20)} ${when.padEnd(26)} p50 ${at(0.5).padStart(4)}  p90 ${at(0.9).padStart(4)}`,
    );
  }
}
