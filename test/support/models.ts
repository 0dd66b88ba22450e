import { availableParallelism } from 'node:os';
import { describe } from 'node:test';
import { type Model, models, type ServeOptions } from '../../src/index.ts';

/** What differs between models by their nature; everything else holds for all of them. */
export type Traits = {
  /** Whether `whenFull: 'backlog'` leaves connections unaccepted in the kernel. */
  readonly keepsBacklogInKernel: boolean;
  /** Whether connections for which there is no descriptor wait, and the lack is reported; otherwise they are closed unseen. */
  readonly waitsForDescriptors: boolean;
  /** Whether the clients of a server share one memory, so that a handler of one can reach another. */
  readonly sharesMemory: boolean;
  /** How many clients can be in at once. */
  readonly clientsAtOnce: number;
  /** Whether it blocks the thread of the test while it waits: this thread, and not one of its own. */
  readonly blocksThisThread: boolean;
  /** Whether clients are served by threads or processes beside this one. */
  readonly hasWorkers: boolean;
};

/** A model as the suite serves with it: the options that make it, and its nature. */
export type Subject = {
  readonly name: string;
  readonly options: Pick<ServeOptions, 'workers' | 'isolation'> & { readonly model: Model };
  readonly traits: Traits;
};

const reactor: Traits = {
  keepsBacklogInKernel: true,
  waitsForDescriptors: true,
  sharesMemory: true,
  clientsAtOnce: Number.POSITIVE_INFINITY,
  blocksThisThread: false,
  hasWorkers: false,
};
const workers: Traits = { ...reactor, sharesMemory: false, hasWorkers: true };
/** Enough for every test that says how many must be in at once. */
const POOL_SIZE = 4;
const pool: Traits = { ...workers, clientsAtOnce: POOL_SIZE };

const traits: Record<Model, Traits> = {
  iterative: { ...reactor, clientsAtOnce: 1, blocksThisThread: true },
  'thread-per-client': workers,
  'thread-pool': pool,
  'process-per-client': workers,
  'process-pool': pool,
  select: reactor,
  poll: reactor,
  epoll: reactor,
  sigio: reactor,
  uring: reactor,
  // libuv accepts on its own, and closes what it has no descriptor for.
  libuv: { ...reactor, keepsBacklogInKernel: false, waitsForDescriptors: false },
};

const alone: readonly Subject[] = models.map((model) => {
  const size = traits[model].clientsAtOnce;
  const options = size === POOL_SIZE ? { model, workers: POOL_SIZE } : { model };
  return { name: model, options, traits: traits[model] };
});

/** Multiplexed models with workers: one that waits with epoll, and one whose sockets are node:net's. */
const combined = (['epoll', 'libuv'] as const).flatMap((model) =>
  (['thread', 'process'] as const).map((isolation) => ({
    name: `${model}-${isolation === 'thread' ? 'threads' : 'processes'}`,
    options: { model, isolation, workers: Math.max(2, availableParallelism()) },
    traits: workers,
  })),
);

export const subjects: readonly Subject[] = [...alone, ...combined];

/** `ZOCALO_TEST_MODELS=epoll,libuv` restricts the suite, for work on one of them. */
const wanted = process.env.ZOCALO_TEST_MODELS?.split(',');

/** Defines the same tests for every model. With `atOnce` they run concurrently: for tests that mostly wait. */
export function onEveryModel(define: (subject: Subject) => void, { atOnce = false } = {}): void {
  for (const subject of subjects) {
    const { name } = subject;
    if (wanted !== undefined && !wanted.includes(name)) continue;
    const skip =
      name !== 'libuv' && process.platform !== 'linux' ? `${name} needs Linux` : false;
    // The time-out only turns a hang into a failure: no test here takes more than a few seconds.
    describe(name, { concurrency: atOnce, timeout: 180_000, skip }, () => define(subject));
  }
}
