import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import type { Compiler } from './compile.ts';

/** What figures mean nothing without. */
export type Machine = {
  cpu: string;
  cores: number;
  kernel: string;
  memoryBytes: number;
  node: string;
  compiler: string | null;
};

export function describeMachine(compiler: Compiler | undefined): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    kernel: `${type()} ${release()} ${process.arch}`,
    memoryBytes: totalmem(),
    node: process.version,
    compiler: compiler?.version ?? null,
  };
}

/** The commit that is measured, with `+` when tracked files differ from it; null outside a git checkout. */
export function gitCommit(): string | null {
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

/** How many files this process and those it starts may have open: the limit on clients. */
export function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
