import { type Command, commandTag } from '../dialect/commands.ts';
import { BufferedRows } from '../engine/rows.ts';
import type { Rows, Value } from '../engine/types.ts';
import { splitStatements } from '../parse/statements.ts';
import { SqlError } from '../sql-error.ts';
import type { Compiled } from './compiler.ts';
import { SqlCursor } from './cursor-table.ts';
import { PreparedStatement, parameterTypes } from './prepared-statement.ts';
import { noStatement } from './prepared-statements.ts';
import { Result, textResult } from './result.ts';
import { RowWriters, typeNamed, typesWith } from './result-shape.ts';
import { type Opened, type OpenOptions, openData } from './run-data.ts';
import type { SessionContext } from './session-context.ts';
import { awaited, type Work } from './work.ts';

/** The commands of which the kind is one of `Kind`. */
type Of<Kind extends Command['kind']> = Command extends infer Each
  ? Each extends { kind: infer Its }
    ? Kind extends Its
      ? Each
      : never
    : never
  : never;

/** Carries out a statement that is the session's own affair. @throws SqlError, EngineError */
export function* openUtility(
  context: SessionContext,
  compiled: Compiled,
  parameters: readonly Value[],
  options: OpenOptions,
): Work<Opened> {
  const { command } = compiled;
  const { block, settings, cursors, prepared } = context;
  const done: Opened = { kind: 'done', tag: commandTag(command, 0) };
  switch (command.kind) {
    case 'begin':
      if (!block.begin(command.modes)) {
        context.notice('WARNING', '25001', 'there is already a transaction in progress');
      }
      return done;
    case 'commit':
    case 'rollback':
      return yield* end(context, command);
    case 'savepoint':
      yield* block.savepoint(command.name);
      return done;
    case 'release':
      yield* block.release(command.name);
      return done;
    case 'rollback to':
      yield* block.rollbackTo(command.name);
      return done;
    case 'set transaction':
      setTransaction(context, command);
      return done;
    case 'set':
      if (command.local && !block.active) {
        context.notice('WARNING', '25P01', 'SET LOCAL can only be used in transaction blocks');
      } else settings.set(command.name, command.value, command.local);
      return done;
    case 'reset':
      if (command.name === 'all') settings.resetAll();
      else settings.set(command.name, undefined);
      return done;
    case 'show':
      return { kind: 'rows', result: show(context, command.name), tag: () => 'SHOW' };
    case 'discard':
      yield* discard(context, command.what);
      return done;
    case 'prepare':
      prepare(context, command, compiled);
      return done;
    case 'execute':
      return yield* execute(context, command, options);
    case 'deallocate':
      if (command.name === undefined) prepared.deleteNamed();
      else if (!prepared.delete(command.name)) throw noStatement(command.name);
      return done;
    case 'declare':
      yield* declare(context, command, compiled, parameters);
      return done;
    case 'fetch':
    case 'move':
      return yield* fetch(context, command);
    case 'close':
      if (command.name === undefined) cursors.closeAll();
      else cursors.close(command.name);
      return done;
    case 'copy':
      return { kind: 'copy', compiled };
    case 'explain':
      return yield* explain(context, command, compiled, parameters);
    case 'listen':
    case 'notify':
      throw new SqlError(
        '0A000',
        `${command.kind.toUpperCase()} is not supported: SQLite has no notifications`,
      );
    case 'lock':
      if (!block.explicit) throw new SqlError('25P01', 'LOCK TABLE can only be used in transaction blocks');
      yield* awaited(context.session.lock());
      return done;
    case 'vacuum':
    case 'analyze':
    case 'reindex':
      yield* maintain(context, command);
      return done;
    case 'pragma':
      return yield* openSqlite(context, compiled, options);
    default:
      // UNLISTEN, CHECKPOINT and CLUSTER: what they are for is always so here.
      return done;
  }
}

