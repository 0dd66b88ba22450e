import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { LoadResult, Task } from './task.ts';

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 2_000;
/** What of a program's error output is kept, to say why it ended. */
const KEPT_CHARACTERS = 2_000;

const running = new Set<ChildProcess>();
// Whatever way we end, the servers and generators end with us.
process.on('exit', () => endAll());

/** The server says that it cannot run on this machine; the message says why. */
export class UnavailableError extends Error {}

export type RunningServer = { port: number; pid: number; stop: () => Promise<void> };

/**
 * Starts a server, a program whose first line of output is `listening PORT` or `unavailable REASON`, and waits until it
 * listens.
 * @throws UnavailableError when it says that it cannot run here; Error when it does not start
 */
export async function startServer(command: readonly string[]): Promise<RunningServer> {
  const { child, output, errors } = start(command);
  const line = await firstLine(output, child, START_TIMEOUT_MS);
  const port = Number(/^listening (\d+)$/.exec(line ?? '')?.[1]);
  if (port && child.pid !== undefined) return { port, pid: child.pid, stop: () => stop(child) };
  await stop(child);
  const unavailable = /^unavailable (.*)$/.exec(line ?? '')?.[1];
  if (unavailable !== undefined) throw new UnavailableError(unavailable);
  throw new Error(line === undefined ? `the server did not start: ${errors()}` : `unexpected: ${line}`);
}

/** Runs the load generator on a task; it bounds its own phases, and `timeoutMs` bounds it should that fail. */
export async function runGenerator(
  command: readonly string[],
  task: Task,
  timeoutMs: number,
): Promise<LoadResult> {
  const { child, output, errors } = start([...command, JSON.stringify(task)]);
  const line = await firstLine(output, child, timeoutMs);
  await stop(child);
  if (line === undefined)
    return { kind: 'failure', reason: `the load generator gave no result: ${errors()}` };
  return JSON.parse(line) as LoadResult;
}

/** Ends at once all that has been started and still runs. */
export function endAll(): void {
  for (const child of running) endGroup(child);
}

function start(command: readonly string[]): { child: ChildProcess; output: Readable; errors: () => string } {
  const [program = '', ...args] = command;
  // In a group of its own a Ctrl-C of the terminal does not reach it, and its own worker processes can be ended with it.
  // It gets a stdin, whose end tells it that we are gone.
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  running.add(child);
  let said = '';
  child.on('exit', () => {
    running.delete(child);
    // Worker processes that it left behind.
    endGroup(child);
  });
  child.on('error', (error) => {
    running.delete(child);
    said = error.message;
  });
  child.stdin.on('error', () => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < KEPT_CHARACTERS) said += text;
  });
  // Of a stack trace, the line with the message.
  const errors = (): string => /^\w*Error\b.*$/m.exec(said)?.[0] ?? (said.trim() || 'it said nothing');
  return { child, output: child.stdout, errors };
}

/** The first line of output, or undefined when the output ends, or the time, before there is one. */
async function firstLine(
  output: Readable,
  child: ChildProcess,
  timeoutMs: number,
): Promise<string | undefined> {
  const lines = createInterface({ input: output });
  const line = new Promise<string | undefined>((resolve) => {
    lines.once('line', resolve);
    child.once('close', () => resolve(undefined));
    child.once('error', () => resolve(undefined));
  });
  const timer = Promise.withResolvers<undefined>();
  const timeout = setTimeout(() => timer.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([line, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}

/** Asks the process to end, and ends it when it does not; by its own id. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const forced = setTimeout(() => endGroup(child), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(forced);
}

/** A process and those that it has started. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of them is left.
  }
}
