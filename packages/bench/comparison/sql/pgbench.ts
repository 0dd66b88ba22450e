import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const where = (port: number) => ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
const DATABASE = 'postgres';

/** A hundred rows by their key. */
const RANGE = `\\set first random(1, :rows - 100)
SELECT aid, bid, abalance FROM pgbench_accounts WHERE aid BETWEEN :first AND :first + 99;
`;

export function prepareTables(port: number, scale: number): void {
  run('pgbench', [...where(port), '-i', '-q', '-s', String(scale), DATABASE]);
}

export type Run = {
  /** Transactions a second, connecting included where each has its own connection. */
  readonly perSecond: number;
  /** Of each transaction; empty unless asked for. */
  readonly latenciesMs: readonly number[];
};

/** One run of pgbench, which fails if any of its transactions does. */
export function pgbench(port: number, flags: readonly string[], log = false): Run {
  const folder = mkdtempSync(join(tmpdir(), 'zocalo-bench-'));
  try {
    const script = join(folder, 'range.sql');
    writeFileSync(script, RANGE);
    const given = flags.map((flag) => (flag === 'RANGE' ? script : flag));
    const logging = log ? ['-l', '--log-prefix', join(folder, 'log')] : [];
    const out = run('pgbench', [...where(port), '-n', ...given, ...logging, DATABASE]);
    if (!/number of failed transactions: 0 /.test(out)) throw new Error(`transactions failed:\n${out}`);
    return {
      perSecond: Number(/^tps = ([\d.]+)/m.exec(out)?.[1]),
      latenciesMs: log ? latenciesIn(folder) : [],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How long it takes to read all accounts with psql. */
export function scanSeconds(port: number): number {
  const beganMs = performance.now();
  run('psql', [
    ...where(port),
    '-X',
    '-A',
    '-t',
    '-o',
    '/dev/null',
    '-c',
    'SELECT * FROM pgbench_accounts',
    DATABASE,
  ]);
  return (performance.now() - beganMs) / 1_000;
}

function latenciesIn(folder: string): number[] {
  const files = readdirSync(folder).filter((name) => name.startsWith('log'));
  const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'));
  // Client, transaction, microseconds, and more.
  return lines.map((line) => Number(line.split(' ')[2]) / 1_000);
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
