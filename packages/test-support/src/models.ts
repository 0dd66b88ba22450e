import { describe, test } from 'node:test';
import { type Model, models, type ServeOptions } from 'zocalo';

/** What differs between models by their nature; everything else holds for all of them. `test/conformance/nature.test.ts` asserts it. */
export type Traits = {
  /** Whether `whenFull: 'backlog'` leaves connections unaccepted in the kernel. */
  readonly keepsBacklogInKernel: boolean;
  /** What becomes of clients for whom there is no descriptor: they wait, and the lack is reported; or they are closed, and that is; or unseen. */
  readonly withoutDescriptors: 'wait' | 'closed' | 'closed unseen';
  /** Whether the clients of a server share one memory, so that a handler of one can reach another. */
  readonly sharesMemory: boolean;
  /**
   * How many clients can be in at once, or as many as a test should have in. It is 1 for a model that serves one at a time, and has no
   * waiting line either: `maxClients`, `maxWaiting` and `whenFull` are not for it.
   */
  readonly clientsAtOnce: number;
  /** Whether every client costs a thread or a process of its own, which is 50 to 100 ms of processor time: tests have fewer clients then. */
  readonly spawnsPerClient: boolean;
  /** Whether it blocks the thread of the test while it waits: this thread, and not one of its own. */
  readonly blocksThisThread: boolean;
  /** Where clients are served, when it is not in the thread that accepts them. */
  readonly workers: 'threads' | 'processes' | undefined;
};

/** A model as the suite serves with it: the options that make it, and its nature. */
export type Subject = {
  readonly name: string;
  readonly options: Pick<ServeOptions, 'workers' | 'isolation'> & { readonly model: Model };
  readonly traits: Traits;
};

const reactor: Traits = {
  keepsBacklogInKernel: true,
  withoutDescriptors: 'wait',
  sharesMemory: true,
  clientsAtOnce: Number.POSITIVE_INFINITY,
  spawnsPerClient: false,
  blocksThisThread: false,
  workers: undefined,
};
const threads: Traits = { ...reactor, sharesMemory: false, workers: 'threads' };
const processes: Traits = { ...threads, workers: 'processes' };
/** A client of these has a worker to itself, and waits in line for one, or for one to be started, which takes descriptors. */
const pool = { clientsAtOnce: 8 };
const each = { clientsAtOnce: 12, spawnsPerClient: true, withoutDescriptors: 'closed' } as const;

const traits: Record<Model, Traits> = {
  iterative: { ...reactor, clientsAtOnce: 1, blocksThisThread: true },
  'thread-per-client': { ...threads, ...each },
  'thread-pool': { ...threads, ...pool },
  'process-per-client': { ...processes, ...each },
  'process-pool': { ...processes, ...pool },
  select: reactor,
  poll: reactor,
  epoll: reactor,
  sigio: reactor,
  uring: reactor,
  // libuv accepts on its own, and closes what it has no descriptor for.
  libuv: { ...reactor, keepsBacklogInKernel: false, withoutDescriptors: 'closed unseen' },
};

/** How many workers a server has in a test that does not say how many clients it wants in at once: the start of each takes time. */
const WORKERS = 2;

const isPool = (model: Model) => model === 'thread-pool' || model === 'process-pool';

const alone: readonly Subject[] = models.map((model) => ({
  name: model,
  options: isPool(model) ? { model, workers: WORKERS } : { model },
  traits: traits[model],
}));

/** Multiplexed models with workers: one that waits with epoll, and one whose sockets are node:net's. */
const combined: readonly Subject[] = (['epoll', 'libuv'] as const).flatMap((model) =>
  (['thread', 'process'] as const).map(
    (isolation): Subject => ({
      name: `${model}-${isolation === 'thread' ? 'threads' : 'processes'}`,
      options: { model, isolation, workers: WORKERS },
      traits: {
        ...(isolation === 'thread' ? threads : processes),
        // A thread of epoll serves with the very descriptor that was accepted. The others need one more, and learn too late that there is
        // none.
        withoutDescriptors: model === 'epoll' && isolation === 'thread' ? 'wait' : 'closed',
      },
    }),
  ),
);

