import { setImmediate } from 'node:timers';
import { setTimeout } from 'node:timers/promises';

// Taken now, so that a test may replace Node's timers by virtual ones.
/** Calls back in the next turn of Node's loop. */
export const onNextTurn: (callback: () => void) => void = setImmediate;
const sleep = setTimeout;

/** Operations on open files, as `process.getActiveResourcesInfo` calls them: they take real time, though little. */
const fileOperations = new Set(['FSReqPromise', 'FSReqCallback', 'CloseReq']);

/**
 * How long the rest of the program may keep a conversation waiting in which nothing happens: turns of Node's loop, and for files
 * milliseconds.
 */
const MAX_IDLE_WAIT = { turns: 1_000, ms: 1_000 };

/** Waits until nothing happens any more unless time passes: promises have settled, file slices are read, the conversation is idle. */
export async function untilIdle(idle: () => boolean): Promise<void> {
  let idleTurns = 0;
  let idleSince = performance.now();
  // What a resource calls back may begin something in the very next turn, hence two quiet ones.
  for (let quiet = 0; quiet < 2; ) {
    await new Promise<void>((resolve) => onNextTurn(resolve));
    if (!idle()) {
      quiet = idleTurns = 0;
      idleSince = performance.now();
      continue;
    }
    idleTurns++;
    const active = process.getActiveResourcesInfo();
    const otherWork = active.includes('Immediate') && idleTurns < MAX_IDLE_WAIT.turns;
    const waits = otherWork || (active.some((name) => fileOperations.has(name)) && isRecent(idleSince));
    quiet = waits ? 0 : quiet + 1;
  }
}

function isRecent(time: number): boolean {
  return performance.now() - time < MAX_IDLE_WAIT.ms;
}

/** Lets a moment of real time pass. */
export function sleepBriefly(): Promise<void> {
  return sleep(1);
}
