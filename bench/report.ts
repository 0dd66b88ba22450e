import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Machine } from '../src/measure/machine.ts';
import type { Cores } from '../src/measure/task.ts';
import type { Options } from './options.ts';
import type { Measurement } from './rounds.ts';
import type { Summary } from './summary.ts';
import type { Verdict } from './targets.ts';

/** Everything about a run, so that it can be read, or compared with another, long after. */
export type Report = {
  date: string;
  commit: string | null;
  machine: Machine & { compiler: string | null };
  cores: Cores | null;
  options: Pick<Options, 'rounds' | 'seconds' | 'warmupSeconds' | 'settleSeconds'>;
  notes: readonly string[];
  targets: readonly Pick<Verdict, 'target' | 'figure' | 'met'>[];
  summary: readonly Summary[];
  measurements: readonly Measurement[];
};

/** Writes the report, by default to a file named after the time of the run; returns the path for people. */
export function writeReport(report: Report, out: string | undefined): string {
  const name = `${report.date.slice(0, 19).replaceAll(':', '-')}.json`;
  const path = out ?? join(import.meta.dirname, 'results', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
