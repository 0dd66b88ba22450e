import { after, before } from 'node:test';
import { type ServeOptions, type Server, serve } from 'zocalo';
import { EventLog } from './event-log.ts';
import { soon } from './eventually.ts';
import { optionsFor, type Subject } from './models.ts';
import type { CommandOptions } from './protocols/commands.ts';
import type { CrashingOptions } from './protocols/crashing.ts';
import type { FrameOptions } from './protocols/frames.ts';
import { everywhereTls } from './tls.ts';

/** A protocol as a module whose default export makes it from options that can be cloned, so that any worker can load it. */
export type ProtocolModule = 'commands' | 'two-dialects' | 'frames' | 'faulty' | 'crashing' | 'tls-facts';

/** A server, whatever its protocol. */
export type TestServer = Omit<Server, 'ref' | 'unref'>;

/** Serves a protocol of `protocols/` on a model. */
export async function serveModule(
  subject: Subject,
  module: ProtocolModule,
  protocolOptions: object,
  options: ServeOptions = {},
): Promise<TestServer> {
  const url = new URL(`./protocols/${module}.ts`, import.meta.url);
  const all = { protocolOptions, ...(await everywhereTls()), ...optionsFor(subject, options) };
  const server = await serve(url, all);
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

/** Serves a protocol whose workers can be made to die, and logs what becomes of them and of their clients. */
export async function serveCrashing(
  subject: Subject,
  options: ServeOptions = {},
  protocolOptions: CrashingOptions = {},
): Promise<AsyncDisposable & { readonly server: TestServer; readonly events: EventLog }> {
  const server = await serveModule(subject, 'crashing', protocolOptions, options);
  const types = ['worker-died', 'worker-started', 'opened', 'refused', 'closed'] as const;
  const events = new EventLog(server, types);
  return { server, events, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** One server for all tests of a suite, for tests that do not depend on what the others did. */
export function sharedServer(start: () => Promise<TestServer>): () => TestServer {
  let server: TestServer;
  before(async () => {
    server = await start();
  });
  after(() => server[Symbol.asyncDispose]());
  return () => server;
}
