import { extname } from 'node:path';
import { OptionError } from '../../errors.ts';
import type { Dialects } from '../../protocol/dialects.ts';
import type { AnyProtocol, Protocol } from '../../protocol/protocol.ts';
import type { Settings } from '../service.ts';
import { demonstration } from './demonstration.ts';
import { Engine, type EngineOptions } from './engine/engine.ts';
import { EngineError } from './engine/engine-error.ts';
import { sqlLines } from './lines/sql-lines.ts';
import { Cancellation } from './session/cancellation.ts';
import { postgres } from './session/postgres.ts';
import { readPasswordFile } from './wire/password-file.ts';

/**
 * One SQLite database for many clients, in two dialects: PostgreSQL's protocol, and lines. The settings are those of the
 * registry; without a file it is the demonstration.
 * @throws OptionError when the database or the password file cannot be used, or settings contradict each other
 */
export default async function sql(settings: Settings): Promise<Dialects> {
  const passwordFile = textOf(settings, 'password-file');
  const verifier = passwordFile === undefined ? undefined : readPasswordFile(passwordFile);
  const { file, remove } = await databaseOf(settings);
  const engine = await open(engineOptions(settings, file));
  const lines = sqlLines(() => engine.session());
  const cancellation = new Cancellation();
  await cancellation.open();
  const pg = postgres(engine, cancellation, { user: textOf(settings, 'user'), verifier });
  return {
    name: 'sql',
    dialects: {
      postgres: pg as AnyProtocol,
      line: (verifier === undefined ? lines : closed(lines)) as AnyProtocol,
    },
    async stop() {
      cancellation.close();
      await engine.close();
      remove?.();
    },
  };
}

/** Lines cannot tell who somebody is. */
function closed<Frame, State>(protocol: Protocol<Frame, State>): Protocol<Frame, State> {
  return {
    ...protocol,
    open(client) {
      client.end();
      return 'error: this server asks for a password, and the line dialect has none: use a client of PostgreSQL\n';
    },
  };
}

async function databaseOf(settings: Settings): Promise<{ file: string; remove?: () => void }> {
  const file = textOf(settings, 'file');
  if (file !== undefined) return { file };
  if (settings['read-write'] === true || settings.create === true) {
    throw new OptionError('read-write and create need a file: the demonstration is only read');
  }
  return demonstration();
}

function engineOptions(settings: Settings, file: string): EngineOptions {
  const readWrite = settings['read-write'] === true;
  const create = settings.create === true;
  if (create && !readWrite) throw new OptionError('create needs read-write');
  return {
    file,
    readWrite,
    create,
    equip: new URL(`./equip${extname(import.meta.filename)}`, import.meta.url),
    ...given(settings, 'statement-timeout', 'statementTimeout'),
    ...given(settings, 'max-rows', 'maxRows'),
    ...given(settings, 'max-result-bytes', 'maxResultBytes'),
  };
}

function given<Name extends keyof EngineOptions>(
  settings: Settings,
  setting: string,
  option: Name,
): Partial<EngineOptions> {
  const value = settings[setting];
  return typeof value === 'number' ? { [option]: value } : {};
}

function textOf(settings: Settings, name: string): string | undefined {
  const value = settings[name];
  return typeof value === 'string' ? value : undefined;
}

async function open(options: EngineOptions): Promise<Engine> {
  try {
    return await Engine.open(options);
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new OptionError(`the database ${options.file} cannot be used: ${cause.message}`, { cause });
  }
}
