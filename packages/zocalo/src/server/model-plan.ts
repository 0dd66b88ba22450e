import { availableParallelism } from 'node:os';
import { OptionError } from '../errors.ts';
import type { Mechanism } from '../loops/mechanisms.ts';
import { type Isolation, type Model, type ModelDefinition, modelDefinitions } from '../workers/models.ts';
import type { WorkerPoolOptions } from '../workers/worker-pool.ts';
import type { ServeOptions } from './options.ts';
import type { ResolvedOptions } from './resolve-options.ts';

/** How many clients a model with a worker for each client takes in, by default: each costs a thread or a process. */
const DEFAULT_MAX_CLIENTS = 256;
/** How many workers a pool has that blocks on its clients, by default: that many clients are served at once. */
const DEFAULT_POOL_SIZE = 8;

/** A model with everything decided. */
export type ModelPlan = {
  readonly model: Model;
  readonly mechanism: Mechanism;
  /** Undefined: everything in this thread. */
  readonly workers: (WorkerPoolOptions & { readonly isolation: Isolation }) | undefined;
  /** How many clients may be in and wait, as far as the model's nature allows. */
  readonly capacity: Pick<ResolvedOptions, 'maxClients' | 'maxWaiting' | 'whenFull'>;
};

/** Decides what a model comes to with the options given. @throws OptionError for an option that the model has no use for */
export function planModel(model: Model, given: ServeOptions, resolved: ResolvedOptions): ModelPlan {
  const definition: ModelDefinition = modelDefinitions[model];
  const { mechanism } = definition;
  const { maxClients, maxWaiting, whenFull, balance } = resolved;
  const capacity = { maxClients, maxWaiting, whenFull };
  if (mechanism === 'blocking' && definition.workers === 'inline') {
    useless(given, model, 'it serves one client at a time in one thread', [
      'workers',
      'isolation',
      'balance',
    ]);
    return { model, mechanism, workers: undefined, capacity: oneAtATime(model, given) };
  }
  const isolation = definition.isolation ?? given.isolation ?? 'thread';
  if (given.isolation !== undefined && given.isolation !== isolation) {
    throw new OptionError(
      `the workers of ${model} are of the kind ${isolation}: isolation cannot be ${given.isolation}`,
    );
  }
  if (definition.workers === 'each') {
    useless(given, model, 'it has a worker for each client', ['workers', 'balance']);
    const maxClients = given.maxClients ?? DEFAULT_MAX_CLIENTS;
    const workers = { workers: 'each', balance, clientsPerWorker: 1, isolation } as const;
    return { model, mechanism, workers, capacity: { ...capacity, maxClients } };
  }
  const count = workerCount(model, definition, given);
  if (count === 0) {
    useless(given, model, 'it has no workers', ['balance']);
    return { model, mechanism, workers: undefined, capacity };
  }
  if (mechanism !== 'blocking') {
    const workers = { workers: count, balance, clientsPerWorker: Number.POSITIVE_INFINITY, isolation };
    return { model, mechanism, workers, capacity };
  }
  const workers = { workers: count, balance, clientsPerWorker: 1, isolation };
  return {
    model,
    mechanism,
    workers,
    capacity: { ...capacity, maxClients: Math.min(given.maxClients ?? count, count) },
  };
}

function workerCount(model: Model, definition: ModelDefinition, given: ServeOptions): number {
  if (definition.workers === 'pool') {
    if (given.workers === 0) throw new OptionError(`${model} needs workers: 1 or more, not 0`);
    return given.workers ?? DEFAULT_POOL_SIZE;
  }
  return given.workers ?? (given.isolation === undefined ? 0 : availableParallelism());
}

/** While it serves one client, the others wait in the kernel's backlog. */
function oneAtATime(model: Model, given: ServeOptions): ModelPlan['capacity'] {
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
