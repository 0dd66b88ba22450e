import { createLoop } from '../loops/models.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { resolveOptions, type ServeOptions } from './options.ts';
import { Server } from './server.ts';

/**
 * Serves a protocol over TCP (or a Unix socket) and resolves when listening.
 * @throws OptionError for an option that cannot be used; ListenError when the address is in use or not allowed;
 *   PlatformError when the model that was asked for cannot run here
 */
export async function serve<Frame, State = undefined>(
  protocol: Protocol<Frame, State>,
  options: ServeOptions = {},
): Promise<Server<Frame, State>> {
  const resolved = resolveOptions(options);
  const loop = await createLoop(resolved.model);
  const server = new Server(protocol, resolved, loop);
  try {
    await server.listen();
  } catch (error) {
    await loop.stop();
    throw error;
  }
  return server;
}
