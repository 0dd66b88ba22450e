import type { Mechanism } from '../loops/mechanisms.ts';

/** Where workers run. */
export const isolations = ['thread', 'process'] as const;
export type Isolation = (typeof isolations)[number];

/** What a concurrency model is made of: how a worker waits, and where workers run. */
export type ModelDefinition = {
  readonly mechanism: Mechanism;
  /** `inline`: in this thread, unless workers are asked for; `pool`: a fixed number of them; `each`: one for every client. */
  readonly workers: 'inline' | 'pool' | 'each';
  /** Where the workers run by default; undefined when it can be chosen. */
  readonly isolation: Isolation | undefined;
};

/** The concurrency models that can be asked for by name. */
export const modelDefinitions = {
  iterative: { mechanism: 'blocking', workers: 'inline', isolation: undefined },
  'thread-per-client': { mechanism: 'blocking', workers: 'each', isolation: 'thread' },
  'thread-pool': { mechanism: 'blocking', workers: 'pool', isolation: 'thread' },
  'process-per-client': { mechanism: 'blocking', workers: 'each', isolation: 'process' },
  'process-pool': { mechanism: 'blocking', workers: 'pool', isolation: 'process' },
  select: { mechanism: 'select', workers: 'inline', isolation: undefined },
  poll: { mechanism: 'poll', workers: 'inline', isolation: undefined },
  epoll: { mechanism: 'epoll', workers: 'inline', isolation: undefined },
  sigio: { mechanism: 'sigio', workers: 'inline', isolation: undefined },
  uring: { mechanism: 'uring', workers: 'inline', isolation: undefined },
  libuv: { mechanism: 'libuv', workers: 'inline', isolation: undefined },
} as const satisfies Readonly<Record<string, ModelDefinition>>;

export type Model = keyof typeof modelDefinitions;
export const models = Object.keys(modelDefinitions) as readonly Model[];
