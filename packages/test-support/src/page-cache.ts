import { execFileSync, spawnSync } from 'node:child_process';

/**
 * Writes a file to its disk, and has the kernel forget what it holds of it: posix_fadvise(2) through dd.
 * @returns why that could not be done, or be seen; undefined when nothing of the file is in memory any more
 */
export function forgetInMemory(path: string): string | undefined {
  execFileSync('sync', [path]);
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
  const { status, stdout } = spawnSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', path], {
    encoding: 'utf8',
  });
  if (status !== 0) return 'there is no fincore (util-linux) to see what is in memory';
  return Number(stdout) === 0 ? undefined : 'this file system keeps files in memory';
}
