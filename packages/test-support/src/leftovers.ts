import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { eventually } from './eventually.ts';
import { processTree } from './proc.ts';

/** Reads what may be gone by then. */
function readOr<Value>(otherwise: Value, read: () => Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/**
 * What this process has open and running: its descriptors by their kind, its threads beside those that Node keeps for good (libuv's pool
 * grows to its size when it is first used), and its child processes.
 */
function openResources(): { descriptors: string[]; threads: number; processes: number } {
  const descriptors = readdirSync('/proc/self/fd').map((fd) =>
    readOr('', () => readlinkSync(`/proc/self/fd/${fd}`).replace(/\[\d+\]$/, '')),
  );
  const threads = readdirSync('/proc/self/task').map((task) =>
    readOr('', () => readFileSync(`/proc/self/task/${task}/comm`, 'utf8')),
  );
  return {
    // The folder itself is open while it is read.
    descriptors: descriptors.filter((target) => target !== '' && !target.endsWith('/fd')).sort(),
    threads: threads.filter((name) => name.startsWith('WorkerThread')).length,
    processes: processTree(process.pid).length,
  };
}

/** Runs something, and asserts that in the end this process has no descriptor, thread or child process that it did not have before. */
export async function assertNothingLeft(run: () => Promise<void>): Promise<void> {
  const before = openResources();
  await run();
  let after = before;
  await eventually('everything is closed and has ended', () => {
    after = openResources();
    return JSON.stringify(after) === JSON.stringify(before);
  }).catch(() => assert.deepEqual(after, before));
}
