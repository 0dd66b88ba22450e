import type { Model } from 'zocalo';
import { type Isolation, modelDefinitions } from 'zocalo/internal';
import { packageProgram } from '../package-module.ts';
import type { Capacity, ServerUnderTest } from '../runner/plan.ts';

/** A model, and how many workers it has and where they run, if that is not left to the model. */
export type ModelConfig = {
  readonly model: Model;
  readonly workers?: number;
  readonly isolation?: Isolation;
};

/** An echo server on a model. */
export type ModelServer = ServerUnderTest & { readonly config: ModelConfig };

/** How many clients are tried with a worker each: every worker is a Node of its own, and all have one core. */
const MAX_WORKERS: Record<Isolation, number> = { thread: 100, process: 50 };
/** How many workers a pool gets unless it is said. */
const POOL_WORKERS = 10;

/** A model with the workers that it gets when it is measured. */
export function modelConfig(model: Model, workers?: number, isolation?: Isolation): ModelConfig {
  const definition = modelDefinitions[model];
  if (definition.workers === 'each') return { model };
  if (definition.workers === 'pool') return { model, workers: workers ?? POOL_WORKERS };
  if (workers === undefined || definition.mechanism === 'blocking') return { model };
  return isolation === undefined ? { model, workers } : { model, workers, isolation };
}

/** @param workerWarmupSeconds the warm-up for each worker, since all of them have one core */
export function modelServer(config: ModelConfig, workerWarmupSeconds = 0): ModelServer {
  const { model } = config;
  const limit = capacity(config);
  return {
    name: model,
    label: model,
    command: [...packageProgram('sweep/echo-server'), JSON.stringify(config)],
    ...(limit === undefined ? {} : { capacity: limit }),
    warmupSeconds: (clients) => workerCount(config, clients) * workerWarmupSeconds,
    config,
  };
}

/** In how many workers so many clients are served. */
function workerCount({ model, workers = 1 }: ModelConfig, clients: number): number {
  return Math.min(modelDefinitions[model].workers === 'each' ? clients : workers, clients);
}

/** How many clients a model serves at once by its nature; undefined when as many as there are descriptors. */
export function capacity({ model, workers }: ModelConfig): Capacity | undefined {
  const definition = modelDefinitions[model];
  if (definition.mechanism !== 'blocking') return undefined;
  switch (definition.workers) {
    case 'inline':
      return { maxClients: 1, cause: 'serves one client at a time' };
    case 'pool': {
      const maxClients = workers ?? POOL_WORKERS;
      return { maxClients, cause: `has ${maxClients} workers, which serve one client each` };
    }
    case 'each': {
      const { isolation } = definition;
      const maxClients = MAX_WORKERS[isolation];
      return {
        maxClients,
        cause: `starts a ${isolation} for each client, and more than ${maxClients} are not tried`,
      };
    }
  }
}
