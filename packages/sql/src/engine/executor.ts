import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SqlError } from '../sql-error.ts';
import { EngineError } from './engine-error.ts';
import type { ExecutorRequest, ExecutorResponse, ExecutorTask } from './executor-messages.ts';
import type { SessionInfo } from './types.ts';

const entry = fileURLToPath(new URL(`./executor-entry${extname(import.meta.filename)}`, import.meta.url));

type Failed = Extract<ExecutorResponse, { kind: 'failed' }>;
export type Answered = Exclude<ExecutorResponse, Failed>;
type Asked = {
  resolve(answer: Answered): void;
  reject(error: Error): void;
};
/** A process that runs statements, as the server sees it. It serves one session at a time. */
export class Executor {
  /** Whether it has ended, or is about to. */
  dead = false;
  /** Whether a transaction is open in it, as its last response had it. */
  inTransaction = false;
  /**
   * Is called when it has ended, also when it was not asked anything then.
   * @param reported whether a request waits for its answer, and so fails with the cause
   */
  onEnd = (_cause: Error, _reported: boolean): void => {};
  /** Resolves when it has started. */
  readonly ready: Promise<void>;
  /** Resolves when its process is gone. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #start = Promise.withResolvers<void>();
  readonly #asked = new Map<number, Asked>();
  #nextId = 1;
  #cause: Error | undefined;
  #sessionInfo: SessionInfo | undefined;

  constructor(task: ExecutorTask) {
    this.#child = fork(entry, [JSON.stringify(task)], { serialization: 'advanced' });
    this.#child.on('message', (answer: ExecutorResponse) => this.#answered(answer));
    this.#child.on('error', (cause) => this.#ended(new EngineError('executor-died', cause.message)));
    this.#child.on('exit', (status, signal) =>
      this.#ended(
        new EngineError('executor-died', `the executor process ended (${signal ?? `status ${status}`})`),
      ),
    );
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
    this.ready = this.#start.promise;
    this.ready.catch(() => {});
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it has requests to answer. */
  get busy(): boolean {
    return this.#asked.size > 0;
  }

  /** The number by which the next request, and the cursor it opens, will be known. */
  newId(): number {
    return this.#nextId++;
  }

  /** The sessionInfo, when they are others than those it knows. */
  changedInfo(sessionInfo: SessionInfo): SessionInfo | undefined {
    if (sessionInfo === this.#sessionInfo) return undefined;
    this.#sessionInfo = sessionInfo;
    return sessionInfo;
  }

  /** @throws EngineError, SqlError, by rejecting */
  ask(request: ExecutorRequest): Promise<Answered> {
    if (this.dead)
      return Promise.reject(this.#cause ?? new EngineError('executor-died', 'the executor has ended'));
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    if (this.#asked.size === 0) {
      this.#child.ref();
      this.#child.channel?.ref();
    }
    this.#asked.set(request.id, { resolve, reject });
    this.#child.send(request);
    return promise;
  }

  /** A cursor is not needed any more. */
  closeCursor(id: number): void {
    if (!this.dead) this.#child.send({ kind: 'close', id } satisfies ExecutorRequest);
  }

  /** Ends it, whatever it does; what it was asked fails with the cause. */
  kill(cause: Error): void {
    if (this.dead) return;
    this.#child.kill('SIGKILL');
    // Its end is near, and close() may wait for it.
    this.#child.ref();
    this.#ended(cause);
  }

  #answered(answer: ExecutorResponse): void {
    if (answer.kind === 'ready') {
      this.#start.resolve();
      if (this.#asked.size === 0) this.#rest();
      return;
    }
    const asked = this.#asked.get(answer.id);
    if (asked === undefined) return;
    this.#asked.delete(answer.id);
    if (this.#asked.size === 0) this.#rest();
    if ('inTransaction' in answer) this.inTransaction = answer.inTransaction;
    if (answer.kind === 'failed') asked.reject(failureOf(answer));
    else asked.resolve(answer);
  }

  /** An executor with nothing to do does not keep the server from ending. */
  #rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  #ended(cause: Error): void {
    if (this.dead) return;
    this.dead = true;
    this.#cause = cause;
    this.#start.reject(cause);
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(cause);
    this.onEnd(cause, asked.length > 0);
  }
}

function failureOf({ failure, message, code, sqlstate }: Failed): Error {
  return failure === 'value' ? new SqlError(sqlstate, message) : new EngineError(failure, message, code);
}
