import { spawnSync } from 'node:child_process';

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
