import { availableParallelism } from 'node:os';
import { OptionError } from '../errors.ts';
import type { Mechanism } from '../loops/mechanisms.ts';
import { type Arrangement, arrangements, type Isolation, type Model } from '../workers/models.ts';
import type { Crew } from '../workers/supervisor.ts';
import type { ResolvedOptions, ServeOptions } from './options.ts';

/** How many clients a model with a worker for each client takes in, unless told otherwise: each costs a thread or a process. */
const WORKERS_AT_ONCE = 256;
/** How many workers a pool has that blocks on its clients, unless told otherwise: that many clients are served at once. */
const POOL_SIZE = 8;

/** A model with everything decided. */
export type Arranged = {
  readonly model: Model;
  readonly mechanism: Mechanism;
  /** Undefined: everything in this thread. */
  readonly workers: (Crew & { readonly isolation: Isolation }) | undefined;
  /** How many clients may be in and wait, as far as the model's nature allows. */
  readonly crowd: Pick<ResolvedOptions, 'maxClients' | 'maxWaiting' | 'whenFull'>;
};

/** Decides what a model comes to with the options given. @throws OptionError for an option that the model has no use for */
export function arrange(model: Model, given: ServeOptions, resolved: ResolvedOptions): Arranged {
  const arrangement: Arrangement = arrangements[model];
  const { mechanism } = arrangement;
  const { maxClients, maxWaiting, whenFull, balance } = resolved;
  const crowd = { maxClients, maxWaiting, whenFull };
  if (mechanism === 'blocking' && arrangement.workers === 'inline') {
    useless(given, model, 'it serves one client at a time in one thread', [
      'workers',
      'isolation',
      'balance',
    ]);
    return { model, mechanism, workers: undefined, crowd: oneAtATime(model, given) };
  }
  const isolation = arrangement.isolation ?? given.isolation ?? 'thread';
  if (given.isolation !== undefined && given.isolation !== isolation) {
    throw new OptionError(
      `the workers of ${model} are of the kind ${isolation}: isolation cannot be ${given.isolation}`,
    );
  }
  if (arrangement.workers === 'each') {
    useless(given, model, 'it has a worker for each client', ['workers', 'balance']);
    const most = given.maxClients ?? WORKERS_AT_ONCE;
    const workers = { workers: 'each', balance, clientsEach: 1, isolation } as const;
    return { model, mechanism, workers, crowd: { ...crowd, maxClients: most } };
  }
  const count = workerCount(model, arrangement, given);
  if (count === 0) {
    useless(given, model, 'it has no workers', ['balance']);
    return { model, mechanism, workers: undefined, crowd };
  }
  if (mechanism !== 'blocking') {
    const workers = { workers: count, balance, clientsEach: Number.POSITIVE_INFINITY, isolation };
    return { model, mechanism, workers, crowd };
  }
  const workers = { workers: count, balance, clientsEach: 1, isolation };
  return {
    model,
    mechanism,
    workers,
    crowd: { ...crowd, maxClients: Math.min(given.maxClients ?? count, count) },
  };
}

function workerCount(model: Model, arrangement: Arrangement, given: ServeOptions): number {
  if (arrangement.workers === 'pool') {
    if (given.workers === 0) throw new OptionError(`${model} needs workers: 1 or more, not 0`);
    return given.workers ?? POOL_SIZE;
  }
  return given.workers ?? (given.isolation === undefined ? 0 : availableParallelism());
}

/** While it serves one client it looks at nobody else: the others wait in the kernel's backlog. */
function oneAtATime(model: Model, given: ServeOptions): Arranged['crowd'] {
  const nature = `${model} serves one client at a time, and the others wait in the kernel`;
  if ((given.maxClients ?? 1) > 1)
    throw new OptionError(`${nature}: maxClients cannot be ${given.maxClients}`);
  if ((given.maxWaiting ?? 0) > 0)
    throw new OptionError(`${nature}: maxWaiting cannot be ${given.maxWaiting}`);
  if (given.whenFull === 'refuse') throw new OptionError(`${nature}: whenFull cannot be refuse`);
  return { maxClients: 1, maxWaiting: 0, whenFull: 'backlog' };
}

function useless(
  given: ServeOptions,
  model: Model,
  why: string,
  names: readonly ('workers' | 'isolation' | 'balance')[],
): void {
  for (const name of names) {
    if (given[name] !== undefined) throw new OptionError(`${model} has no use for ${name}: ${why}`);
  }
}
