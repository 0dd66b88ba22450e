import { isIP } from 'node:net';
import { AddressRules } from '../admission/addresses.ts';
import type { QuotaOptions } from '../admission/token-bucket.ts';
import { OptionError } from '../errors.ts';
import { DEFAULT_BUSY_POLL_US } from '../loops/dispatcher.ts';
import { defaultListenOptions } from '../loops/loop.ts';
import {
  mustBe,
  oneOf,
  onlyOptions,
  positiveTime,
  text,
  trueOrFalse,
  whole,
  wholeOrInfinity,
} from '../option-checks.ts';
import { limitNames, resolveLimits, type SessionLimits } from '../session/limits.ts';
import { resolveTls } from '../tls/tls-options.ts';
import { balances } from '../workers/balance.ts';
import { isolations, models } from '../workers/models.ts';
import type { EndpointOptions, ServeOptions } from './options.ts';

/** A thread or process each: more is a mistake. */
const MAX_WORKERS = 1_024;
/** To poll for longer than that is a waste. */
const MAX_BUSY_POLL_US = 1_000_000;
/** What the kernel takes as an int, and doubles (socket(7)). */
const MAX_BUFFER_SIZE = 0x3fff_ffff;
/** The longest TCP_KEEPIDLE is of 32,767 s (MAX_TCP_KEEPIDLE in the kernel's include/net/tcp.h). */
const MAX_KEEP_ALIVE_MS = 32_767_000;
/** `sun_path` has 108 bytes on Linux and 104 on macOS, with the NUL at the end (unix(7), unix(4)). */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

const none = Number.POSITIVE_INFINITY;

/** What becomes of these depends on others: on the model, the service, or each other. */
const resolvedTogether = ['endpoints', 'workers', 'isolation', 'protocolOptions', 'allow', 'deny'] as const;

type ResolvedOption = Exclude<keyof ServeOptions, keyof SessionLimits | (typeof resolvedTogether)[number]>;

/**
 * The default of each option, and its check; an option without a line does not compile. A default is for what is undefined or left out,
 * and for nothing else: null is a mistake like any other.
 */
const resolvers = {
  host: ({ host = '127.0.0.1' }) => hostAddress(host),
  port: ({ port = 0 }) => whole('port', port, 0, 65_535),
  path: ({ path }) => (path === undefined ? undefined : socketPath(path)),
  mode: ({ mode }) => (mode === undefined ? undefined : whole('mode', mode, 0, 0o777)),
  ipv6Only: ({ ipv6Only = false }) => trueOrFalse('ipv6Only', ipv6Only),
  reusePort: ({ reusePort = isClusterWorker() }) => trueOrFalse('reusePort', reusePort),
  model: ({ model }) => (model === undefined ? undefined : oneOf('model', model, models)),
  balance: ({ balance = 'least-connections' }) => oneOf('balance', balance, balances),
  backlog: ({ backlog = defaultListenOptions.backlog }) => whole('backlog', backlog, 1),
  busyPollUs: ({ busyPollUs = DEFAULT_BUSY_POLL_US }) => whole('busyPollUs', busyPollUs, 0, MAX_BUSY_POLL_US),
  keepAliveMs: ({ keepAliveMs = defaultListenOptions.keepAliveMs }) => keepAliveTime(keepAliveMs),
  maxUnsent: ({ maxUnsent = defaultListenOptions.maxUnsent }) =>
    maxUnsent === none ? none : whole('maxUnsent', maxUnsent, 1, MAX_BUFFER_SIZE),
  sendBuffer: ({ sendBuffer }) => bufferSize('sendBuffer', sendBuffer),
  receiveBuffer: ({ receiveBuffer }) => bufferSize('receiveBuffer', receiveBuffer),
  maxClients: ({ maxClients = 10_000 }) => whole('maxClients', maxClients, 1),
  maxWaiting: ({ maxWaiting = 128 }) => whole('maxWaiting', maxWaiting, 0),
  waitTimeoutMs: ({ waitTimeoutMs = 30_000 }) => positiveTime('waitTimeoutMs', waitTimeoutMs),
  maxPerAddress: ({ maxPerAddress = none }) => wholeOrInfinity('maxPerAddress', maxPerAddress, 1),
  fairSharePerAddress: ({ fairSharePerAddress = none }) =>
    wholeOrInfinity('fairSharePerAddress', fairSharePerAddress, 1),
  maxWaitingPerAddress: ({ maxWaitingPerAddress = none }) =>
    wholeOrInfinity('maxWaitingPerAddress', maxWaitingPerAddress, 0),
  ipv6Prefix: ({ ipv6Prefix = 64 }) => whole('ipv6Prefix', ipv6Prefix, 1, 128),
  accept: ({ accept }) => acceptHook(accept),
  tls: ({ tls = false }) => (tls === false ? undefined : resolveTls(tls)),
  whenFull: ({ whenFull = 'refuse' }) => oneOf('whenFull', whenFull, ['refuse', 'backlog']),
  quota: ({ quota }) => (quota === undefined ? undefined : whole('quota', quota, 1)),
  quotaPer: ({ quotaPer = 'connection' }) => oneOf('quotaPer', quotaPer, ['connection', 'address']),
  quotaRefillMs: ({ quotaPer, quotaRefillMs = quotaPer === 'address' ? 60_000 : none }) =>
    positiveTime('quotaRefillMs', quotaRefillMs),
  drainTimeoutMs: ({ drainTimeoutMs = 10_000 }) => positiveTime('drainTimeoutMs', drainTimeoutMs),
} satisfies Readonly<Record<ResolvedOption, (options: ServeOptions) => unknown>>;

