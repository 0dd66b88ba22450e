/**
 * `npm run bench:thread-pool`: how soon a client is answered while all threads of Node's pool compute for others, as they
 * do for cryptography, compression, files and DNS. A server that waited on one of those threads would answer when they
 * are done. See ../README.md.
 */
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { lines, type Model, type Protocol, serve } from 'zocalo';
import { nodeCommand } from '../../src/package-module.ts';
import { startServer } from '../../src/runner/processes.ts';
import { measureRounds } from '../../src/runner/rounds.ts';
import { median, percentile } from '../../src/runner/statistics.ts';
import { exitOnSignals } from '../processes.ts';

const ROUNDS = 3;
const WINDOW_MS = 1_000;
/** The threads of Node's pool, unless UV_THREADPOOL_SIZE says otherwise. */
const POOL_THREADS = 4;
const models: readonly Model[] = ['epoll', 'uring', 'poll', 'select', 'sigio', 'libuv'];

exitOnSignals();
if (process.argv[2] === 'server') await serveModel(process.argv[3] as Model);
else await compare();

/** A line comes back; after `compute` the pool has work, for as long as the client is there. */
async function serveModel(model: Model): Promise<void> {
  const protocol: Protocol<string> = {
    name: 'pool',
    framing: lines(),
    message(line, client) {
      if (line === 'compute') for (let i = 0; i < POOL_THREADS; i++) compute(client.signal);
      return `${line}\n`;
    },
  };
  const { address } = await serve(protocol, { model });
  console.log(`listening ${address.port}`);
}

function compute(signal: AbortSignal): void {
  pbkdf2('password', 'salt', 100_000, 64, 'sha512', () => {
    if (!signal.aborted) compute(signal);
  });
}

async function compare(): Promise<void> {
  const measurements = await measureRounds(
    { rounds: ROUNDS, workloads: [false, true], servers: models },
    ({ server: model, workload: computes }) => latenciesUs(model, computes),
  );
  console.log(`${process.arch}, Node ${process.version}: medians of ${ROUNDS} rounds of ${WINDOW_MS} ms\n`);
  for (const model of models) {
    const cells = [false, true].map((computes) => {
      const rounds = measurements.filter(({ server, workload }) => server === model && workload === computes);
      const at = (part: number) =>
        median(rounds.map(({ result }) => percentile(result, part)))
          .toFixed(0)
          .padStart(6);
      return `${computes ? 'pool computes' : 'pool idle'}: p50 ${at(0.5)} us, p99 ${at(0.99)} us`;
    });
    console.log(`${model.padEnd(8)} ${cells.join('    ')}`);
  }
}

/** The times from a line to its answer, one after another for the length of the window. */
async function latenciesUs(model: Model, computes: boolean): Promise<number[]> {
  const { port, stop } = await startServer([
    ...nodeCommand(fileURLToPath(import.meta.url)),
    ...['server', model],
  ]);
  try {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const ask = async (line: string) => {
      socket.write(`${line}\n`);
      await once(socket, 'data');
    };
    await ask(computes ? 'compute' : 'hello');
    const timesUs: number[] = [];
    const end = performance.now() + WINDOW_MS;
    for (let now = performance.now(); now < end; ) {
      await ask('hello');
      const answered = performance.now();
      timesUs.push((answered - now) * 1_000);
      now = answered;
    }
    socket.destroy();
    return timesUs;
  } finally {
    await stop();
  }
}
