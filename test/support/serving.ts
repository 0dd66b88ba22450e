import type { Protocol, ServeOptions, Server } from '../../src/index.ts';
import { type Model, serve } from '../../src/index.ts';
import { soon } from './eventually.ts';
import type { CommandOptions } from './protocols/commands.ts';
import type { FrameOptions } from './protocols/frames.ts';

/** A protocol as a module whose default export makes it from options that can be cloned, so that any worker can load it. */
export type ProtocolModule = 'commands' | 'frames' | 'faulty';

/** A server, whatever its protocol. */
export type TestServer = Pick<
  Server,
  'address' | 'events' | 'model' | 'activeClients' | 'stats' | 'drain' | 'close' | typeof Symbol.asyncDispose
>;

/** Serves a protocol of `protocols/` on a model. */
export async function serveModule(
  model: Model,
  module: ProtocolModule,
  protocolOptions: object,
  options: ServeOptions = {},
): Promise<TestServer> {
  const { default: create } = (await import(`./protocols/${module}.ts`)) as {
    default: (options: object) => Protocol<unknown, unknown>;
  };
  const server = await serve(create(protocolOptions), { model, ...options });
  // A server that does not stop is a failure of its test, not a hang.
  return Object.assign(server, { [Symbol.asyncDispose]: () => soon('the server stops', server.close()) });
}

/** Serves the protocol of commands, which answers in every way a protocol can. */
export function serveCommands(
  model: Model,
  options: ServeOptions = {},
  protocolOptions: CommandOptions = {},
): Promise<TestServer> {
  return serveModule(model, 'commands', protocolOptions, options);
}

/** Serves frames that come back as they came. */
export function serveFrames(
  model: Model,
  protocolOptions: FrameOptions,
  options: ServeOptions = {},
): Promise<TestServer> {
  return serveModule(model, 'frames', protocolOptions, options);
}
