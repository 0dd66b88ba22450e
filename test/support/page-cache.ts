import { execFileSync } from 'node:child_process';

/** Writes a file to its disk, and has the kernel forget what it holds of it, as far as it does: posix_fadvise(2) through dd. */
export function forgetInMemory(path: string): void {
  execFileSync('sync', [path]);
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
}
