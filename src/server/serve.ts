import { ListenError, OptionError } from '../errors.ts';
import { createLoop } from '../loops/models.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { resolveOptions, type ServeOptions } from './options.ts';
import { Server } from './server.ts';
import { removeStaleSocket } from './stale-socket.ts';

/**
 * Serves a protocol over TCP (or a Unix socket) and resolves when listening. The file of a Unix socket that a killed server
 * left behind is replaced.
 * @throws OptionError for an option that cannot be used; ListenError when the address is in use or not allowed;
 *   PlatformError when the model that was asked for cannot run here
 */
export async function serve<Frame, State = undefined>(
  protocol: Protocol<Frame, State>,
  options: ServeOptions = {},
): Promise<Server<Frame, State>> {
  const { name, concurrency = 1 } = protocol;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new OptionError(
      `the concurrency of ${name} must be a whole number of 1 or more, not ${concurrency}`,
    );
  }
  const resolved = resolveOptions(options);
  const loop = await createLoop(resolved.model);
  const server = new Server(protocol, resolved, loop);
  try {
    await server.listen().catch(async (error: unknown) => {
      const inUse = error instanceof ListenError && error.reason === 'EADDRINUSE';
      if (!inUse || resolved.path === undefined || !(await removeStaleSocket(resolved.path))) throw error;
      await server.listen();
    });
  } catch (error) {
    await loop.stop();
    throw error;
  }
  return server;
}
