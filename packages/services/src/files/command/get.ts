import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { FAILED, OK, type Target, UsageError } from '@zocalo/command';
import { withFileErrors } from '../client/destination.ts';
import { type Downloaded, type DownloadOptions, download, downloadToFile } from '../client/download.ts';
import { explain, retryText } from './error-text.ts';
import { formatBytes, TransferBar } from './progress.ts';

/** Where fetched files go: under their names into this directory, or as one file, or into a folder, or to standard output. */
export type Output = undefined | '-' | { readonly file: string } | { readonly folder: string };

/** @throws UsageError for several files that are to become one, and for a folder that is not there */
export function outputOf(given: string | undefined, files: number): Output {
  if (given === undefined) return undefined;
  if (given !== '-' && statSync(given, { throwIfNoEntry: false })?.isDirectory()) return { folder: given };
  if (given.endsWith('/')) throw new UsageError(`there is no folder ${given}`);
  if (files > 1)
    throw new UsageError('--output names one file, and there are several; a folder would take them all');
  return given === '-' ? '-' : { file: given };
}

/** How long an aborted download may take to end. */
const ABORT_TIMEOUT_MS = 1_000;

/** `zocalo files WHERE get`: fetches one file after the other. @returns the exit status */
export async function get(
  target: Target,
  names: readonly string[],
  output: Output,
  options: DownloadOptions,
): Promise<number> {
  const abort = new AbortController();
  let signalled: NodeJS.Signals | undefined;
  let bar: TransferBar | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      signalled ??= signal;
      abort.abort();
      // What cannot be aborted, such as writing to a pipe that is not read, ends with the signal itself.
      setTimeout(() => {
        bar?.clear();
        process.kill(process.pid, signal);
      }, ABORT_TIMEOUT_MS).unref();
    });
  }
  let status: number = OK;
  for (const name of names) {
    // Where the bytes themselves are shown, a bar would be among them.
    const apart = output !== '-' || !process.stdout.isTTY;
    bar = new TransferBar(name, process.stderr, apart);
    const all: DownloadOptions = { ...options, signal: abort.signal };
    if (!(await getOne(target, name, output, all, bar))) status = FAILED;
    if (signalled !== undefined) return 128 + constants.signals[signalled];
  }
  return status;
}

async function getOne(
  target: Target,
  name: string,
  output: Output,
  options: DownloadOptions,
  bar: TransferBar,
): Promise<boolean> {
  const began = performance.now();
  const all: DownloadOptions = {
    ...options,
    onProgress: (there, whole) => bar.update(there, whole),
    onVerify: (done, whole) => bar.verify(done, whole),
    onRetry: (...failed) => bar.print(`zocalo: ${retryText(name, ...failed)}`),
  };
  try {
    const done =
      output === '-'
        ? await download(target, name, writeOut, all)
        : await downloadToFile(target, name, pathOf(name, output), all);
    for (const note of done.notes) bar.print(`zocalo: ${name}: ${note}`);
    if (bar.shows) bar.print(summary(name, done, performance.now() - began));
    return true;
  } catch (error) {
    bar.print(`zocalo: ${explain(error, name)}`);
    return false;
  } finally {
    bar.clear();
  }
}

function pathOf(name: string, output: Exclude<Output, '-'>): string {
  if (output === undefined) return name;
  return 'file' in output ? output.file : join(output.folder, name);
}

function summary(name: string, { length, came, verified }: Downloaded, milliseconds: number): string {
  const seconds = Math.max(milliseconds, 1) / 1_000;
  const speed = `in ${seconds.toFixed(1)} s, ${formatBytes(Math.round(came / seconds))}/s`;
  const how = came === 0 && length > 0 ? 'it was whole already' : speed;
  return `${name}: ${formatBytes(length)}, ${how}${verified ? ', verified' : ''}`;
}

/** Writes to standard output, no faster than it is read. @throws FilesError when it is not read any more, or has no room */
export function writeOut(bytes: Uint8Array | string): Promise<void> {
  return withFileErrors(
    'standard output',
    () =>
      new Promise((resolve, reject) => {
        process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
  );
}
