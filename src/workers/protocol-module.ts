import { ProtocolModuleError } from '../errors.ts';
import type { Served } from '../protocol/dialects.ts';

const hooks = ['listening', 'stats', 'stop'] as const;
const handlers = ['state', 'open', 'message', 'close', 'error', 'farewell', 'refuse', 'wait'] as const;

/** How long a service may take to stop, in milliseconds. */
const STOP_TIMEOUT = 3_000;

/**
 * Loads a protocol, or a service of several dialects, from the default export of a module: itself, or a function that makes it from
 * options (and may be asynchronous).
 * @param url of the module, as a `file:` URL
 * @throws ProtocolModuleError when it cannot be loaded, or is something else
 */
export async function loadProtocol(url: string, options: unknown): Promise<Served> {
  let made: unknown;
  let fault: string | undefined;
  try {
    const { default: exported } = (await import(url)) as { default?: unknown };
    if (exported === undefined) fault = 'it has no default export';
    else made = typeof exported === 'function' ? await exported(options) : exported;
    fault ??= serviceFault(
      made,
      typeof exported === 'function' ? 'what its default export makes' : 'its default export',
    );
  } catch (cause) {
    const words = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new ProtocolModuleError(url, `cannot be loaded: ${words}`, { cause });
  }
  if (fault !== undefined) throw new ProtocolModuleError(url, `is not a protocol: ${fault}`);
  return made as Served;
}

/** Lets a service close what it has open. What goes wrong with it is a warning: its server has stopped. */
export async function stopService(service: Served): Promise<void> {
  if (service.stop === undefined) return;
  const { promise: overdue, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it took longer than ${STOP_TIMEOUT} ms`)), STOP_TIMEOUT);
  try {
    await Promise.race([service.stop(), overdue]);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    process.emitWarning(`${service.name} could not stop: ${words}`);
  } finally {
    clearTimeout(timer);
  }
}

/** What a value lacks to be served, as a protocol or as several dialects; undefined when it lacks nothing. */
export function serviceFault(value: unknown, what: string): string | undefined {
  if (typeof value !== 'object' || value === null || !('dialects' in value))
    return protocolFault(value, what);
  const service: Readonly<Record<string, unknown>> & { dialects: unknown } = value;
  if (typeof service.name !== 'string' || service.name === '') return 'it has no name';
  if (typeof service.dialects !== 'object' || service.dialects === null)
    return 'its dialects are not an object';
  const dialects = Object.entries(service.dialects);
  if (dialects.length === 0) return 'it has no dialect';
  for (const [name, dialect] of dialects) {
    const fault = protocolFault(dialect, 'it');
    if (fault !== undefined) return `of its dialect "${name}": ${fault}`;
  }
  return notFunction(service, hooks);
}

/** What a value lacks to be a protocol; undefined when it lacks nothing. */
export function protocolFault(value: unknown, what: string): string | undefined {
  if (typeof value !== 'object' || value === null) return `${what} is not an object`;
  const protocol: Readonly<Record<string, unknown>> = value as Record<string, unknown>;
  if (typeof protocol.name !== 'string' || protocol.name === '') return 'it has no name';
  const framing = protocol.framing as { create?: unknown; maxIncomplete?: unknown } | undefined | null;
  if (typeof framing?.create !== 'function' || typeof framing.maxIncomplete !== 'number') {
    return 'its framing is missing or not a framing, such as lines()';
  }
  if (protocol.message === undefined) return 'it has no message() to answer with';
  const fault = notFunction(protocol, [...handlers, ...hooks]);
  if (fault !== undefined) return fault;
  const { concurrency = 1 } = protocol;
  if (Number.isInteger(concurrency) && (concurrency as number) >= 1) return undefined;
  return `its concurrency must be a whole number of 1 or more, not ${String(concurrency)}`;
}

function notFunction(value: Readonly<Record<string, unknown>>, names: readonly string[]): string | undefined {
  const wrong = names.find((name) => value[name] !== undefined && typeof value[name] !== 'function');
  return wrong === undefined ? undefined : `its ${wrong} is not a function`;
}
