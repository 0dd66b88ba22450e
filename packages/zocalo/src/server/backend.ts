import type { Loop } from '../loops/loop.ts';
import { createDescriptorLoop, createLoop, type Mechanism } from '../loops/mechanisms.ts';
import { dialectsOf, type Served } from '../session/protocol.ts';
import type { ServerInfo } from '../session/server-info.ts';
import type { TlsByDialect, TlsLayer } from '../tls/tls-layer.ts';
import { loadTls } from '../workers/load-tls.ts';
import type { Isolation } from '../workers/models.ts';
import { Worker } from '../workers/worker.ts';
import type { SupervisorEvents, WorkerPool, WorkerPoolOptions } from '../workers/worker-pool.ts';
import type { Endpoint } from './endpoints.ts';
import { quotaOf, type ResolvedOptions } from './resolve-options.ts';

/** What serves: the loop that accepts, and the pool to which clients are given. */
export type Backend = {
  readonly loop: Loop;
  /** For the dialects that are spoken over TLS. */
  readonly tls: TlsLayer | undefined;
  createPool(server: ServerInfo, events: SupervisorEvents): WorkerPool;
};

/** Clients are served where they are accepted. @throws PlatformError; OptionError for certificates that cannot be used */
export async function inlineBackend(
  served: Served,
  mechanism: Mechanism,
  { limits, busyPollUs }: ResolvedOptions,
  endpoints: readonly Endpoint[],
): Promise<Backend> {
  const loop = await createLoop(mechanism, busyPollUs);
  const tls = await loadTls(tlsByDialect(endpoints));
  return {
    loop,
    tls,
    createPool: (server, events) => new Worker(dialectsOf(served), loop, limits, server, events, tls),
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
  const byDialect = tlsByDialect(endpoints);
  const tls = await loadTls(byDialect);
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
    tls: byDialect,
    layout: {
      rows: pool.workers === 'each' ? options.maxClients : pool.workers,
      buckets: addressQuota !== undefined,
    },
  };
  return { loop, tls, createPool: (_server, events) => new Supervisor(setup, pool, loop, events) };
}

function tlsByDialect(endpoints: readonly Endpoint[]): TlsByDialect {
  return Object.fromEntries(
    endpoints.flatMap(({ dialect, tls }) => (tls === undefined ? [] : [[dialect, tls]])),
  );
}