function* end({ block, notice }: SessionContext, command: Of<'commit' | 'rollback'>): Work<Opened> {
  if (!block.explicit) notice('WARNING', '25P01', 'there is no transaction in progress');
  let tag = 'ROLLBACK';
  if (command.kind === 'rollback') yield* block.rollback();
  else if (yield* block.commit()) tag = 'COMMIT';
  if (command.chain) block.begin({});
  return { kind: 'done', tag };
}

function setTransaction({ settings, block, notice }: SessionContext, command: Of<'set transaction'>): void {
  const { isolation, readOnly, deferrable } = command.modes;
  if (!command.session && !block.explicit) {
    notice('WARNING', '25P01', 'SET TRANSACTION can only be used in transaction blocks');
    return;
  }
  const prefix = command.session ? 'default_transaction' : 'transaction';
  const onOff = (value: boolean) => (value ? 'on' : 'off');
  if (isolation !== undefined) settings.set(`${prefix}_isolation`, isolation, !command.session);
  if (readOnly !== undefined) settings.set(`${prefix}_read_only`, onOff(readOnly), !command.session);
  if (deferrable !== undefined) settings.set(`${prefix}_deferrable`, onOff(deferrable), !command.session);
  if (!command.session) block.change(command.modes);
}

function show({ settings }: SessionContext, name: string): Result {
  if (name !== 'all') return textResult([settings.properName(name)], [[settings.get(name)]]);
  return textResult(
    ['name', 'setting', 'description'],
    [...settings.all()].map(([each, value]) => [each, value, '']),
  );
}

function* discard(context: SessionContext, what: Of<'discard'>['what']): Work {
  const { block, settings, cursors, prepared, session } = context;
  if (what === 'all' || what === 'temp') {
    // The temporary tables go with the process that has them, and so would the transaction.
    const message = `DISCARD ${what.toUpperCase()} cannot run inside a transaction block`;
    if (block.explicit) throw new SqlError('25001', message);
    yield* block.endImplicit();
  }
  if (what === 'all') {
    cursors.closeAll();
    prepared.deleteNamed();
    settings.resetAll();
  }
  if (what === 'all' || what === 'temp') yield* awaited(session.dropTemporary());
}

function prepare(context: SessionContext, command: Of<'prepare'>, { inner }: Compiled): void {
  const { prepared, engine } = context;
  prepared.checkFree(command.name);
  const given = command.types.map((name) => typeNamed(name)?.oid ?? 0);
  prepared.set(command.name, new PreparedStatement(inner, parameterTypes(inner, given, engine)));
}

function* execute(context: SessionContext, command: Of<'execute'>, options: OpenOptions): Work<Opened> {
  const statement = context.prepared.peek(command.name);
  if (statement?.compiled === undefined) throw noStatement(command.name);
  const values = command.values === undefined ? [] : yield* evaluate(context, command.values);
  const count = statement.compiled.parameters.length;
  if (values.length !== count) {
    throw new SqlError('42601', `wrong number of parameters for prepared statement "${command.name}"`, {
      detail: `Expected ${count} parameters but got ${values.length}.`,
    });
  }
  return statement.compiled.translation === undefined
    ? yield* openUtility(context, statement.compiled, values, options)
    : yield* openData(context, statement.compiled, values, options);
}

/** The values of expressions. */
function* evaluate({ compiler, session }: SessionContext, query: string): Work<readonly Value[]> {
  const [statement] = splitStatements(query);
  const sql = statement === undefined ? undefined : compiler.compileOne(statement).translation?.sql[0];
  if (sql === undefined) return [];
  const rows = yield* awaited(session.execute(sql));
  const { values } = yield* awaited(rows.next(1));
  rows.close();
  return values[0] ?? [];
}

