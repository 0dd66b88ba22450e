import { ProtocolModuleError } from '../errors.ts';
import type { Protocol } from '../protocol/protocol.ts';

const handlers = ['state', 'open', 'message', 'close', 'error', 'farewell', 'refuse', 'wait'] as const;

/**
 * Loads a protocol from the default export of a module: the protocol itself, or a function that makes it from options (and may be
 * asynchronous).
 * @param url of the module, as a `file:` URL
 * @throws ProtocolModuleError when it cannot be loaded, or is something else
 */
export async function loadProtocol(url: string, options: unknown): Promise<Protocol<unknown, unknown>> {
  let made: unknown;
  let fault: string | undefined;
  try {
    const { default: exported } = (await import(url)) as { default?: unknown };
    if (exported === undefined) fault = 'it has no default export';
    else made = typeof exported === 'function' ? await exported(options) : exported;
    fault ??= protocolFault(
      made,
      typeof exported === 'function' ? 'what its default export makes' : 'its default export',
    );
  } catch (cause) {
    const words = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new ProtocolModuleError(url, `cannot be loaded: ${words}`, { cause });
  }
  if (fault !== undefined) throw new ProtocolModuleError(url, `is not a protocol: ${fault}`);
  return made as Protocol<unknown, unknown>;
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
  for (const name of handlers) {
    if (protocol[name] !== undefined && typeof protocol[name] !== 'function')
      return `its ${name} is not a function`;
  }
  const { concurrency = 1 } = protocol;
  if (Number.isInteger(concurrency) && (concurrency as number) >= 1) return undefined;
  return `its concurrency must be a whole number of 1 or more, not ${String(concurrency)}`;
}
