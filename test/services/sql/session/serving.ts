import type { TestContext } from 'node:test';
import { type ServeOptions, serve } from '../../../../src/index.ts';
import { soon } from '../../../support/eventually.ts';
import { databaseFor } from '../support.ts';

const module = new URL('../../../../src/services/sql/sql.ts', import.meta.url);

export type Serving = { readonly port: number; readonly linePort: number; readonly file: string };

/** The service over a database of its own, which may be written, on free ports. */
export async function serveSql(
  context: TestContext,
  statements = '',
  settings: Readonly<Record<string, unknown>> = {},
  options: ServeOptions = {},
): Promise<Serving> {
  const file = databaseFor(context, statements);
  const server = await serve(module, {
    handlerTimeout: Number.POSITIVE_INFINITY,
    ...options,
    protocolOptions: { file, 'read-write': true, ...settings },
  });
  context.after(() => soon('the server stops', server.close()));
  return {
    port: server.addresses.postgres?.port ?? 0,
    linePort: server.addresses.line?.port ?? 0,
    file,
  };
}