export type ResolvedOptions = {
  [Name in ResolvedOption]: ReturnType<(typeof resolvers)[Name]>;
} & {
  rules: AddressRules;
  limits: SessionLimits;
};

const optionNames = [...Object.keys(resolvers), ...resolvedTogether, ...limitNames];

/** @throws OptionError for the first option that cannot be used, or that there is not */
export function resolveOptions(options: ServeOptions): ResolvedOptions {
  onlyOptions('serve', options, optionNames);
  const resolved = Object.fromEntries(
    Object.entries(resolvers).map(([name, resolve]) => [name, resolve(options)]),
  );
  const { workers, isolation, host, port, path, allow, deny, endpoints } = options;
  const rules = new AddressRules(allow, deny);
  const limits = resolveLimits(options);
  if (workers !== undefined) whole('workers', workers, 0, MAX_WORKERS);
  if (isolation !== undefined) oneOf('isolation', isolation, isolations);
  if (path !== undefined && (host !== undefined || port !== undefined)) {
    throw new OptionError('path is for a Unix socket, host and port are for TCP: give one or the other');
  }
  if (endpoints === undefined) checkSocketKind(options);
  return { ...resolved, rules, limits } as ResolvedOptions;
}

/** What each client, or each address, may send. */
export function quotaOf({ quota, quotaRefillMs }: ResolvedOptions): QuotaOptions | undefined {
  return quota === undefined ? undefined : { messages: quota, refillIntervalMs: quotaRefillMs / quota };
}

const endpointOptions: Readonly<Record<keyof EndpointOptions, true>> = {
  host: true,
  port: true,
  path: true,
  mode: true,
  ipv6Only: true,
  quota: true,
  waitTimeoutMs: true,
  tls: true,
};

/** @throws OptionError for an endpoint that is something else than an endpoint's options */
export function checkEndpoint(name: string, endpoint: unknown): asserts endpoint is EndpointOptions {
  onlyOptions(`endpoints.${name}`, endpoint, Object.keys(endpointOptions));
}

function hostAddress(host: unknown): string {
  if (host === 'localhost') return '127.0.0.1';
  if (typeof host === 'string' && isIP(host) !== 0) return host;
  throw mustBe('host', 'an IPv4 or IPv6 address or "localhost"', host);
}

function socketPath(value: unknown): string {
  const path = text('path', value);
  if (path.startsWith('\0')) {
    if (process.platform !== 'linux')
      throw new OptionError('path must not begin with \\0: only Linux has abstract Unix sockets');
  } else if (path.includes('\0')) {
    throw new OptionError(`path must not contain \\0 but at its beginning: ${JSON.stringify(path)}`);
  }
  const length = Buffer.byteLength(path);
  if (length <= MAX_PATH_BYTES) return path;
  throw new OptionError(
    `path must be at most ${MAX_PATH_BYTES} bytes long for a Unix socket, not ${length}: ${path.replaceAll('\0', '@')}`,
  );
}

/** What is of the one kind of socket only; a server with several endpoints may have both kinds. */
function checkSocketKind({ host, path, mode, ipv6Only }: ServeOptions): void {
  if (mode !== undefined && (path === undefined || path.startsWith('\0'))) {
    throw new OptionError('mode is for the file of a Unix socket: give it with a path');
  }
  if (ipv6Only === true && isIP(host ?? '') !== 6) {
    throw new OptionError(
      `ipv6Only is for an IPv6 host such as "::", not for ${path ?? host ?? '127.0.0.1'}`,
    );
  }
}

function keepAliveTime(value: number): number {
  if (value === none || (typeof value === 'number' && value > 0 && value <= MAX_KEEP_ALIVE_MS)) return value;
  const range = `more than 0 and at most ${MAX_KEEP_ALIVE_MS} milliseconds, or Infinity for never`;
  throw mustBe('keepAliveMs', range, value);
}

function bufferSize(name: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : whole(name, value, 1, MAX_BUFFER_SIZE);
}

/** Several processes of a cluster listen on the same port. */
function isClusterWorker(): boolean {
  return process.send !== undefined && process.getBuiltinModule('node:cluster').isWorker;
}

function acceptHook(accept: ServeOptions['accept']): ServeOptions['accept'] {
  if (accept === undefined) return undefined;
  if (typeof accept !== 'function') throw mustBe('accept', 'a function', accept);
  if (accept.constructor.name === 'AsyncFunction') {
    throw new OptionError(
      'accept must answer at once: an asynchronous function cannot decide which client gets a place',
    );
  }
  return accept;
}
