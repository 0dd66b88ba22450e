import { readFileSync } from 'node:fs';

/** Whether npm, or npx, has started this. */
const underNpm = process.env.npm_lifecycle_event !== undefined;
/**
 * npm passes signals on to the shell it runs a script with. Where that shell has become the script's command, to which the
 * terminal sends Ctrl-C as well, one key press comes twice; within this time, in milliseconds, it is taken for one.
 */
export const SAME_KEY_PRESS_MS = underNpm ? 500 : 0;
/** How often the parent process is checked for its end. */
const PARENT_CHECK_INTERVAL_MS = 500;

/** What asks a process to stop: also the end of its terminal. */
export const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Signals from its making on: the first asks to stop, the second to stop at once. Under npm its end asks to stop as well, since a shell
 * that it passes SIGTERM on to ends without passing it further.
 */
export class StopSignals {
  readonly first: Promise<NodeJS.Signals>;
  readonly second: Promise<NodeJS.Signals>;
  /** When the last signal was handled, as `process.hrtime.bigint()`; for another thread to see that this one is too busy for it. */
  readonly handledAt = new BigInt64Array(new SharedArrayBuffer(8));

  constructor() {
    const first = Promise.withResolvers<NodeJS.Signals>();
    const second = Promise.withResolvers<NodeJS.Signals>();
    this.first = first.promise;
    this.second = second.promise;
    let firstAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      Atomics.store(this.handledAt, 0, process.hrtime.bigint());
      const now = performance.now();
      if (firstAt === undefined) {
        firstAt = now;
        first.resolve(signal);
      } else if (now - firstAt >= SAME_KEY_PRESS_MS) second.resolve(signal);
    };
    for (const signal of stopSignals) process.on(signal, onSignal);
    if (underNpm)
      onceOrphaned(() => {
        firstAt ??= performance.now();
        first.resolve('SIGTERM');
      });
  }
}

/** Waits for the end of what started this: npm, or the shell between. */
function onceOrphaned(act: () => void): void {
  const parent = process.ppid;
  const npm = isShell(parent) ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || parentOf(parent) === npm)) return;
    clearInterval(timer);
    act();
  }, PARENT_CHECK_INTERVAL_MS);
  timer.unref();
}

/** Whether a process is a shell that runs one command, as npm starts it; unknown where there is no /proc. */
function isShell(pid: number): boolean {
  return readOrNothing(`/proc/${pid}/cmdline`).split('\0')[1] === '-c';
}

/** The parent of another process (proc(5), stat: behind the name, which may hold anything). */
function parentOf(pid: number): number {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
