import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { Worker as Thread } from 'node:worker_threads';
import { WorkerError } from '../errors.ts';
import { memoryFile } from '../sys/shared-memory.ts';
import { close } from '../sys/sockets.ts';
import type { ThreadData } from './begin.ts';
import type { Task } from './task.ts';

/** Why a thread or process ended: `it was ended by SIGKILL`. */
export type Death = { readonly why: string } & ErrorOptions;

/** A thread or process that has been started. */
export interface Hired {
  /** `thread 7`, `process 1234`. */
  readonly name: string;
  /** Whether it is a thread of this process, for which our descriptors are its own. */
  readonly sharesDescriptors: boolean;
  /** Why it ended, and the error if there was one to be had; undefined when it ended as one that is told to stop does. */
  readonly ended: Promise<Death | undefined>;
  /** Something has been sent to it: for a loop that cannot watch its channel. */
  nudge(): void;
  /** Ends it, whatever it does. */
  kill(): void;
}

const entry = new URL(`./entry${extname(import.meta.filename)}`, import.meta.url);

/**
 * Starts a worker as a thread. It reads the descriptor number `channel`, which is not closed with it.
 * @throws WorkerError when there may be no more threads
 */
export function hireThread(task: Task, channel: number, memory: SharedArrayBuffer): Hired {
  const thread = startThread({ task, channel, memory });
  let death: Death | undefined;
  thread.on('error', (cause: unknown) => (death = { why: describe(cause), cause }));
  const ended = new Promise<Death | undefined>((resolve) => {
    thread.on('exit', (status) => resolve(death ?? exited(status)));
  });
  return {
    name: `thread ${thread.threadId}`,
    sharesDescriptors: true,
    ended,
    nudge: task.mechanism === 'libuv' ? () => thread.postMessage(null) : () => {},
    kill: () => void thread.terminate(),
  };
}

function startThread(workerData: ThreadData): Thread {
  try {
    return new Thread(entry, { workerData });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_WORKER_INIT_FAILED') throw error;
    throw new WorkerError(`a thread could not be started: ${atLimit(message)}`, { cause: error });
  }
}

/**
 * Starts a worker as a process, with copies of the descriptors `channel` and `memory`. What it writes is seen where ours is; its standard
 * input is a file in memory with the task: a pipe that Node makes for it would be lost when there are no descriptors left for the rest.
 * @throws SystemCallError when there is no descriptor left
 */
export function hireProcess(task: Task, channel: number, memory: number): Hired {
  const input = memoryFile(serialize(task));
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [...process.execArgv, fileURLToPath(entry)], {
      stdio: [input, 'inherit', 'inherit', channel, memory],
    });
  } finally {
    close(input);
  }
  const ended = new Promise<Death | undefined>((resolve) => {
    child.on('error', (cause) => {
      if (child.pid === undefined)
        resolve({ why: `it could not be started: ${atLimit(cause.message)}`, cause });
    });
    child.on('exit', (status, signal) =>
      resolve(signal === null ? exited(status ?? 0) : { why: `it was ended by ${signal}` }),
    );
  });
  return {
    name: child.pid === undefined ? 'a process' : `process ${child.pid}`,
    sharesDescriptors: false,
    ended,
    nudge: () => {},
    kill: () => child.kill('SIGKILL'),
  };
}

/** What went wrong, and what it means where the word of clone(2) does not say it. */
function atLimit(message: string): string {
  return message.endsWith('EAGAIN')
    ? `${message}, which is the limit on processes and threads: see ulimit -u, and pids.max of the control group`
    : message;
}

function exited(status: number): Death | undefined {
  return status === 0 ? undefined : { why: `it exited with status ${status}` };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
