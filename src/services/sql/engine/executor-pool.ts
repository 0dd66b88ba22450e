import { EngineError } from './engine-error.ts';
import { Executor } from './executor.ts';
import type { ExecutorTask } from './executor-messages.ts';

type Waiting = { readonly give: (executor: Executor) => void };

/** The executors of a server: started when they are needed, kept warm, replaced when they are ended. */
export class ExecutorPool {
  readonly #task: ExecutorTask;
  readonly #most: number;
  readonly #all = new Set<Executor>();
  readonly #free: Executor[] = [];
  readonly #waiting = new Set<Waiting>();
  #closed = false;

  constructor(task: ExecutorTask, most: number) {
    this.#task = task;
    this.#most = most;
  }

  /** How many there are. */
  get size(): number {
    this.#forgetDead();
    return this.#all.size;
  }

  /**
   * An executor that nobody uses, in the order of asking. The writer never waits for those who wait for it: it gets one
   * beyond the number of the pool if it must.
   * @throws EngineError what the signal aborts with
   */
  acquire(signal: AbortSignal, writer: boolean): Promise<Executor> {
    if (this.#closed) return Promise.reject(new EngineError('executor-died', 'the engine is closed'));
    const executor = this.#takeFree() ?? (writer || this.size < this.#most ? this.#start() : undefined);
    if (executor !== undefined) return Promise.resolve(executor);
    const { promise, resolve, reject } = Promise.withResolvers<Executor>();
    if (signal.aborted) {
      reject(signal.reason);
      return promise;
    }
    const waiting: Waiting = { give: resolve };
    const leave = () => {
      if (this.#waiting.delete(waiting)) reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.add(waiting);
    return promise.finally(() => signal.removeEventListener('abort', leave));
  }

  /** Gives one back, with nothing of its session in it. */
  release(executor: Executor): void {
    if (this.#closed) executor.kill(new EngineError('cancelled', 'the engine is closed'));
    for (const next of this.#waiting) {
      const given = executor.dead ? (this.size < this.#most ? this.#start() : undefined) : executor;
      if (given === undefined) return;
      this.#waiting.delete(next);
      next.give(given);
      return;
    }
    if (executor.dead) return;
    if (this.size > this.#most) executor.kill(new EngineError('cancelled', 'one executor too many'));
    else this.#free.push(executor);
  }

  /** Ends them all. */
  async close(): Promise<void> {
    this.#closed = true;
    const exits = [...this.#all].map((executor) => {
      executor.kill(new EngineError('cancelled', 'the engine is closed'));
      return executor.exited;
    });
    this.#all.clear();
    await Promise.all(exits);
  }

  #takeFree(): Executor | undefined {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop())
      if (!free.dead) return free;
    return undefined;
  }

  #start(): Executor {
    const executor = new Executor(this.#task);
    this.#all.add(executor);
    return executor;
  }

  #forgetDead(): void {
    for (const executor of this.#all) if (executor.dead) this.#all.delete(executor);
  }
}
