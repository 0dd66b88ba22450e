import { type ServeOptions, type Server, serve } from '../../src/index.ts';
import { soon } from './eventually.ts';
import { optionsFor, type Subject } from './models.ts';
import type { CommandOptions } from './protocols/commands.ts';
import type { FrameOptions } from './protocols/frames.ts';

/** A protocol as a module whose default export makes it from options that can be cloned, so that any worker can load it. */
export type ProtocolModule = 'commands' | 'duet' | 'frames' | 'faulty' | 'mortal';

/** A server, whatever its protocol. */
export type TestServer = Pick<
  Server,
  | 'address'
  | 'addresses'
  | 'events'
  | 'model'
  | 'activeClients'
  | 'stats'
  | 'drain'
  | 'close'
  | typeof Symbol.asyncDispose
>;

/** Serves a protocol of `protocols/` on a model. */
export async function serveModule(
  subject: Subject,
  module: ProtocolModule,
  protocolOptions: object,
  options: ServeOptions = {},
): Promise<TestServer> {
  const url = new URL(`./protocols/${module}.ts`, import.meta.url);
  const server = await serve(url, { protocolOptions, ...optionsFor(subject, options) });
  // A server that does not stop is a failure of its test, not a hang.
  return Object.assign(server, { [Symbol.asyncDispose]: () => soon('the server stops', server.close()) });
}

/** Serves the protocol of commands, which answers in every way a protocol can. */
export function serveCommands(
  subject: Subject,
  options: ServeOptions = {},
  protocolOptions: CommandOptions = {},
): Promise<TestServer> {
  return serveModule(subject, 'commands', protocolOptions, options);
}

/** Serves frames that come back as they came. */
export function serveFrames(
  subject: Subject,
  protocolOptions: FrameOptions,
  options: ServeOptions = {},
): Promise<TestServer> {
  return serveModule(subject, 'frames', protocolOptions, options);
}
