import { OptionError, PlatformError } from '../errors.ts';
import { bestMechanism, createDescriptorLoop, systemCallsError } from '../loops/mechanisms.ts';
import type { Dialects, Protocol, Served } from '../session/protocol.ts';
import { serviceFault } from '../session/protocol-fault.ts';
import type { Model } from '../workers/models.ts';
import { loadProtocol, stopService } from '../workers/protocol-module.ts';
import { inlineBackend, workerBackend } from './backend.ts';
import { resolveEndpoints } from './endpoints.ts';
import { planModel } from './model-plan.ts';
import type { ServeOptions } from './options.ts';
import { resolveOptions } from './resolve-options.ts';
import type { Server } from './server.ts';
import { ServerCore } from './server-core.ts';

/**
 * Serves a protocol over TCP (or a Unix socket), or a service of several dialects at an endpoint each, and resolves when listening. The file
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
  const { model, refused } = await available(resolved.model);
  const plan = planModel(model, options, resolved);
  if (plan.workers !== undefined && !(protocol instanceof URL)) {
    throw new OptionError(
      `the model ${model} serves in workers, and each loads the protocol for itself: give it as a module, ` +
        "serve(new URL('./protocol.ts', import.meta.url), options), whose default export is the protocol",
    );
  }
  const served = await load(protocol as Served | URL, options.protocolOptions);
  let core: ServerCore | undefined;
  try {
    const endpoints = resolveEndpoints(served, options, resolved);
    const effective = { ...resolved, ...plan.capacity };
    const backend =
      plan.workers === undefined
        ? await inlineBackend(served, plan.mechanism, effective, endpoints)
        : await workerBackend(
            protocol as URL,
            options.protocolOptions,
            plan.mechanism,
            plan.workers,
            effective,
            endpoints,
          );
    core = new ServerCore(served, endpoints, effective, model, backend);
    await core.start(refused);
    return core.server;
  } catch (error) {
    await (core === undefined ? stopService(served) : core.close());
    throw error;
  }
}

/**
 * The model that serves, and why it is not the one that was asked for, or not the default of the platform. io_uring is often forbidden where
 * everything else is there; then epoll serves in its place. Without koffi, libuv does.
 */
async function available(
  wanted: Model | undefined,
): Promise<{ model: Model; refused: PlatformError | undefined }> {
  if (process.platform !== 'linux') return { model: wanted ?? 'libuv', refused: undefined };
  if (wanted === undefined) return { model: await bestMechanism(), refused: await systemCallsError() };
  if (wanted !== 'uring') return { model: wanted, refused: undefined };
  try {
    await (await createDescriptorLoop('uring')).stop();
    return { model: wanted, refused: undefined };
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return { model: await bestMechanism(), refused: error };
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
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError(
      `protocolOptions must be cloneable, so that every worker can have them: ${message}`,
      {
        cause,
      },
    );
  }
}
