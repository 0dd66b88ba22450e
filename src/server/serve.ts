import { OptionError, PlatformError } from '../errors.ts';
import { bestMechanism, createDescriptorLoop } from '../loops/mechanisms.ts';
import type { Dialects, Served } from '../protocol/dialects.ts';
import type { Protocol } from '../protocol/protocol.ts';
import type { Model } from '../workers/models.ts';
import { loadProtocol, serviceFault, stopService } from '../workers/protocol-module.ts';
import { arrange } from './arrangement.ts';
import { doorsOf } from './doors.ts';
import { resolveOptions, type ServeOptions } from './options.ts';
import { Server } from './server.ts';
import { staffHere, staffOfWorkers } from './staff.ts';

/**
 * Serves a protocol over TCP (or a Unix socket), or a service of several dialects at a door each, and resolves when listening. The file
 * of a Unix socket that a killed server left behind is replaced.
 * @param protocol the protocol or service itself, or the `file:` URL of a module whose default export is one, or is a function that makes
 *   one of `protocolOptions`. Models with workers need a module, which each worker loads for itself.
 * @throws OptionError for an option that cannot be used; ListenError when the address is in use or not allowed;
 *   PlatformError when the model that was asked for cannot run here; ProtocolModuleError when the module has no protocol;
 *   WorkerError when a worker cannot be started
 */
export async function serve<Frame = unknown, State = unknown>(
  protocol: Protocol<Frame, State> | Dialects | URL,
  options: ServeOptions = {},
): Promise<Server> {
  const resolved = resolveOptions(options);
  const { model, refused } = await available(resolved.model ?? (await bestMechanism()));
  const arranged = arrange(model, options, resolved);
  if (arranged.workers !== undefined && !(protocol instanceof URL)) {
    throw new OptionError(
      `the model ${model} serves in workers, and each loads the protocol for itself: give it as a module, ` +
        "serve(new URL('./protocol.ts', import.meta.url), options), whose default export is the protocol",
    );
  }
  const served = await load(protocol as Served | URL, options.protocolOptions);
  let server: Server | undefined;
  try {
    const doors = doorsOf(served, options, resolved);
    const settled = { ...resolved, ...arranged.crowd };
    const staff =
      arranged.workers === undefined
        ? await staffHere(served, arranged.mechanism, settled)
        : await staffOfWorkers(
            protocol as URL,
            options.protocolOptions,
            arranged.mechanism,
            arranged.workers,
            settled,
            doors,
          );
    server = new Server(served, doors, settled, model, staff);
    await server.start(refused);
    return server;
  } catch (error) {
    await (server === undefined ? stopService(served) : server.close());
    throw error;
  }
}

/** io_uring is often forbidden where everything else is there; then epoll serves in its place. */
async function available(model: Model): Promise<{ model: Model; refused: PlatformError | undefined }> {
  if (model !== 'uring') return { model, refused: undefined };
  try {
    await (await createDescriptorLoop('uring')).stop();
    return { model, refused: undefined };
  } catch (error) {
    if (!(error instanceof PlatformError) || process.platform !== 'linux') throw error;
    return { model: 'epoll', refused: error };
  }
}

async function load(protocol: Served | URL, protocolOptions: unknown): Promise<Served> {
  if (protocol instanceof URL) return loadProtocol(protocol.href, cloneOf(protocolOptions));
  const fault = serviceFault(protocol, 'it');
  if (fault !== undefined) throw new OptionError(`this cannot be served as a protocol: ${fault}`);
  if (protocolOptions !== undefined) {
    throw new OptionError(
      'protocolOptions are for a protocol given as a module, whose function makes it of them',
    );
  }
  return protocol;
}

/** What a worker would get: a module that is served in this thread is treated alike. */
function cloneOf(protocolOptions: unknown): unknown {
  try {
    return structuredClone(protocolOptions);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError(`protocolOptions must be cloneable, so that every worker can have them: ${words}`, {
      cause,
    });
  }
}
