import { constants } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SAME_KEY_PRESS_MS, type StopSignals, stopSignals } from '@zocalo/command/signals';
import { resolveOptions } from 'zocalo/internal';
import type { SignalWatch } from 'zocalo/sys';
import type { Running } from './start.ts';

/** What the thread gets at its start. */
export type WatchdogTask = {
  readonly watch: SignalWatch;
  /** When it began, as `process.hrtime.bigint()`. */
  readonly startedAt: bigint;
  /** {@link StopSignals.handledAt} */
  readonly handledAt: BigInt64Array;
  readonly sameKeyPressMs: number;
  /** Whether it says what it has to say as lines of JSON. */
  readonly json: boolean;
};
/** What it gets once servers listen. */
export type WatchdogUpdate = {
  /** The longest that draining may take, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** The files of Unix sockets, to be removed. */
  readonly sockets: readonly string[];
};

/** It has little to do, and is not to take memory as if it had much. */
const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 };

const thread = new URL(`./watchdog-thread${extname(import.meta.filename)}`, import.meta.url);

/**
 * Ends this process when it is asked to and its main thread does not hear it, since a handler does not return. Where there is none (not on
 * Linux, no thread left) nothing is different but that.
 */
export class Watchdog {
  readonly #thread: Worker | undefined;
  readonly #loaded: Promise<void>;

  private constructor(thread?: Worker) {
    this.#thread = thread;
    thread?.on('error', () => {});
    this.#loaded = new Promise((resolve) => {
      if (thread === undefined) resolve();
      for (const event of ['message', 'exit']) thread?.once(event, () => resolve());
    });
    thread?.unref();
  }

  /** Waits until its thread has loaded its modules: a process that ends while koffi loads in a thread is aborted by it (SIGABRT). */
  async loaded(): Promise<void> {
    this.#thread?.ref();
    await this.#loaded;
    this.#thread?.unref();
  }

  /** @param json whether it says what it has to say as lines of JSON */
  static async start(signals: StopSignals, json: boolean): Promise<Watchdog> {
    if (process.platform !== 'linux') return new Watchdog();
    try {
      const { watchSignals } = await import('zocalo/sys');
      const startedAt = process.hrtime.bigint();
      // From here on, and not from when the thread has begun: the main thread may be busy by then.
      const watch = watchSignals(stopSignals.map((name) => constants.signals[name]));
      const workerData: WatchdogTask = {
        watch,
        startedAt,
        handledAt: signals.handledAt,
        sameKeyPressMs: SAME_KEY_PRESS_MS,
        json,
      };
      return new Watchdog(new Worker(thread, { workerData, resourceLimits }));
    } catch {
      return new Watchdog();
    }
  }

  /** These servers are to be stopped. */
  guard(running: readonly Running[]): void {
    const { drainTimeoutMs: usual } = resolveOptions({});
    const update: WatchdogUpdate = {
      drainTimeoutMs: Math.max(...running.map(({ plan }) => plan.options.drainTimeoutMs ?? usual)),
      sockets: running.flatMap(({ server }) =>
        Object.values(server.addresses).flatMap(({ path }) => (path === undefined ? [] : [path])),
      ),
    };
    this.#thread?.postMessage(update);
  }
}
