import { EngineError } from '../engine/engine-error.ts';
import type { SqlSession, Value } from '../engine/types.ts';
import { SqlError } from '../sql-error.ts';
import { answerFormat, type Mode } from './answer-format.ts';
import { type TransactionStatement, transactionStatement } from './transaction-statement.ts';

/** Where a statement runs, and how its answer is written. */
export type Asker = { readonly session: SqlSession; readonly mode: Mode };

/** Runs a statement; its rows are read as the client takes them. A failure is one line. */
export async function* answer(
  { session, mode }: Asker,
  sql: string,
  parameters: readonly Value[] = [],
): AsyncGenerator<string> {
  /** Whether a line has been begun, which an error must not be part of. */
  let begun = false;
  try {
    const transaction = transactionStatement(sql);
    if (transaction !== undefined) {
      await handle(transaction, session);
      yield done(mode, undefined);
      return;
    }
    const rows = await session.execute(sql, parameters);
    try {
      if (rows.columns.length === 0) {
        await rows.next();
        yield done(mode, /^\s*(?:insert|update|delete|replace|with)\b/i.test(sql) ? rows.changes : undefined);
        return;
      }
      const format = answerFormat(
        mode,
        rows.columns.map(({ name }) => name),
      );
      for (let last = false; !last; ) {
        const batch = await rows.next();
        last = batch.last;
        const page = format.page(batch.values);
        begun = page === '' ? begun : !page.endsWith('\n');
        yield page;
      }
      yield format.end();
    } finally {
      rows.close();
    }
  } catch (error) {
    if (!(error instanceof EngineError || error instanceof SqlError)) throw error;
    yield `${begun ? '\n' : ''}${failure(mode, error.message)}`;
  }
}

/** An error as one line. */
export function failure(mode: Mode, message: string): string {
  const line = message.trim().replace(/\s*[\r\n]+\s*/g, ' ');
  return mode === 'json' ? `${JSON.stringify({ error: line })}\n` : `error: ${line}\n`;
}

/** What is said when there are no rows to show. */
function done(mode: Mode, changes: number | undefined): string {
  if (mode === 'json')
    return `${JSON.stringify(changes === undefined ? { ok: true } : { ok: true, changes })}\n`;
  if (changes === undefined) return 'ok\n';
  return changes === 1 ? '1 row changed\n' : `${changes} rows changed\n`;
}

async function handle(statement: TransactionStatement, session: SqlSession): Promise<void> {
  const { kind } = statement;
  if (kind === 'begin') {
    if (session.inTransaction) throw new SqlError('25001', 'cannot begin a transaction within a transaction');
    session.begin();
    if (statement.immediate) await session.lock();
    return;
  }
  // As in SQLite, a savepoint outside of a transaction begins one.
  if (kind === 'savepoint' && !session.inTransaction) session.begin();
  if (!session.inTransaction) throw new SqlError('25P01', `cannot ${kind}: no transaction is active`);
  switch (kind) {
    case 'commit':
      return session.commit();
    case 'rollback':
      return session.rollback();
    case 'savepoint':
      return session.savepoint(statement.name);
    case 'release':
      return session.release(statement.name);
    case 'rollback to':
      return session.rollbackTo(statement.name);
  }
}
