import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 2_000;
/** What of a program's error output is kept, to say why it ended. */
const KEPT_CHARACTERS = 2_000;

const running = new Set<ChildProcess>();
// Whatever way we end, the servers and generators end with us.
process.on('exit', () => endAll());

/** The server says that it cannot run on this machine; the message says why. */
export class UnavailableError extends Error {}

export type StartOptions = {
  /** Another form of the line with the port, which need not be the first. */
  readonly announcement?: RegExp;
  /** How long it may take until it listens; 15 s by default. */
  readonly timeoutMs?: number;
};

export type RunningServer = { port: number; pid: number; stop: () => Promise<void> };

const ANNOUNCEMENT = /^listening (\d+)$/;

/**
 * Starts a server, a program whose first line of output is `listening PORT` or `unavailable REASON`, and waits until it
 * listens.
 * @throws UnavailableError when it says that it cannot run here; Error when it does not start
 */
export async function startServer(
  command: readonly string[],
  { announcement, timeoutMs = START_TIMEOUT_MS }: StartOptions = {},
): Promise<RunningServer> {
  const { child, output, errors } = startProcess(command);
  const line = await firstLine(output, child, timeoutMs, announcement);
  const port = Number((announcement ?? ANNOUNCEMENT).exec(line ?? '')?.[1]);
  if (port && child.pid !== undefined) return { port, pid: child.pid, stop: () => stopProcess(child) };
  await stopProcess(child);
  const unavailable = /^unavailable (.*)$/.exec(line ?? '')?.[1];
  if (unavailable !== undefined) throw new UnavailableError(unavailable);
  throw new Error(line === undefined ? `the server did not start: ${errors()}` : `unexpected: ${line}`);
}

/** Runs a load generator on a task, which is its last argument, and reads its result, a line; both are JSON. */
export async function runGenerator<Result>(
  command: readonly string[],
  task: object,
  timeoutMs: number,
): Promise<Result> {
  const { child, output, errors } = startProcess([...command, JSON.stringify(task)]);
  const line = await firstLine(output, child, timeoutMs);
  await stopProcess(child);
  if (line === undefined) throw new Error(`the load generator gave no result: ${errors()}`);
  return JSON.parse(line) as Result;
}

/** Ends at once all that has been started and still runs. */
export function endAll(): void {
  for (const child of running) endGroup(child);
}

export type StartedProcess = {
  child: ChildProcess;
  output: Readable;
  /** The message of its error output so far. */
  errors: () => string;
};

/** Starts a process that ends with this one, with those that it starts itself. */
export function startProcess(command: readonly string[], detached = true): StartedProcess {
  const [program = '', ...args] = command;
  // In a group of its own (detached) a Ctrl-C of the terminal does not reach it, and its worker processes can be ended
  // with it.
  // It gets a stdin, which ends when this process ends.
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached });
  running.add(child);
  let errorOutput = '';
  child.on('exit', () => {
    running.delete(child);
    // Worker processes that it left behind.
    endGroup(child);
  });
  child.on('error', (error) => {
    running.delete(child);
    errorOutput = error.message;
  });
  child.stdin.on('error', () => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (errorOutput.length < KEPT_CHARACTERS) errorOutput += text;
  });
  // Of a stack trace, the line with the message.
  const errors = (): string =>
    /^\w*Error\b.*$/m.exec(errorOutput)?.[0] ?? (errorOutput.trim() || 'it said nothing');
  return { child, output: child.stdout, errors };
}

/** The first line of output, or the first of a form; undefined when the output ends, or the time, before there is one. */
async function firstLine(
  output: Readable,
  child: ChildProcess,
  timeoutMs: number,
  form = /^/,
): Promise<string | undefined> {
  const lines = createInterface({ input: output });
  const line = new Promise<string | undefined>((resolve) => {
    lines.on('line', (text) => {
      if (form.test(text)) resolve(text);
    });
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
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const forced = setTimeout(() => endGroup(child), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(forced);
}

/** A process and those that it has started. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has no group of its own, or none of its group is left.
    child.kill('SIGKILL');
  }
}
