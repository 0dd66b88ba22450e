/**
 * `npm run bench:sql`: pgbench against PostgreSQL and against `zocalo serve sql`, in turn, on the same machine with the
 * same tables. See ../README.md.
 */

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { serverPrograms, startReferenceServer } from '@zocalo/test-support/reference-server.ts';
import { ruledTable } from '../../src/report/text.ts';
import { type Measurement, measureRounds } from '../../src/runner/rounds.ts';
import { median, medianRatio } from '../../src/runner/statistics.ts';
import { exitOnSignals } from '../processes.ts';
import { beside } from './heavy-neighbour.ts';
import { pgbench, prepareTables, scanSeconds } from './pgbench.ts';
import { startZocalo } from './zocalo.ts';

const usage = `npm run bench:sql -- [--rounds 5] [--seconds 4] [--scale 10] [--only NAME,NAME]

--scale n    100,000 rows of pgbench's accounts for each; 10 for the full scan of a million
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    scale: { type: 'string', default: '10' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
exitOnSignals();
if (values.help) process.stdout.write(usage);
else
  await bench(Number(values.rounds), Number(values.seconds), Number(values.scale), values.only?.split(','));

async function bench(
  rounds: number,
  seconds: number,
  scale: number,
  only: string[] | undefined,
): Promise<void> {
  const programs = serverPrograms();
  if (programs === undefined || spawnSync('pgbench', ['--version']).status !== 0) {
    throw new Error('PostgreSQL and pgbench are needed (Debian: postgresql)');
  }
  await using started = new AsyncDisposableStack();
  const reference = await startReferenceServer(programs);
  started.defer(() => reference.stop());
  const one = await startZocalo([]);
  started.defer(() => one.stop());
  const two = await startZocalo(['--workers', '2', '--isolation', 'process'], one.file);
  started.defer(() => two.stop());
  const servers: Server[] = [
    { name: 'zocalo', port: one.port },
    { name: 'PostgreSQL', port: reference.port },
    { name: 'two processes', port: two.port },
  ];
  prepareTables(one.port, scale);
  prepareTables(reference.port, scale);
  const measurements = await measureRounds(
    {
      rounds,
      workloads: workloads(seconds, scale * 100_000).filter(({ name }) => only?.includes(name) ?? true),
      servers,
      applies: ({ name }, { twice }) => name !== 'two processes' || twice,
    },
    ({ workload, server }) => workload.measure(server.port),
  );
  print(measurements);
  if (only === undefined || only.includes('neighbour')) console.log(await beside(one.port, seconds));
}

type Server = { readonly name: 'zocalo' | 'PostgreSQL' | 'two processes'; readonly port: number };

type Workload = {
  readonly name: string;
  readonly unit: string;
  /** Whether two server processes are measured as well. */
  readonly twice: boolean;
  readonly measure: (port: number) => number;
};

function workloads(seconds: number, rows: number): readonly Workload[] {
  const select = (name: string, flags: readonly string[], twice: boolean): Workload => ({
    name,
    unit: '1/s',
    twice,
    measure: (port) => pgbench(port, ['-T', String(seconds), ...flags]).perSecond,
  });
  const eight = ['-c', '8', '-j', '2'];
  return [
    select('simple', ['-S', '-M', 'simple', ...eight], true),
    select('extended', ['-S', '-M', 'extended', ...eight], true),
    select('prepared', ['-S', '-M', 'prepared', ...eight], true),
    select('range-100', ['-f', 'RANGE', '-M', 'prepared', `-D`, `rows=${rows}`, ...eight], false),
    select('connect', ['-S', '-C', ...eight], false),
    select('sixty-four', ['-S', '-M', 'simple', '-c', '64', '-j', '2'], false),
    select('tpcb', ['-M', 'prepared', ...eight], false),
    { name: 'scan', unit: 's', twice: false, measure: (port) => scanSeconds(port) },
  ];
}

function print(measurements: readonly Measurement<Workload, Server, number>[]): void {
  const groups = [...Map.groupBy(measurements, ({ workload }) => workload)];
  const rows = groups.map(([{ name, unit, twice }, all]) => {
    const of = (server: Server['name']) => all.filter((each) => each.server.name === server);
    const figure = (server: Server['name']) => {
      const value = median(of(server).map(({ result }) => result));
      return unit === 's' ? value.toFixed(2) : value.toFixed(0);
    };
    const ratio = (server: Server['name']) =>
      medianRatio(of(server), of('PostgreSQL'), (result) => result)?.toFixed(2) ?? '';
    const two = twice ? [figure('two processes'), ratio('two processes')] : ['', ''];
    return [name, figure('zocalo'), figure('PostgreSQL'), ratio('zocalo'), ...two, unit];
  });
  const head = ['workload', 'zocalo', 'PostgreSQL', 'ratio', 'two processes', 'ratio', 'unit'];
  console.log(`${ruledTable([head, ...rows])}\nMedians; ratios are taken within a round.`);
}
