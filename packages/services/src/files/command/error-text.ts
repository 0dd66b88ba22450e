import { oneLine, visible } from '@zocalo/command';
import { ZocaloError } from 'zocalo';
import { FilesError, UnfinishedError } from '../client/errors.ts';
import type { RetryOptions } from '../client/retry.ts';
import { formatProgress } from './progress.ts';

/** What went wrong, with which file, and what to do. @throws errors that are faults of this program */
export function explain(error: unknown, name?: string): string {
  if (error instanceof UnfinishedError) {
    const { there, whole, path } = error.kept;
    return `${explain(error.cause, name)}; ${formatProgress(there, whole)} are in ${path}, and --resume goes on with them`;
  }
  const known = error instanceof FilesError || error instanceof ZocaloError;
  const ofSystem = error instanceof Error && 'syscall' in error;
  if (!known && !ofSystem) throw error;
  const text = visible(oneLine(error));
  return name === undefined || text.startsWith(name) ? text : `${name}: ${text}`;
}

/** An attempt that failed and is followed by another. */
export type Failed = Parameters<NonNullable<RetryOptions['onRetry']>>;

/** Why something is tried again, and when. */
export function retryText(name: string | undefined, ...[error, pause, failure, retries]: Failed): string {
  return `${explain(error, name)}; again in ${(pause / 1_000).toFixed(1)} s (${failure} of ${retries})`;
}
