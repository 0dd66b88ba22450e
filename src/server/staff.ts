import type { Loop } from '../loops/loop.ts';
import { createDescriptorLoop, createLoop, type Mechanism } from '../loops/mechanisms.ts';
import type { House } from '../protocol/client.ts';
import { dialectsOf, type Served } from '../protocol/dialects.ts';
import type { Isolation } from '../workers/models.ts';
import type { Crew, SupervisorEvents } from '../workers/supervisor.ts';
import { Worker } from '../workers/worker.ts';
import type { Workforce } from '../workers/workforce.ts';
import type { Door } from './doors.ts';
import { quotaOf, type ResolvedOptions } from './options.ts';

/** Who serves: the loop that accepts, and those to whom clients are given. */
export type Staff = {
  readonly loop: Loop;
  hire(house: House, events: SupervisorEvents): Workforce;
};

/** Clients are served where they are accepted. @throws PlatformError */
export async function staffHere(
  served: Served,
  mechanism: Mechanism,
  { limits }: ResolvedOptions,
): Promise<Staff> {
  const loop = await createLoop(mechanism);
  return { loop, hire: (house, events) => new Worker(dialectsOf(served), loop, limits, house, events) };
}

/** Clients are accepted in this thread, by a loop of epoll, and served in workers, whatever those wait with. @throws PlatformError */
export async function staffOfWorkers(
  module: URL,
  protocolOptions: unknown,
  mechanism: Mechanism,
  crew: Crew & { readonly isolation: Isolation },
  options: ResolvedOptions,
  doors: readonly Door[],
): Promise<Staff> {
  const loop = await createDescriptorLoop('epoll');
  const { Supervisor } = await import('../workers/supervisor.ts');
  const addressQuota = options.quotaPer === 'address' ? quotaOf(options) : undefined;
  const task = {
    isolation: crew.isolation,
    mechanism,
    module: module.href,
    protocolOptions,
    limits: options.limits,
    quotas: Object.fromEntries(doors.map(({ dialect, quota }) => [dialect, quota])),
    addressQuota,
    layout: {
      rows: crew.workers === 'each' ? options.maxClients : crew.workers,
      buckets: addressQuota !== undefined,
    },
  };
  return { loop, hire: (_house, events) => new Supervisor(task, crew, loop, events) };
}