function* declare(
  context: SessionContext,
  command: Of<'declare'>,
  { inner }: Compiled,
  parameters: readonly Value[],
): Work {
  const { block, cursors, session } = context;
  const { name, hold, scroll } = command;
  if (!hold && !block.explicit) {
    throw new SqlError('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
  }
  if (cursors.has(name)) throw new SqlError('42P03', `cursor "${name}" already exists`);
  const sql = inner?.command.kind === 'select' ? inner.translation?.sql[0] : undefined;
  if (inner === undefined || sql === undefined) {
    throw new SqlError('42601', 'DECLARE CURSOR must be of a SELECT or VALUES statement');
  }
  const rows: Rows = yield* awaited(session.execute(sql, parameters, { limit: 1 }));
  const types = typesWith(inner.typesOf(rows.columns), rows.first);
  const cursor = new SqlCursor(rows, types, scroll === true, hold);
  if (hold) yield* cursor.readAll();
  cursors.set(name, cursor);
}

function* fetch({ cursors }: SessionContext, command: Of<'fetch' | 'move'>): Work<Opened> {
  const cursor = cursors.get(command.cursor);
  const values = yield* cursor.go(command.move);
  if (command.kind === 'move') return { kind: 'done', tag: commandTag(command, values.length) };
  const result = new Result(
    new BufferedRows(cursor.columns, values),
    cursor.columns,
    cursor.types,
    new RowWriters(),
  );
  return { kind: 'rows', result, tag: (rows) => commandTag(command, rows) };
}

/** The plan of SQLite, as a tree. */
function* explain(
  { session }: SessionContext,
  command: Of<'explain'>,
  { inner }: Compiled,
  parameters: readonly Value[],
): Work<Opened> {
  if (command.analyze) throw new SqlError('0A000', 'EXPLAIN ANALYZE is not supported');
  if (command.format !== 'text')
    throw new SqlError('0A000', `EXPLAIN (FORMAT ${command.format}) is not supported`);
  const lines: string[] = [];
  for (const sql of inner?.translation?.sql ?? []) {
    const rows = yield* awaited(session.execute(`EXPLAIN QUERY PLAN ${sql}`, parameters));
    const depths = new Map<Value, number>();
    for (let last = false; !last; ) {
      const batch = yield* awaited(rows.next());
      last = batch.last;
      for (const [id = null, parent = null, , detail] of batch.values) {
        const depth = (depths.get(parent) ?? -1) + 1;
        depths.set(id, depth);
        lines.push(`${depth === 0 ? '' : `${'  '.repeat(depth - 1)}->  `}${detail}`);
      }
    }
  }
  return {
    kind: 'rows',
    result: textResult(
      ['QUERY PLAN'],
      lines.map((line) => [line]),
    ),
    tag: () => 'EXPLAIN',
  };
}

/** VACUUM alone has nothing to do here; FULL is what SQLite calls VACUUM. */
function* maintain(context: SessionContext, command: Of<'vacuum' | 'analyze' | 'reindex'>): Work {
  const { block, session, engine } = context;
  if (command.kind === 'vacuum' && block.explicit) {
    throw new SqlError('25001', 'VACUUM cannot run inside a transaction block');
  }
  for (const table of command.tables) {
    if (engine.relation(table) === undefined)
      throw new SqlError('42P01', `relation "${table}" does not exist`);
  }
  const statements: string[] = [];
  if (command.kind === 'reindex') statements.push('REINDEX');
  if (command.kind === 'vacuum' && command.full) statements.push('VACUUM');
  if (command.kind === 'analyze' || (command.kind === 'vacuum' && command.analyze)) {
    const tables = command.tables.map((table) => `ANALYZE "${table.replaceAll('"', '""')}"`);
    statements.push(...(tables.length === 0 ? ['ANALYZE'] : tables));
  }
  for (const sql of statements) {
    const rows = yield* awaited(session.execute(sql, [], { writes: true }));
    rows.close();
  }
}

/** A statement of SQLite as it is. */
function* openSqlite({ session }: SessionContext, { text }: Compiled, { limit }: OpenOptions): Work<Opened> {
  const rows = yield* awaited(session.execute(text, [], { limit }));
  const types = typesWith(
    rows.columns.map(() => undefined),
    rows.first,
  );
  const result = new Result(rows, rows.columns, types, new RowWriters());
  return { kind: 'rows', result, tag: () => 'PRAGMA' };
}