export const subjects: readonly Subject[] = [...alone, ...combined];

export function subjectNamed(name: string): Subject {
  return subjects.find((subject) => subject.name === name) as Subject;
}

/**
 * The options of a server that is given some of its own. A pool whose workers serve one client each has as many workers as clients are
 * to be in at once.
 */
export function optionsFor({ options }: Subject, own: ServeOptions): ServeOptions {
  const sized = isPool(options.model) && own.maxClients !== undefined ? { workers: own.maxClients } : {};
  return { ...options, ...sized, ...own };
}

/** So many clients, or as many as can be in at once. */
export function upTo({ traits }: Subject, clients: number): number {
  return Math.min(clients, traits.clientsAtOnce);
}

/** Divides what clients are to do into parts that can be done at once. */
export function* inBatches<Each>(subject: Subject, all: readonly Each[]): Generator<readonly Each[]> {
  for (let at = 0; at < all.length; ) {
    const batch = all.slice(at, at + upTo(subject, all.length));
    yield batch;
    at += batch.length;
  }
}

/** What a test needs of the model it is defined for. */
export type Needs = {
  /** How many clients must be in at once; default 1. */
  readonly clients?: number;
  /** Whether clients must be able to wait in line, or be refused. */
  readonly line?: boolean;
  /** Whether a handler must reach the clients of the others. */
  readonly sharedMemory?: boolean;
};

/** Whether there is a waiting line, and with it a choice of how many are let in. */
export function hasLine({ traits }: Subject): boolean {
  return traits.clientsAtOnce > 1;
}

/**
 * Node's `test` for a model that can have what the test needs; for any other it defines nothing. What such a model does instead is
 * asserted in `test/conformance/nature.test.ts`.
 */
export function testWith(subject: Subject, needs: Needs): typeof test {
  const { clients = 1, line = false, sharedMemory = false } = needs;
  const { clientsAtOnce, sharesMemory } = subject.traits;
  const can = clients <= clientsAtOnce && (!line || hasLine(subject)) && (!sharedMemory || sharesMemory);
  return can ? test : ((async () => {}) as unknown as typeof test);
}

/** `ZOCALO_TEST_MODELS=epoll,libuv` restricts the suite, for work on one of them. */
const wanted = process.env.ZOCALO_TEST_MODELS?.split(',');

/**
 * Which subjects move the bytes of a conversation with the very code, and wait with it in the very way, of another that is tested. A worker
 * of one client is one of a pool that is used once; epoll does in a process of its own what it does here, and libuv in a thread. A third of the processor time of
 * these would go into tests that speak with one client.
 */
const sameConversations: readonly string[] = [
  'thread-per-client',
  'process-per-client',
  'epoll-processes',
  'libuv-threads',
];

type Definition = (subject: Subject) => void;

/** Defines the same tests for every model. With `atOnce` they run concurrently: for tests that mostly wait. */
export function onEveryModel(define: Definition, { atOnce = false } = {}): void {
  defineFor(subjects, define, atOnce);
}

/** Defines the same tests for every way in which a conversation is served: for those that are about conversations alone. */
export function onEveryLoop(define: Definition, { atOnce = false } = {}): void {
  const different = subjects.filter(({ name }) => !sameConversations.includes(name));
  defineFor(different, define, atOnce);
}

function defineFor(those: readonly Subject[], define: Definition, atOnce: boolean): void {
  for (const subject of those) {
    const { name, traits } = subject;
    if (wanted !== undefined && !wanted.includes(name)) continue;
    const skip = name !== 'libuv' && process.platform !== 'linux' ? `${name} needs Linux` : false;
    // The time-out only turns a hang into a failure: no test here takes more than a few seconds.
    const concurrency = atOnce && !traits.blocksThisThread;
    describe(name, { concurrency, timeout: 180_000, skip }, () => define(subject));
  }
}
