import type { DatabaseFile } from './database-file.ts';
import { EngineError } from './engine-error.ts';
import { Executor } from './executor.ts';
import type { ExecutorTask } from './executor-messages.ts';

type Waiting = {
  readonly give: (executor: Executor) => void;
  readonly fail: (cause: unknown) => void;
};

/** The executors of a server: started when they are needed, kept warm, replaced when they are ended. */
export class ExecutorPool {
  readonly #task: ExecutorTask;
  readonly #maxExecutors: number;
  readonly #file: DatabaseFile;
  readonly #all = new Set<Executor>();
  readonly #free: Executor[] = [];
  readonly #waiting = new Set<Waiting>();
  #closed = false;

  constructor(task: ExecutorTask, maxExecutors: number, file: DatabaseFile) {
    this.#task = task;
    this.#maxExecutors = maxExecutors;
    this.#file = file;
  }

  /** How many there are. */
  get size(): number {
    this.#forgetDead();
    return this.#all.size;
  }

  /**
   * A free executor, in the order of asking. The writer never waits for those that wait for it: it gets one
   * beyond the number of the pool if it must.
   * @throws EngineError what the signal aborts with; `file-lost` when one would have to be started, and would open another file
   */
  async acquire(signal: AbortSignal, writer: boolean): Promise<Executor> {
    if (this.#closed) throw new EngineError('executor-died', 'the engine is closed');
    const executor =
      this.#takeFree() ?? (writer || this.size < this.#maxExecutors ? this.#start() : undefined);
    if (executor !== undefined) return executor;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Executor>();
    const waiting: Waiting = { give: resolve, fail: reject };
    const leave = () => {
      if (this.#waiting.delete(waiting)) reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.add(waiting);
    return promise.finally(() => signal.removeEventListener('abort', leave));
  }

  /** Gives one back, also one that has ended. One that has a transaction of its session is ended. */
  release(executor: Executor): void {
    if (this.#closed) executor.kill(closed());
    else if (executor.inTransaction)
      executor.kill(new EngineError('cancelled', 'a transaction was left in it'));
    for (const next of this.#waiting) {
      if (executor.dead && this.size >= this.#maxExecutors) return;
      this.#waiting.delete(next);
      try {
        next.give(executor.dead ? this.#start() : executor);
      } catch (cause) {
        next.fail(cause);
        // The others would wait for an executor that does not come.
        continue;
      }
      return;
    }
    if (executor.dead) return;
    if (this.size > this.#maxExecutors) executor.kill(new EngineError('cancelled', 'one executor too many'));
    else this.#free.push(executor);
  }

  /** Ends them all. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#all];
    this.killAll(closed());
    this.#all.clear();
    await Promise.all(all.map(({ exited }) => exited));
  }

  /** Ends those that are there. */
  killAll(cause: EngineError): void {
    for (const executor of [...this.#all]) executor.kill(cause);
  }

  #takeFree(): Executor | undefined {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop())
      if (!free.dead) return free;
    return undefined;
  }

  /** @throws EngineError `file-lost` */
  #start(): Executor {
    this.#file.check();
    const executor = new Executor(this.#task);
    this.#all.add(executor);
    return executor;
  }

  #forgetDead(): void {
    for (const executor of this.#all) if (executor.dead) this.#all.delete(executor);
  }
}

function closed(): EngineError {
  return new EngineError('cancelled', 'the engine is closed');
}
