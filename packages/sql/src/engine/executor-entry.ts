import { realpathSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { SqlError } from '../sql-error.ts';
import { bindable, Connection, type ConnectionSetup, type Prepared } from './connection.ts';
import { Cursor } from './cursor.ts';
import type { EngineError } from './engine-error.ts';
import type { ExecutorRequest, ExecutorResponse, ExecutorTask } from './executor-messages.ts';
import { areSame, identityOf } from './file-identity.ts';
import type { Value } from './types.ts';

/** The process that runs statements which may take long. It is ended from outside: nothing else can stop SQLite. */

const MAX_CACHED_STATEMENTS = 200;

/**
 * While a statement runs no message is read, not even the end of the server; so a thread looks, once a second, whether the
 * parent is still the one that was there at first.
 */
const orphanWatch = `
  const { ppid } = process;
  setInterval(() => { if (process.ppid !== ppid) process.kill(process.pid, 'SIGKILL'); }, 1_000);
`;

const task: ExecutorTask = JSON.parse(process.argv[2] ?? '{}');
// They are for the server: a key press, or the end of a terminal, reaches every process of it, and a service manager may signal them all.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
if (process.platform !== 'win32') process.on('SIGUSR2', () => {});
// Not by exiting, which would close the connection: the last one that is closed writes into the file and removes its log.
process.on('disconnect', die);
new Worker(orphanWatch, { eval: true }).unref();

const setup =
  task.setup === undefined ? undefined : ((await import(task.setup)) as { default: ConnectionSetup }).default;
const cursors = new Map<number, Cursor>();
/** Statements that no cursor uses now: each cursor has one to itself. */
const kept = new Map<string, Prepared>();
/** The version of the schema that they were compiled for. */
let keptFor: Value | undefined;

if (!isTheFile()) die();
const connection = new Connection({ ...task, setup });
if (!isTheFile()) die();
answer({ kind: 'ready', id: 0 });

/** Whether the files of the database are still those that the server has opened. */
function isTheFile(): boolean {
  try {
    return areSame(identityOf(task.file, realpathSync(task.file)), task.identity, task.readOnly);
  } catch {
    return false;
  }
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

process.on('message', (request: ExecutorRequest) => {
  try {
    handle(request);
  } catch (error) {
    fail(request.id, error as EngineError | SqlError);
  }
});

function handle(request: ExecutorRequest): void {
  switch (request.kind) {
    case 'open': {
      if (request.sessionInfo !== undefined) connection.sessionInfo.current = request.sessionInfo;
      const prepared = take(request.sql);
      if (prepared.effects.writes && !request.mayWrite) {
        keep(prepared);
        answer({ kind: 'would-write', id: request.id });
        return;
      }
      const cursor = new Cursor(connection, prepared, request.parameters, request.encoding, task);
      cursors.set(request.id, cursor);
      give(request.id, cursor, request.limit, true);
      return;
    }
    case 'more': {
      const cursor = cursors.get(request.id);
      if (cursor !== undefined) give(request.id, cursor, request.limit, false);
      return;
    }
    case 'close':
      end(request.id);
      return;
    case 'describe': {
      if (request.sessionInfo !== undefined) connection.sessionInfo.current = request.sessionInfo;
      const prepared = take(request.sql);
      keep(prepared);
      const { columns, effects } = prepared;
      answer({
        kind: 'description',
        id: request.id,
        columns,
        readOnly: !effects.writes && !effects.writesTemporary,
      });
      return;
    }
    case 'control':
      connection.control(request.sql);
      done(request.id, 0);
      return;
    case 'redefine':
      connection.redefine(request.change);
      done(request.id, 0);
      return;
    case 'many':
      runMany(request);
  }
}

function runMany(request: Extract<ExecutorRequest, { kind: 'many' }>): void {
  const { id, sql, parameters, mayWrite, sessionInfo } = request;
  if (sessionInfo !== undefined) connection.sessionInfo.current = sessionInfo;
  const prepared = take(sql);
  keep(prepared);
  if (prepared.effects.writes && !mayWrite) {
    answer({ kind: 'would-write', id });
    return;
  }
  let changes = 0;
  try {
    for (const each of parameters) changes += Number(prepared.statement.run(...bindable(each)).changes);
  } catch (error) {
    throw connection.failure(error);
  }
  done(id, changes);
}

function done(id: number, changes: number): void {
  answer({ kind: 'done', id, changes, inTransaction: connection.inTransaction });
}

function give(id: number, cursor: Cursor, limit: number, first: boolean): void {
  const { columns, effects } = cursor.prepared;
  const batch = cursor.next(limit);
  if (batch.last) end(id);
  answer({
    kind: 'batch',
    id,
    columns: first ? columns : undefined,
    types: first ? cursor.types : undefined,
    ...batch,
    changes: cursor.changes,
    temporary: effects.writesTemporary,
  });
}

function end(id: number): void {
  const cursor = cursors.get(id);
  if (cursor === undefined) return;
  cursors.delete(id);
  cursor.close();
  keep(cursor.prepared);
}

function fail(id: number, error: EngineError | SqlError): void {
  end(id);
  const { inTransaction } = connection;
  const common = { kind: 'failed', id, message: error.message, inTransaction } as const;
  if (error instanceof SqlError) answer({ ...common, failure: 'value', code: 0, sqlstate: error.sqlstate });
  else answer({ ...common, failure: error.failure, code: error.sqliteCode, sqlstate: '' });
}

function take(sql: string): Prepared {
  const { schemaVersion } = connection;
  // SQLite compiles them again by itself; what is known of their columns would stay.
  if (schemaVersion !== keptFor) kept.clear();
  keptFor = schemaVersion;
  const prepared = kept.get(sql);
  if (prepared === undefined) return connection.prepare(sql);
  kept.delete(sql);
  return prepared;
}

function keep(prepared: Prepared): void {
  // What a statement is to do may change with the schema; only those that read are worth being kept.
  if (prepared.effects.writesTemporary) return;
  kept.set(prepared.sql, prepared);
  if (kept.size <= MAX_CACHED_STATEMENTS) return;
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}

function answer(message: ExecutorResponse): void {
  process.send?.(message);
}
