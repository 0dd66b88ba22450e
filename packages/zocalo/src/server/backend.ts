import type { Loop } from '../loops/loop.ts';
import { createDescriptorLoop, createLoop, type Mechanism } from '../loops/mechanisms.ts';
import { dialectsOf, type Served } from '../session/protocol.ts';
import type { ServerInfo } from '../session/server-info.ts';
import type { Isolation } from '../workers/models.ts';
import { Worker } from '../workers/worker.ts';
import type { SupervisorEvents, WorkerPool, WorkerPoolOptions } from '../workers/worker-pool.ts';
import type { Endpoint } from './endpoints.ts';
import { quotaOf, type ResolvedOptions } from './resolve-options.ts';

/** What serves: the loop that accepts, and the pool to which clients are given. */
export type Backend = {
  readonly loop: Loop;
  createPool(server: ServerInfo, events: SupervisorEvents): WorkerPool;
};

/** Clients are served where they are accepted. @throws PlatformError */
export async function inlineBackend(
  served: Served,
  mechanism: Mechanism,
  { limits, busyPollUs }: ResolvedOptions,
): Promise<Backend> {
  const loop = await createLoop(mechanism, busyPollUs);
  return {
    loop,
    createPool: (server, events) => new Worker(dialectsOf(served), loop, limits, server, events),
  };
}

/** Clients are accepted in this thread, by a loop of epoll, and served in workers, whatever those wait with. @throws PlatformError */
export async function workerBackend(
  module: URL,
  protocolOptions: unknown,
  mechanism: Mechanism,
  pool: WorkerPoolOptions & { readonly isolation: Isolation },
  options: ResolvedOptions,
  endpoints: readonly Endpoint[],
): Promise<Backend> {
  const loop = await createDescriptorLoop('epoll');
  const { Supervisor } = await import('../workers/supervisor.ts');
  const addressQuota = options.quotaPer === 'address' ? quotaOf(options) : undefined;
  const setup = {
    isolation: pool.isolation,
    mechanism,
    busyPollUs: options.busyPollUs,
    module: module.href,
    protocolOptions,
    limits: options.limits,
    quotas: Object.fromEntries(endpoints.map(({ dialect, quota }) => [dialect, quota])),
    addressQuota,
    layout: {
      rows: pool.workers === 'each' ? options.maxClients : pool.workers,
      buckets: addressQuota !== undefined,
    },
  };
  return { loop, createPool: (_server, events) => new Supervisor(setup, pool, loop, events) };
}
