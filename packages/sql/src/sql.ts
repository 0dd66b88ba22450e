import { extname } from 'node:path';
import { type Dialects, OptionError, type Protocol } from 'zocalo';
import type { AnyProtocol } from 'zocalo/internal';
import { checkSettings } from 'zocalo/service';
import { demonstration } from './demonstration.ts';
import { Engine, type EngineOptions } from './engine/engine.ts';
import { EngineError } from './engine/engine-error.ts';
import { sqlLines } from './lines/sql-lines.ts';
import { readPasswordFile } from './password-file.ts';
import { sqlService } from './service.ts';
import { Cancellation } from './session/cancellation.ts';
import { postgres } from './session/postgres.ts';

/** What `serve` is given as `protocolOptions` for this module; the names are those of the command's flags. */
export type SqlOptions = {
  /** The path of the database. Default: a small one of earthquakes, which is only read, and removed at the end. */
  readonly file?: string;
  /** Whether clients may change the database. Default false. */
  readonly 'read-write'?: boolean;
  /** Whether the file is made if it is not there; only with `read-write`. Default false. */
  readonly create?: boolean;
  /** The only user who may connect through PostgreSQL. Default: any. */
  readonly user?: string;
  /** The path of a file with the password, or its SCRAM verifier, in its first line. The line dialect is then closed. Default: no password. */
  readonly 'password-file'?: string;
  /** The longest that a statement may take, in milliseconds. Default 30,000. */
  readonly 'statement-timeout'?: number;
  /** The most rows of one answer. Default: no limit. */
  readonly 'max-rows'?: number;
  /** The most bytes of one answer, about. Default: no limit. */
  readonly 'max-result-bytes'?: number;
};

/**
 * One SQLite database for many clients, in two dialects: PostgreSQL's protocol, and lines.
 * @throws OptionError when the database or the password file cannot be used, or settings contradict each other
 */
export default async function sql(options: SqlOptions = {}): Promise<Dialects> {
  checkSettings(sqlService, options);
  const passwordFile = options['password-file'];
  const verifier = passwordFile === undefined ? undefined : readPasswordFile(passwordFile);
  const { file, remove } = databaseOf(options);
  const engine = await open(engineOptions(options, file));
  const lines = sqlLines(() => engine.session());
  const cancellation = new Cancellation();
  await cancellation.open();
  const pg = postgres(engine, cancellation, { user: options.user, verifier });
  return {
    name: 'sql',
    dialects: {
      postgres: pg as AnyProtocol,
      line: (verifier === undefined ? lines : closed(lines)) as AnyProtocol,
    },
    listening(_addresses, notify) {
      engine.report = notify;
    },
    async stop() {
      cancellation.close();
      await engine.close();
      remove?.();
    },
  };
}

/** The line dialect cannot authenticate clients. */
function closed<Frame, State>(protocol: Protocol<Frame, State>): Protocol<Frame, State> {
  return {
    ...protocol,
    open(client) {
      client.end();
      return 'error: this server asks for a password, and the line dialect has none: use a client of PostgreSQL\n';
    },
  };
}

function databaseOf(options: SqlOptions): { file: string; remove?: () => void } {
  if (options.file !== undefined) return { file: options.file };
  if (options['read-write'] === true || options.create === true) {
    throw new OptionError('read-write and create need a file: the demonstration is only read');
  }
  return demonstration();
}

function engineOptions(options: SqlOptions, file: string): EngineOptions {
  const readWrite = options['read-write'] === true;
  const create = options.create === true;
  if (create && !readWrite) throw new OptionError('create needs read-write');
  return {
    file,
    readWrite,
    create,
    setup: new URL(`./connection-setup${extname(import.meta.filename)}`, import.meta.url),
    statementTimeoutMs: options['statement-timeout'],
    maxRows: options['max-rows'],
    maxResultBytes: options['max-result-bytes'],
  };
}

async function open(options: EngineOptions): Promise<Engine> {
  try {
    return await Engine.open(options);
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new OptionError(`the database ${options.file} cannot be used: ${cause.message}`, { cause });
  }
}
