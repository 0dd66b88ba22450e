import { setImmediate } from 'node:timers';
import { setTimeout } from 'node:timers/promises';

// Taken now, so that a test may put virtual timers in the place of Node's.
/** Calls back in the next turn of Node's loop. */
export const soon: (callback: () => void) => void = setImmediate;
const sleep = setTimeout;

/** Operations on open files, as `process.getActiveResourcesInfo` calls them: they take real time, though little. */
const fileOperations = new Set(['FSReqPromise', 'FSReqCallback', 'CloseReq']);

/**
 * How long the rest of the program may keep a conversation waiting in which nothing happens: turns of Node's loop, and for files
 * milliseconds.
 */
const PATIENCE = { turns: 1_000, milliseconds: 1_000 };

/** Waits until nothing happens any more unless time passes: promises have settled, file slices are read, the conversation is idle. */
export async function settled(idle: () => boolean): Promise<void> {
  let idleTurns = 0;
  let idleSince = performance.now();
  // What a resource calls back may begin something in the very next turn, hence two quiet ones.
  for (let quiet = 0; quiet < 2; ) {
    await new Promise<void>((resolve) => soon(resolve));
    if (!idle()) {
      quiet = idleTurns = 0;
      idleSince = performance.now();
      continue;
    }
    idleTurns++;
    const active = process.getActiveResourcesInfo();
    const othersTurn = active.includes('Immediate') && idleTurns < PATIENCE.turns;
    const waits = othersTurn || (active.some((name) => fileOperations.has(name)) && soonAfter(idleSince));
    quiet = waits ? 0 : quiet + 1;
  }
}

function soonAfter(time: number): boolean {
  return performance.now() - time < PATIENCE.milliseconds;
}

/** Lets a moment of real time pass. */
export function moment(): Promise<void> {
  return sleep(1);
}
