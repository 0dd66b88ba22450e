import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectError } from 'zocalo';
import { FilesError } from './errors.ts';

/** How often something is tried again that may succeed later. */
export type RetryOptions = {
  /** How many failures in a row, without a byte between them, are followed by another attempt. Default 0. */
  readonly retries?: number | undefined;
  /** The first pause, in milliseconds; each is twice as long as the last, up to 30 s, and up to a half of it is left to chance. Default 1,000. */
  readonly pauseMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called before a pause: what failed, how long the pause is, and which of how many failures it was. */
  readonly onRetry?: (error: Error, pause: number, failure: number, retries: number) => void;
};

/** The progress of all attempts so far. */
export type AttemptProgress = {
  /** How many bytes have come. */
  there(): number;
  /** Whether a connection broke after this side had kept it waiting: that is no failure of the server. */
  causedByUs(): boolean;
};

const MAX_PAUSE_MS = 30_000;

/** Whether another attempt may succeed. */
export function isTransient(error: unknown): error is Error {
  return error instanceof ConnectError || (error instanceof FilesError && error.transient);
}

/** Repeats something until it succeeds, or fails permanently. @throws what the last attempt failed with */
export async function withRetries<Result>(
  { retries = 0, pauseMs = 1_000, signal, onRetry }: RetryOptions,
  act: () => Promise<Result>,
  progress: AttemptProgress = { there: () => 0, causedByUs: () => false },
): Promise<Result> {
  let failures = 0;
  for (;;) {
    const before = progress.there();
    try {
      return await act();
    } catch (error) {
      if (!isTransient(error) || signal?.aborted) throw error;
      const progressed = progress.there() > before;
      if (progressed) failures = 0;
      if (progressed && progress.causedByUs()) continue;
      failures++;
      if (failures > retries) throw error;
      const longest = Math.min(MAX_PAUSE_MS, pauseMs * 2 ** (failures - 1));
      const chosen = longest * (0.5 + Math.random() / 2);
      onRetry?.(error, chosen, failures, retries);
      await sleep(chosen, undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}
