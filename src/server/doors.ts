import { Quota } from '../admission/quota.ts';
import type { QuotaOptions } from '../admission/token-bucket.ts';
import { OptionError } from '../errors.ts';
import type { ListenTarget } from '../loops/loop.ts';
import { type Dialects, dialectsOf, type Served } from '../protocol/dialects.ts';
import type { AnyProtocol } from '../protocol/protocol.ts';
import { sharedClockOffset } from '../workers/shared-state.ts';
import {
  type DoorOptions,
  quotaOf,
  type ResolvedOptions,
  resolveOptions,
  type ServeOptions,
} from './options.ts';

/** One way into a server: where it listens, what is spoken there, and what is otherwise there than elsewhere. */
export type Door = {
  readonly dialect: string;
  readonly protocol: AnyProtocol;
  readonly target: ListenTarget;
  readonly backlog: number;
  readonly waitTimeout: number;
  readonly quota: QuotaOptions | undefined;
};

/** The doors of a service. @throws OptionError when the options do not fit what it speaks */
export function doorsOf(served: Served, options: ServeOptions, resolved: ResolvedOptions): Door[] {
  const { doors } = options;
  if (!('dialects' in served)) {
    if (doors === undefined) return [door(served.name, served, resolved)];
    throw new OptionError(
      `doors are for a service of several dialects, and ${served.name} is a single protocol: give host and port, or path`,
    );
  }
  if (options.path !== undefined || resolved.port !== 0) {
    const place = options.path === undefined ? 'port' : 'path';
    throw new OptionError(`${place} is of one door: ${spoken(served)}, so give each its own in doors`);
  }
  for (const name of Object.keys(doors ?? {})) {
    if (served.dialects[name] === undefined)
      throw new OptionError(`doors.${name} is for no dialect of ${served.name}: ${spoken(served)}`);
  }
  return Object.entries(dialectsOf(served)).map(([name, protocol]) => {
    const own = doors === undefined ? {} : doors[name];
    if (own === undefined) throw new OptionError(`doors.${name} is missing: ${spoken(served)}`);
    return door(name, protocol, resolveDoor(name, own, options));
  });
}

/**
 * The quotas that there are, by dialect; where the quota is that of addresses, all doors have the same one.
 * @param buckets where the buckets of addresses are, if others share them
 */
export function quotasOf(
  doors: readonly Door[],
  options: ResolvedOptions,
  buckets: Uint8Array | undefined,
): ReadonlyMap<string, Quota> {
  const common = options.quotaPer === 'address' ? quotaOf(options) : undefined;
  const shared = common && new Quota(common, 'address', buckets, sharedClockOffset());
  const quotas = new Map<string, Quota>();
  for (const { dialect, quota } of doors) {
    if (quota !== undefined) quotas.set(dialect, shared ?? new Quota(quota, 'connection'));
  }
  return quotas;
}

function door(dialect: string, protocol: AnyProtocol, resolved: ResolvedOptions): Door {
  const { host, port, path, backlog, waitTimeout } = resolved;
  const target = path === undefined ? { address: host, port } : { path };
  return { dialect, protocol, target, backlog, waitTimeout, quota: quotaOf(resolved) };
}

/** What a door does not say is as it is for the server. */
function resolveDoor(name: string, own: DoorOptions, options: ServeOptions): ResolvedOptions {
  const { host, waitTimeout, quota, quotaPer, quotaRefill } = options;
  if (own.quota !== undefined && quotaPer === 'address') {
    throw new OptionError(
      `doors.${name}.quota cannot be: with quotaPer: 'address' all doors share one quota`,
    );
  }
  // A Unix socket has no host, also when the other doors have one.
  const shared = {
    host: own.path === undefined ? host : undefined,
    waitTimeout,
    quota,
    quotaPer,
    quotaRefill,
  };
  try {
    return resolveOptions({ ...given(shared), ...given(own) });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new OptionError(`doors.${name}: ${error.message}`, { cause: error });
  }
}

function given(options: Readonly<Record<string, unknown>>): ServeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function spoken({ name, dialects }: Dialects): string {
  return `${name} speaks ${Object.keys(dialects).join(', ')}`;
}
