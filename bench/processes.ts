import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { LoadResult, Task } from './load/task.ts';

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 2_000;
/** What of a program's error output is kept, to say why it ended. */
const KEPT_CHARACTERS = 2_000;

/** Whatever way the harness ends, its servers and generators end with it. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export type RunningServer = { port: number; pid: number; stop: () => Promise<void> };

/** Starts a server and waits until it listens. */
export async function startServer(command: readonly string[]): Promise<RunningServer> {
  const { child, output, errors } = start(command);
  const lines = createInterface({ input: output });
  const line = await firstLine(lines, child, START_TIMEOUT_MS);
  const port = Number(/^listening (\d+)$/.exec(line ?? '')?.[1]);
  if (!port || child.pid === undefined) {
    await stop(child);
    throw new Error(line === undefined ? `the server did not start: ${errors()}` : `unexpected: ${line}`);
  }
  return { port, pid: child.pid, stop: () => stop(child) };
}

/** Runs the load generator on a task; it bounds its own phases, and `timeoutMs` bounds it should that fail. */
export async function runGenerator(
  command: readonly string[],
  task: Task,
  timeoutMs: number,
): Promise<LoadResult> {
  const { child, output, errors } = start([...command, JSON.stringify(task)]);
  const line = await firstLine(createInterface({ input: output }), child, timeoutMs);
  await stop(child);
  if (line === undefined)
    return { kind: 'failure', reason: `the load generator gave no result: ${errors()}` };
  return JSON.parse(line) as LoadResult;
}

function start(command: readonly string[]): { child: ChildProcess; output: Readable; errors: () => string } {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let said = '';
  child.on('exit', () => running.delete(child));
  child.on('error', (error) => {
    running.delete(child);
    said = error.message;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < KEPT_CHARACTERS) said += text;
  });
  // Of a stack trace, the line with the message.
  const errors = (): string => /^.*error.*$/im.exec(said)?.[0] ?? (said.trim() || 'it said nothing');
  return { child, output: child.stdout, errors };
}

/** The first line of output, or undefined when the output ends, or the time, before there is one. */
async function firstLine(
  lines: ReturnType<typeof createInterface>,
  child: ChildProcess,
  timeoutMs: number,
): Promise<string | undefined> {
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
  const forced = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(forced);
}
