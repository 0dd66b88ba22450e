/** After how long work counts as slow, and is reported. */
const SLOW_AFTER_MS = 3_000;

let pending: string | undefined;

/** What is wrong when the process has nothing left to wait for: work has begun that can never end. */
export function pendingText(): string {
  return pending ?? 'it ended before it was done';
}

/**
 * Waits for what a user's module does.
 * @param never the message if it can never end
 * @param onSlow reports that it takes long
 */
export async function trackPending<Value>(
  never: string,
  onSlow: () => void,
  work: Promise<Value>,
): Promise<Value> {
  pending = never;
  const timer = setTimeout(onSlow, SLOW_AFTER_MS).unref();
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    pending = undefined;
  }
}
