import { sqlErrorOf as sqliteErrorOf } from '../dialect/sqlite-errors.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/engine-error.ts';
import { SqlError } from '../sql-error.ts';
import type { Compiled } from './compiler.ts';

/** What every statement but the end of a failed transaction is answered. */
export const ABORTED = 'current transaction is aborted, commands ignored until end of transaction block';
const fileHint =
  'What was committed is safe in the file that was opened, unless it was overwritten. The log of the server says what to do.';
const writingHint = { hint: 'The operator of the server lets clients write with --read-write.' };

/** The error that a client gets for a failure of the engine. What clients need not know is a warning of the server. */
export function failureOf(error: unknown, compiled: Compiled | undefined, engine: Engine): SqlError {
  if (error instanceof SqlError) return error;
  if (!(error instanceof EngineError)) {
    process.emitWarning(error instanceof Error ? error : String(error));
    return new SqlError('XX000', 'internal error', {}, { cause: error });
  }
  const { message } = error;
  const options = { cause: error };
  switch (error.failure) {
    case 'cancelled':
    case 'timeout':
      return new SqlError('57014', message, {}, options);
    case 'read-only':
      return new SqlError('25006', message, engine.readOnly ? writingHint : {}, options);
    case 'forbidden':
      return new SqlError('42501', message, {}, options);
    case 'too-many-rows':
    case 'result-too-large':
      return new SqlError('54000', message, {}, options);
    case 'serialization':
      return new SqlError('40001', message, {}, options);
    case 'no-savepoint':
      return new SqlError('3B001', message, {}, options);
    case 'file-lost':
      return new SqlError('58P01', message, { hint: fileHint }, options);
    case 'transaction-lost':
      return new SqlError('25P02', ABORTED, { detail: message }, options);
    case 'executor-died':
      return new SqlError('58000', message, {}, options);
    case 'sqlite': {
      if (compiled === undefined) return new SqlError('XX000', message, {}, options);
      const { statement, translation } = compiled;
      const uniqueName = (table: string, columns: readonly string[]) => engine.uniqueIndex(table, columns);
      return sqliteErrorOf({ message, code: error.sqliteCode }, { statement, translation, uniqueName });
    }
  }
}
