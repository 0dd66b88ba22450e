import type { DatabaseFile } from './database-file.ts';
import { EngineError } from './engine-error.ts';
import type { Answered, Executor } from './executor.ts';
import type { ExecutorRequest } from './executor-messages.ts';
import type { ExecutorPool } from './executor-pool.ts';

/** Longer delays than this do not fit into a timer. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Measures how long a statement keeps the engine busy: the time that the client takes to read its rows is not counted. */
class StatementTimer {
  /** The most that a statement may take, in milliseconds. */
  limit = Number.POSITIVE_INFINITY;
  #left = 0;

  /** Another statement begins. */
  restart(): void {
    this.#left = this.limit;
  }

  /** Does a part of the statement's work; calls `late` when the limit is reached. */
  async time<Result>(work: () => Promise<Result>, late: () => void): Promise<Result> {
    const left = this.#left;
    if (!(left <= LONGEST_TIMER)) return work();
    const began = performance.now();
    const timer = setTimeout(late, Math.max(1, left));
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.#left = left - (performance.now() - began);
    }
  }
}

/**
 * The executor that one session has at the moment, if any, and the time limit within which it is asked. It is taken from
 * the pool when it is needed, and given back when nothing of the session is in it any more.
 */
export class SessionExecutor {
  readonly #pool: ExecutorPool;
  readonly #file: DatabaseFile;
  readonly #timer = new StatementTimer();
  /** Is called when the executor has ended; `reported`: a request fails with the cause. */
  readonly #onEnd: (cause: Error, reported: boolean) => void;
  #executor: Executor | undefined;
  /** How many requests have no answer, or one that has not been taken. */
  #pending = 0;
  #stop = new AbortController();
  #closed = false;

  constructor(pool: ExecutorPool, file: DatabaseFile, onEnd: (cause: Error, reported: boolean) => void) {
    this.#pool = pool;
    this.#file = file;
    this.#onEnd = onEnd;
  }

  get current(): Executor | undefined {
    return this.#executor;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The longest a statement may take, in milliseconds. */
  get timeoutMs(): number {
    return this.#timer.limit;
  }

  set timeoutMs(milliseconds: number) {
    this.#timer.limit = milliseconds;
  }

  /** A statement begins. @returns what aborts when it is to be stopped */
  begin(): AbortSignal {
    this.#timer.restart();
    return this.#stop.signal;
  }

  /** Does something within the time limit of the statement. */
  timed<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#timer.time(work, () =>
      this.interrupt(new EngineError('timeout', 'canceling statement due to statement timeout')),
    );
  }

  /** The executor, taken from the pool if there is none. @param signal of {@link begin} */
  async acquire(signal: AbortSignal, writes: boolean): Promise<Executor> {
    if (this.#executor !== undefined) return this.#executor;
    const executor = await this.timed(() => this.#pool.acquire(signal, writes));
    this.#executor = executor;
    executor.onEnd = (cause, reported) => {
      this.#executor = undefined;
      this.#onEnd(cause, reported);
      this.#pool.release(executor);
    };
    // Starting one is not what the statement takes.
    try {
      await executor.ready;
    } catch (error) {
      signal.throwIfAborted();
      // One that has found another file than the server has opened ends without a message.
      this.#file.check();
      throw error;
    }
    signal.throwIfAborted();
    return executor;
  }

  async ask(executor: Executor, request: ExecutorRequest): Promise<Answered> {
    // A client may leave in the same moment in which its statement comes.
    if (this.#closed) throw clientLeft();
    this.#pending++;
    try {
      const answer = await this.timed(() => executor.ask(request));
      if (this.#closed) throw clientLeft();
      return answer;
    } finally {
      this.#pending--;
    }
  }

  /** Stops what runs, or waits to run. */
  interrupt(cause: EngineError): void {
    this.#stop.abort(cause);
    this.#stop = new AbortController();
    if (this.#executor?.busy === true) this.#executor.kill(cause);
  }

  /** Gives the executor back. */
  release(): void {
    const executor = this.#executor;
    if (executor === undefined) return;
    this.#executor = undefined;
    executor.onEnd = () => {};
    this.#pool.release(executor);
  }

  /** The client has left. @param temporary whether the executor has temporary tables of the session */
  close(temporary: boolean): void {
    this.#closed = true;
    this.interrupt(clientLeft());
    // Also when it has answered, and what it has begun is not known here yet.
    if (temporary || this.#pending > 0) this.#executor?.kill(clientLeft());
  }
}

export function clientLeft(): EngineError {
  return new EngineError('cancelled', 'the client has left');
}
