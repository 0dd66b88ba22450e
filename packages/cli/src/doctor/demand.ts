import type { Model } from 'zocalo';
import { type ModelDefinition, modelDefinitions, planModel, resolveOptions } from 'zocalo/internal';

/** For how many clients a machine is examined: options of a server. */
export type Demand = {
  readonly maxClients: number;
  /** Whether `maxClients` was asked for. By default it is smaller for models with a worker for each client. */
  readonly asked: boolean;
  readonly maxWaiting: number;
  readonly backlog: number;
  /** The bytes of answers that one client may leave unread. */
  readonly highWater: number;
};

/** What a server would take; `maxClients` is undefined for its default. */
export function demandFor(maxClients: number | undefined): Demand {
  const resolved = resolveOptions(maxClients === undefined ? {} : { maxClients });
  return {
    maxClients: resolved.maxClients,
    asked: maxClients !== undefined,
    maxWaiting: resolved.maxWaiting,
    backlog: resolved.backlog,
    highWater: resolved.limits.highWater,
  };
}

/** How many clients a server with a model would let in at once. */
export function wantedOf(model: Model, { maxClients, asked }: Demand): number {
  const { mechanism, workers }: ModelDefinition = modelDefinitions[model];
  const single = mechanism === 'blocking' && workers === 'inline';
  const options = asked && !single ? { maxClients } : {};
  return planModel(model, options, resolveOptions(options)).capacity.maxClients;
}
