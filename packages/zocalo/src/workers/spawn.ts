import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { Worker as Thread } from 'node:worker_threads';
import { WorkerError } from '../errors.ts';
import { messageSocketPair } from '../sys/message-socket.ts';
import { memoryFile, SharedMemory } from '../sys/shared-memory.ts';
import { close } from '../sys/sockets.ts';
import { SharedState } from './shared-state.ts';
import type { ThreadData } from './start.ts';
import type { WorkerSetup } from './worker-messages.ts';

/** Why a thread or process ended: `it was ended by SIGKILL`. */
export type AbnormalExit = { readonly why: string } & ErrorOptions;

/** A thread or process that has been started. */
export interface WorkerHandle {
  /** `thread 7`, `process 1234`. */
  readonly name: string;
  /** Whether it is a thread of this process, for which our descriptors are its own. */
  readonly sharesDescriptors: boolean;
  /** Why it ended, and the error if there was one to be had; undefined when it ended because it was asked to stop. */
  readonly ended: Promise<AbnormalExit | undefined>;
  /** Whether it keeps the program alive. */
  keepAlive(keeps: boolean): void;
  /** Ends it, whatever it does. */
  kill(): void;
}

/** A worker that has been started, and both ends of the channel to it; a process has a copy of the far one. */
export type SpawnedWorker = {
  readonly handle: WorkerHandle;
  readonly nearEnd: number;
  readonly farEnd: number;
};

const entry = new URL(`./entry${extname(import.meta.filename)}`, import.meta.url);

/** Memory for a server and its workers: processes share a file in memory, threads a buffer. */
export function createSharedState({
  layout,
  isolation,
}: Pick<WorkerSetup, 'layout' | 'isolation'>): [SharedMemory | SharedArrayBuffer, SharedState] {
  const size = SharedState.bytesFor(layout);
  const memory = isolation === 'process' ? SharedMemory.create(size) : new SharedArrayBuffer(size);
  return [memory, new SharedState(memory instanceof SharedMemory ? memory.bytes : memory, layout)];
}

/**
 * Starts a worker: as a process when the memory is one that processes share, as a thread otherwise.
 * @throws SystemCallError when there are no descriptors left, WorkerError when there may be no more threads
 */
export function spawnWorker(setup: WorkerSetup, memory: SharedMemory | SharedArrayBuffer): SpawnedWorker {
  const [nearEnd, farEnd] = messageSocketPair();
  try {
    const handle =
      memory instanceof SharedMemory
        ? spawnProcess(setup, farEnd, memory.fd)
        : spawnThread(setup, farEnd, memory);
    return { handle, nearEnd, farEnd };
  } catch (error) {
    close(nearEnd);
    close(farEnd);
    throw error;
  }
}

/**
 * Starts a worker as a thread. It reads the descriptor number `channel`, which is not closed with it.
 * @throws WorkerError when there may be no more threads
 */
function spawnThread(setup: WorkerSetup, channel: number, memory: SharedArrayBuffer): WorkerHandle {
  const thread = startThread({ setup, channel, memory });
  let exit: AbnormalExit | undefined;
  thread.on('error', (cause: unknown) => (exit = { why: describe(cause), cause }));
  const ended = new Promise<AbnormalExit | undefined>((resolve) => {
    thread.on('exit', (status) => resolve(exit ?? exited(status)));
  });
  return {
    name: `thread ${thread.threadId}`,
    sharesDescriptors: true,
    ended,
    keepAlive: (keeps) => (keeps ? thread.ref() : thread.unref()),
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
 * input is a file in memory with the setup: a pipe that Node makes for it would be lost when there are no descriptors left for the rest.
 * @throws SystemCallError when there is no descriptor left
 */
function spawnProcess(setup: WorkerSetup, channel: number, memory: number): WorkerHandle {
  const input = memoryFile(serialize(setup));
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [...process.execArgv, fileURLToPath(entry)], {
      stdio: [input, 'inherit', 'inherit', channel, memory],
    });
  } finally {
    close(input);
  }
  const ended = new Promise<AbnormalExit | undefined>((resolve) => {
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
    keepAlive: (keeps) => (keeps ? child.ref() : child.unref()),
    kill: () => child.kill('SIGKILL'),
  };
}

/** What went wrong, and what the error of clone(2) means. */
function atLimit(message: string): string {
  return message.endsWith('EAGAIN')
    ? `${message}, which is the limit on processes and threads: see ulimit -u, and pids.max of the control group`
    : message;
}

function exited(status: number): AbnormalExit | undefined {
  return status === 0 ? undefined : { why: `it exited with status ${status}` };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
