import { OptionError, ProtocolModuleError } from '../errors.ts';
import type { Served } from '../session/protocol.ts';
import { serviceFault } from '../session/protocol-fault.ts';

/** How long a service may take to stop. */
const STOP_TIMEOUT_MS = 3_000;

/**
 * Loads a protocol, or a service of several dialects, from the default export of a module: itself, or a function that makes it from
 * options (and may be asynchronous).
 * @param url of the module, as a `file:` URL
 * @throws ProtocolModuleError when it cannot be loaded, or is something else; the OptionError that its function throws
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
    // What it was made of cannot be used; the module itself is as it should be.
    if (cause instanceof OptionError) throw cause;
    const message = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new ProtocolModuleError(url, `cannot be loaded: ${message}`, { cause });
  }
  if (fault !== undefined) throw new ProtocolModuleError(url, `is not a protocol: ${fault}`);
  return made as Served;
}

/** Lets a service close what it has open. What goes wrong with it is a warning: its server has stopped. */
export async function stopService(service: Served): Promise<void> {
  if (service.stop === undefined) return;
  const { promise: overdue, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`it took longer than ${STOP_TIMEOUT_MS} ms`)),
    STOP_TIMEOUT_MS,
  );
  try {
    await Promise.race([service.stop(), overdue]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.emitWarning(`${service.name} could not stop: ${message}`);
  } finally {
    clearTimeout(timer);
  }
}
