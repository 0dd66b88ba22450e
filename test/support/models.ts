import { describe } from 'node:test';
import { type Model, models } from '../../src/index.ts';

/** What differs between models by their nature; everything else holds for all of them. */
export type Traits = {
  /** Whether `whenFull: 'backlog'` leaves connections unaccepted in the kernel. */
  readonly keepsBacklogInKernel: boolean;
  /** Whether connections for which there is no descriptor wait, and the lack is reported; otherwise they are closed unseen. */
  readonly waitsForDescriptors: boolean;
  /** Whether the clients of a server share one memory, so that a handler of one can reach another. */
  readonly sharesMemory: boolean;
};

export const traits: Record<Model, Traits> = {
  epoll: { keepsBacklogInKernel: true, waitsForDescriptors: true, sharesMemory: true },
  // libuv accepts on its own, and closes what it has no descriptor for.
  libuv: { keepsBacklogInKernel: false, waitsForDescriptors: false, sharesMemory: true },
};

/** `ZOCALO_TEST_MODELS=epoll,libuv` restricts the suite, for work on one of them. */
const wanted = process.env.ZOCALO_TEST_MODELS?.split(',');

/** Defines the same tests for every model. With `atOnce` they run concurrently: for tests that mostly wait. */
export function onEveryModel(define: (model: Model) => void, { atOnce = false } = {}): void {
  for (const model of models) {
    if (wanted !== undefined && !wanted.includes(model)) continue;
    const skip = model === 'epoll' && process.platform !== 'linux' ? 'epoll is a mechanism of Linux' : false;
    // The time-out only turns a hang into a failure: no test here takes more than a few seconds.
    describe(model, { concurrency: atOnce, timeout: 180_000, skip }, () => define(model));
  }
}
