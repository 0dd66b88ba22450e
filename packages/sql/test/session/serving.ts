import type { TestContext } from 'node:test';
import { soon } from '@zocalo/test-support/eventually.ts';
import { type ServeOptions, serve } from 'zocalo';
import { databaseFor } from '../support.ts';

const module = new URL('../../src/sql.ts', import.meta.url);

export type Serving = {
  readonly port: number;
  readonly linePort: number;
  readonly file: string;
  /** What it has reported to its operator. */
  readonly notices: readonly string[];
  stop(): Promise<void>;
};

/** The service over a database of its own, which may be written, on free ports. */
export async function serveSql(
  context: TestContext,
  statements = '',
  settings: Readonly<Record<string, unknown>> = {},
  options: ServeOptions = {},
): Promise<Serving> {
  return serveFile(context, databaseFor(context, statements), settings, options);
}

/** The service over a database that is there. */
export async function serveFile(
  context: TestContext,
  file: string,
  settings: Readonly<Record<string, unknown>> = {},
  options: ServeOptions = {},
): Promise<Serving> {
  const server = await serve(module, {
    handlerTimeoutMs: Number.POSITIVE_INFINITY,
    ...options,
    protocolOptions: { file, 'read-write': true, ...settings },
  });
  const notices: string[] = [];
  server.events.on('notice', ({ message }) => notices.push(message));
  const stop = () => soon('the server stops', server.close());
  context.after(stop);
  return {
    port: server.addresses.postgres?.port ?? 0,
    linePort: server.addresses.line?.port ?? 0,
    file,
    notices,
    stop,
  };
}
