import { ListenError, OptionError, PlatformError } from '../errors.ts';
import { bestMechanism, createDescriptorLoop } from '../loops/mechanisms.ts';
import type { Protocol } from '../protocol/protocol.ts';
import type { Model } from '../workers/models.ts';
import { loadProtocol, protocolFault } from '../workers/protocol-module.ts';
import { arrange } from './arrangement.ts';
import { resolveOptions, type ServeOptions } from './options.ts';
import { Server } from './server.ts';
import { staffHere, staffOfWorkers } from './staff.ts';
import { removeStaleSocket } from './stale-socket.ts';

/**
 * Serves a protocol over TCP (or a Unix socket) and resolves when listening. The file of a Unix socket that a killed server
 * left behind is replaced.
 * @param protocol the protocol itself, or the `file:` URL of a module whose default export is one, or is a function that makes one of
 *   `protocolOptions`. Models with workers need a module, which each worker loads for itself.
 * @throws OptionError for an option that cannot be used; ListenError when the address is in use or not allowed;
 *   PlatformError when the model that was asked for cannot run here; ProtocolModuleError when the module has no protocol;
 *   WorkerError when a worker cannot be started
 */
export async function serve<Frame = unknown, State = unknown>(
  protocol: Protocol<Frame, State> | URL,
  options: ServeOptions = {},
): Promise<Server<Frame, State>> {
  const resolved = resolveOptions(options);
  const { model, refused } = await available(resolved.model ?? (await bestMechanism()));
  const arranged = arrange(model, options, resolved);
  const loaded = await load<Frame, State>(protocol, options.protocolOptions);
  if (arranged.workers !== undefined && !(protocol instanceof URL)) {
    throw new OptionError(
      `the model ${model} serves in workers, and each loads the protocol for itself: give it as a module, ` +
        "serve(new URL('./protocol.ts', import.meta.url), options), whose default export is the protocol",
    );
  }
  const settled = { ...resolved, ...arranged.crowd };
  const staff =
    arranged.workers === undefined
      ? await staffHere(loaded, arranged.mechanism, settled)
      : await staffOfWorkers(
          protocol as URL,
          options.protocolOptions,
          arranged.mechanism,
          arranged.workers,
          settled,
        );
  const server = new Server(loaded, settled, model, staff);
  try {
    await server.listen().catch(async (error: unknown) => {
      const inUse = error instanceof ListenError && error.reason === 'EADDRINUSE';
      if (!inUse || resolved.path === undefined || !(await removeStaleSocket(resolved.path))) throw error;
      await server.listen();
    });
    await server.start(refused);
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
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

async function load<Frame, State>(
  protocol: Protocol<Frame, State> | URL,
  protocolOptions: unknown,
): Promise<Protocol<Frame, State>> {
  if (protocol instanceof URL) {
    return (await loadProtocol(protocol.href, cloneOf(protocolOptions))) as Protocol<Frame, State>;
  }
  const fault = protocolFault(protocol, 'it');
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
