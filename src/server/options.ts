import { isIP } from 'node:net';
import type { QuotaOptions } from '../admission/token-bucket.ts';
import { OptionError } from '../errors.ts';
import { defaultSessionLimits, type SessionLimits } from '../protocol/limits.ts';
import { type Balance, balances } from '../workers/balance.ts';
import { type Isolation, isolations, type Model, models } from '../workers/models.ts';

/** Where one dialect of a service listens, and what is otherwise there than at its other doors. */
export type DoorOptions = {
  /** As for the server, whose `host` is the default. */
  host?: string;
  port?: number;
  path?: string;
  /** How many messages a client that comes in here may send. Default: as for the server. */
  quota?: number;
  /** How long one who comes here waits in line at most. Default: as for the server. */
  waitTimeout?: number;
};

/** How to serve. Everything has a default; times are in milliseconds, `Infinity` for no limit, sizes in bytes. */
export type ServeOptions = Partial<SessionLimits> & {
  /** The address to listen on: an IPv4 or IPv6 address, or `localhost`. Default `127.0.0.1`. */
  host?: string;
  /** The port to listen on; 0 (the default) takes any that is free. */
  port?: number;
  /** The path of a Unix socket to listen on, instead of host and port. */
  path?: string;
  /** For a service of several dialects: where each is spoken. Default: each on any port that is free. */
  doors?: Readonly<Record<string, DoorOptions>>;
  /** The concurrency model: how clients are served at once. Default `epoll` on Linux, `libuv` elsewhere. */
  model?: Model;
  /**
   * How many workers serve, beside this thread, which accepts for all of them. Default: none, but 8 for `thread-pool` and
   * `process-pool`, and one for each processor when `isolation` is given. Workers need a protocol given as a module.
   */
  workers?: number;
  /** Whether workers are threads (the default) or processes. */
  isolation?: Isolation;
  /**
   * Which worker gets a client: the one that has the fewest (`least-connections`, the default), each in turn (`round-robin`), or always
   * the same for an address (`source`).
   */
  balance?: Balance;
  /** What the function that a module exports is given to make its protocol. It must be cloneable (no functions). Default undefined. */
  protocolOptions?: unknown;
  /** How many connections the kernel keeps for us until they are accepted. Default 4,096; the system may allow fewer. */
  backlog?: number;
  /** How many clients are served at once. Default 10,000, or as many as the model can: see the table of models. */
  maxClients?: number;
  /** How many clients wait in line, accepted but unread, when `maxClients` are in. Default 128. */
  maxWaiting?: number;
  /** How long one waits in line at most. Default 30 s. */
  waitTimeout?: number;
  /** How many clients of one address are let in while others of another address wait. Default: as many as there is room for. */
  maxPerAddress?: number;
  /** How many clients of one address wait in line. Default: as many as there is room for. */
  maxWaitingPerAddress?: number;
  /**
   * What becomes of clients when house and line are full: `refuse` (the default) accepts them, says the protocol's words and
   * closes; `backlog` stops accepting, so that they wait in the kernel.
   */
  whenFull?: 'refuse' | 'backlog';
  /** How many messages a client may send. Default: as many as it likes. */
  quota?: number;
  /** Whether the quota is of each connection (the default) or of all connections of an address. */
  quotaPer?: 'connection' | 'address';
  /** The time in which a spent quota fills up again. Default: never for a connection, 60 s for an address. */
  quotaRefill?: number;
  /** How long `drain` and the command wait for answers in progress. Default 10 s. */
  drainTimeout?: number;
};

export type ResolvedOptions = Required<
  Omit<
    ServeOptions,
    'path' | 'doors' | 'model' | 'workers' | 'isolation' | 'protocolOptions' | 'quota' | keyof SessionLimits
  >
> & {
  path: string | undefined;
  model: Model | undefined;
  quota: number | undefined;
  limits: SessionLimits;
};

/** What each client, or each address, may send. */
export function quotaOf({ quota, quotaRefill }: ResolvedOptions): QuotaOptions | undefined {
  return quota === undefined ? undefined : { messages: quota, refillEvery: quotaRefill / quota };
}

/** A thread or process each: more is a mistake. */
const MOST_WORKERS = 1_024;

