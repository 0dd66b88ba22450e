import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How long anything may take before a test gives up on it, in milliseconds: generous, for a slow machine with noisy neighbours.
 * `ZOCALO_TEST_PATIENCE` shortens it for those who look for a failure.
 */
export const PATIENCE = Number(process.env.ZOCALO_TEST_PATIENCE ?? 30_000);

/** Waits until a predicate holds, and returns what it returned. */
export async function eventually<Value>(
  what: string,
  predicate: () => Value | undefined | false | Promise<Value | undefined | false>,
): Promise<Value> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const value = await predicate();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`it never came true: ${what}`);
    await sleep(5);
  }
}

/** A promise that must settle within {@link PATIENCE}. */
export async function soon<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it never happened: ${what}`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
