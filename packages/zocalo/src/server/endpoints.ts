import { isIP } from 'node:net';
import { Quota } from '../admission/quota.ts';
import type { QuotaOptions } from '../admission/token-bucket.ts';
import { didYouMean } from '../closest-name.ts';
import { OptionError } from '../errors.ts';
import type { ListenOptions, ListenTarget } from '../loops/loop.ts';
import { mustBe } from '../option-checks.ts';
import { type AnyProtocol, type Dialects, dialectsOf, type Served } from '../session/protocol.ts';
import type { TlsSettings } from '../tls/tls-options.ts';
import { sharedClockOffset } from '../workers/shared-state.ts';
import type { EndpointOptions, ServeOptions } from './options.ts';
import { checkEndpoint, quotaOf, type ResolvedOptions, resolveOptions } from './resolve-options.ts';

/** One way into a server: where it listens, what is spoken there, and what is otherwise there than elsewhere. */
export type Endpoint = {
  readonly dialect: string;
  readonly protocol: AnyProtocol;
  readonly target: ListenTarget;
  readonly options: ListenOptions;
  readonly waitTimeoutMs: number;
  readonly quota: QuotaOptions | undefined;
  readonly tls: TlsSettings | undefined;
};

/** The endpoints of a service. @throws OptionError when the options do not fit what it speaks */
export function resolveEndpoints(
  served: Served,
  options: ServeOptions,
  resolved: ResolvedOptions,
): Endpoint[] {
  const { endpoints } = options;
  if (!('dialects' in served)) {
    if (endpoints === undefined) return [endpoint(served.name, served, resolved, resolved)];
    throw new OptionError(
      `endpoints are for a service of several dialects, and ${served.name} is a single protocol: give host and port, or path`,
    );
  }
  if (options.path !== undefined || resolved.port !== 0) {
    const place = options.path === undefined ? 'port' : 'path';
    throw new OptionError(
      `${place} is of one endpoint: ${dialectList(served)}, so give each its own in endpoints`,
    );
  }
  if (endpoints !== undefined && (typeof endpoints !== 'object' || endpoints === null)) {
    throw mustBe('endpoints', 'an object with the options of each endpoint', endpoints);
  }
  for (const name of Object.keys(endpoints ?? {})) {
    if (Object.hasOwn(served.dialects, name)) continue;
    const hint = didYouMean(name, Object.keys(served.dialects));
    throw new OptionError(
      `endpoints.${name} is for no dialect of ${served.name}: ${dialectList(served)}${hint}`,
    );
  }
  return Object.entries(dialectsOf(served)).map(([name, protocol]) => {
    const own = endpoints === undefined ? {} : endpoints[name];
    if (own === undefined) throw new OptionError(`endpoints.${name} is missing: ${dialectList(served)}`);
    checkEndpoint(name, own);
    return endpoint(name, protocol, resolveEndpoint(name, own, options), resolved);
  });
}

/**
 * The quotas that there are, by dialect; where the quota is that of addresses, all endpoints have the same one.
 * @param buckets where the buckets of addresses are, if others share them
 */
export function quotasOf(
  endpoints: readonly Endpoint[],
  options: ResolvedOptions,
  buckets: Uint8Array | undefined,
): ReadonlyMap<string, Quota> {
  const common = options.quotaPer === 'address' ? quotaOf(options) : undefined;
  const shared = common && new Quota(common, 'address', buckets, sharedClockOffset());
  const quotas = new Map<string, Quota>();
  for (const { dialect, quota } of endpoints) {
    if (quota !== undefined) quotas.set(dialect, shared ?? new Quota(quota, 'connection'));
  }
  return quotas;
}

/** @param own the options of the endpoint @param server those of all endpoints */
function endpoint(
  dialect: string,
  protocol: AnyProtocol,
  own: ResolvedOptions,
  server: ResolvedOptions,
): Endpoint {
  const { host, port, path, mode, ipv6Only, waitTimeoutMs } = own;
  const target = path === undefined ? { address: host, port, ipv6Only } : { path, mode };
  const { backlog, reusePort, keepAliveMs, maxUnsent, sendBuffer, receiveBuffer } = server;
  const { writeTimeoutMs } = server.limits;
  const options = { backlog, reusePort, keepAliveMs, maxUnsent, sendBuffer, receiveBuffer, writeTimeoutMs };
  return { dialect, protocol, target, options, waitTimeoutMs, quota: quotaOf(own), tls: own.tls };
}

/** What is not given for an endpoint is as for the server. */
function resolveEndpoint(name: string, own: EndpointOptions, options: ServeOptions): ResolvedOptions {
  const { waitTimeoutMs, quota, quotaPer, quotaRefillMs, tls } = options;
  if (own.quota !== undefined && quotaPer === 'address') {
    throw new OptionError(
      `endpoints.${name}.quota cannot be: with quotaPer: 'address' all endpoints share one quota`,
    );
  }
  // A Unix socket has no host, also when the other endpoints have one; and what is of IPv6, or of a file, is for the endpoints that have it.
  const host = own.path === undefined ? (own.host ?? options.host) : undefined;
  const shared = {
    host,
    ipv6Only: isIP(host ?? '') === 6 ? options.ipv6Only : undefined,
    mode: own.path === undefined || own.path.startsWith('\0') ? undefined : options.mode,
    waitTimeoutMs,
    quota,
    quotaPer,
    quotaRefillMs,
    tls,
  };
  try {
    return resolveOptions({ ...definedOnly(shared), ...definedOnly(own) });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new OptionError(`endpoints.${name}: ${error.message}`, { cause: error });
  }
}

function definedOnly(options: Readonly<Record<string, unknown>>): ServeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function dialectList({ name, dialects }: Dialects): string {
  return `${name} speaks ${Object.keys(dialects).join(', ')}`;
}
