import { sqlErrorOf as sqliteErrorOf } from '../dialect/sqlite-errors.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/engine-error.ts';
import { SqlError } from '../wire/sql-error.ts';
import type { Compiled } from './compiler.ts';

const writingHint = { hint: 'Whoever runs the server lets clients write with --read-write.' };

/** What a client is told of a failure of the engine. What is nobody's to know is told to whoever runs the server. */
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
