import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How long anything may take before a test gives up on it, in milliseconds: generous, for a slow machine with noisy neighbours.
 * `ZOCALO_TEST_TIMEOUT_MS` shortens it while looking for a failure.
 */
export const TIMEOUT_MS = Number(process.env.ZOCALO_TEST_TIMEOUT_MS ?? 30_000);

/** Waits until a predicate holds, and returns what it returned. */
export async function eventually<Value>(
  what: string,
  predicate: () => Value | undefined | false | Promise<Value | undefined | false>,
): Promise<Value> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const value = await predicate();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`it never came true: ${what}`);
    await sleep(5);
  }
}

/** A promise that must settle within {@link TIMEOUT_MS}. */
export async function soon<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it never happened: ${what}`)), TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
