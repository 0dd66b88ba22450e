import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/**
 * Removes the file of a Unix socket that nobody listens on any more, as a server leaves it that was killed.
 * @returns whether it did: a file that is no socket, or that somebody answers on, is left alone
 */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const file = await lstat(path).catch(() => undefined);
  if (file?.isSocket() !== true || !(await refuses(path))) return false;
  await unlink(path).catch(() => {});
  return true;
}

function refuses(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