const times = [
  'idleTimeout',
  'crowdedIdleTimeout',
  'frameTimeout',
  'writeTimeout',
  'handlerTimeout',
  'maxSession',
] as const;
const counts = ['highWater', 'maxUnasked', 'messagesPerTurn'] as const;

/** @throws OptionError for the first option that cannot be used */
export function resolveOptions(options: ServeOptions): ResolvedOptions {
  const quotaPer = oneOf('quotaPer', options.quotaPer ?? 'connection', ['connection', 'address']);
  const limits = { ...defaultSessionLimits, ...defined(options, [...times, ...counts]) };
  for (const name of times) positiveTime(name, limits[name]);
  for (const name of counts) whole(name, limits[name], 1);
  const resolved: ResolvedOptions = {
    host: options.host ?? '127.0.0.1',
    port: whole('port', options.port ?? 0, 0, 65_535),
    path: options.path,
    model: options.model === undefined ? undefined : oneOf('model', options.model, models),
    balance: oneOf('balance', options.balance ?? 'least-connections', balances),
    backlog: whole('backlog', options.backlog ?? 4_096, 1),
    maxClients: whole('maxClients', options.maxClients ?? 10_000, 1),
    maxWaiting: whole('maxWaiting', options.maxWaiting ?? 128, 0),
    waitTimeout: positiveTime('waitTimeout', options.waitTimeout ?? 30_000),
    maxPerAddress: wholeOrInfinity('maxPerAddress', options.maxPerAddress, 1),
    maxWaitingPerAddress: wholeOrInfinity('maxWaitingPerAddress', options.maxWaitingPerAddress, 0),
    whenFull: oneOf('whenFull', options.whenFull ?? 'refuse', ['refuse', 'backlog']),
    quota: options.quota === undefined ? undefined : whole('quota', options.quota, 1),
    quotaPer,
    quotaRefill: positiveTime(
      'quotaRefill',
      options.quotaRefill ?? (quotaPer === 'address' ? 60_000 : Number.POSITIVE_INFINITY),
    ),
    drainTimeout: positiveTime('drainTimeout', options.drainTimeout ?? 10_000),
    limits,
  };
  if (options.workers !== undefined) whole('workers', options.workers, 0, MOST_WORKERS);
  if (options.isolation !== undefined) oneOf('isolation', options.isolation, isolations);
  if (options.path !== undefined && (options.host !== undefined || options.port !== undefined)) {
    throw new OptionError('path is for a Unix socket, host and port are for TCP: give one or the other');
  }
  if (options.path !== undefined) socketPath(options.path);
  if (resolved.host !== 'localhost' && isIP(resolved.host) === 0) {
    throw new OptionError(`host must be an IPv4 or IPv6 address or "localhost", not "${resolved.host}"`);
  }
  if (resolved.host === 'localhost') resolved.host = '127.0.0.1';
  return resolved;
}

/** `sun_path` has 108 bytes on Linux and 104 on macOS, with the NUL at the end (unix(7), unix(4)). */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

function socketPath(path: string): void {
  if (path === '') throw new OptionError('path must not be empty');
  const length = Buffer.byteLength(path);
  if (length <= LONGEST_PATH) return;
  throw new OptionError(
    `path must be at most ${LONGEST_PATH} bytes long for a Unix socket, not ${length}: ${path}`,
  );
}

function defined<Name extends keyof SessionLimits>(
  options: ServeOptions,
  names: readonly Name[],
): Partial<SessionLimits> {
  return Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  ) as Partial<SessionLimits>;
}

function whole(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  throw new OptionError(`${name} must be a whole number ${range}, not ${value}`);
}

function wholeOrInfinity(name: string, value = Number.POSITIVE_INFINITY, least: number): number {
  return value === Number.POSITIVE_INFINITY ? value : whole(name, value, least);
}

function positiveTime(name: string, value: number): number {
  if (value > 0) return value;
  throw new OptionError(`${name} must be more than 0 milliseconds (Infinity for no limit), not ${value}`);
}

function oneOf<const Value extends string>(name: string, value: string, accepted: readonly Value[]): Value {
  if (accepted.includes(value as Value)) return value as Value;
  throw new OptionError(`${name} must be one of ${accepted.join(', ')}, not "${value}"`);
}
