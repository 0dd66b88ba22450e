/**
 * `node bench/sql/main.ts`: pgbench against PostgreSQL and against `zocalo serve sql`, in turn, on the same machine with the
 * same tables. See bench/README.md.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { serverPrograms, startReferenceServer } from '../../test/services/sql/session/reference-server.ts';
import { beside } from './heavy-neighbour.ts';
import { pgbench, prepareTables, scan } from './pgbench.ts';
import { startZocalo } from './zocalo.ts';

const usage = `node bench/sql/main.ts [--rounds 5] [--seconds 4] [--scale 10] [--only NAME,NAME]

--scale n    100,000 rows of pgbench's accounts for each; 10 for the full scan of a million
`;

type Measured = {
  readonly name: string;
  readonly unit: string;
  readonly values: (readonly [number, number, number | undefined])[];
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    scale: { type: 'string', default: '10' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
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
  const reference = await startReferenceServer(programs);
  const one = await startZocalo([]);
  const two = await startZocalo(['--workers', '2', '--isolation', 'process'], one.file);
  const ports = [one.port, reference.port, two.port];
  try {
    prepareTables(one.port, scale);
    prepareTables(reference.port, scale);
    const wanted = workloads(seconds, scale * 100_000).filter(({ name }) => only?.includes(name) ?? true);
    const results: Measured[] = wanted.map(({ name, unit }) => ({ name, unit, values: [] }));
    for (let round = 0; round < rounds; round++) {
      for (const [i, { measure, twice }] of wanted.entries()) {
        const [zocalo = 0, postgres = 0, workers] = ports.map((port, at) =>
          at === 2 && !twice ? undefined : measure(port),
        ) as [number, number, number | undefined];
        results[i]?.values.push([zocalo, postgres, workers]);
      }
    }
    print(results);
    if (only === undefined || only.includes('neighbour')) console.log(await beside(one.port, seconds));
  } finally {
    await Promise.all([one.stop(), two.stop()]);
    await reference.stop();
  }
}

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
    { name: 'scan', unit: 's', twice: false, measure: (port) => scan(port) },
  ];
}

function print(results: readonly Measured[]): void {
  const median = (list: readonly number[]) =>
    [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  console.log(
    'workload     zocalo   PostgreSQL   ratio   two processes   ratio   (medians; ratios within a round)',
  );
  for (const { name, unit, values } of results) {
    const of = (at: 0 | 1 | 2) => median(values.map((each) => each[at] ?? 0));
    const ratio = (at: 0 | 2) => median(values.map((each) => (each[at] ?? 0) / each[1]));
    const show = (value: number) => (unit === 's' ? value.toFixed(2) : value.toFixed(0));
    const workers = of(2) === 0 ? '' : `${show(of(2)).padStart(16)}${ratio(2).toFixed(2).padStart(8)}`;
    console.log(
      `${name.padEnd(11)}${show(of(0)).padStart(8)}${show(of(1)).padStart(13)}${ratio(0).toFixed(2).padStart(8)}${workers}  ${unit}`,
    );
  }
}
