import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { LoadMeasurement } from '../../src/runner/plan.ts';
import type { ComparedSummary } from './cpu-ratios.ts';

/** Everything about a run, so that it can be read, or compared with another, long after. */
type Report = {
  readonly date: string;
  readonly summary: readonly ComparedSummary[];
  readonly measurements: readonly LoadMeasurement[];
  readonly [about: string]: unknown;
};

/** Writes the report, by default to a file named after the time of the run; returns the path for people. */
export function writeReport(report: Report, out: string | undefined): string {
  const name = `${report.date.slice(0, 19).replaceAll(':', '-')}.json`;
  const path = out ?? join(import.meta.dirname, '..', 'results', name);
  mkdirSync(dirname(path), { recursive: true });
  const { date, summary, measurements, ...rest } = report;
  const written = {
    date,
    commit: gitCommit(),
    ...rest,
    summary: summary.map(withNames),
    measurements: measurements.map(withNames),
  };
  writeFileSync(path, `${JSON.stringify(written, null, 2)}\n`);
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

function withNames<Each extends LoadMeasurement | ComparedSummary>(each: Each) {
  return { ...each, workload: each.workload.name, server: each.server.name };
}

/** The commit that is measured, with `+` when tracked files differ from it; null outside a git checkout. */
function gitCommit(): string | null {
  // Without optional locks, so that looking does not get in the way of a git command that runs at the same time.
  const git = (...args: string[]) =>
    spawnSync('git', ['--no-optional-locks', ...args], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      timeout: 10_000,
    });
  const head = git('rev-parse', 'HEAD');
  if (head.status !== 0) return null;
  const changes = git('status', '--porcelain', '--untracked-files=no').stdout;
  return head.stdout.trim() + (changes ? '+' : '');
}
