import { EngineError } from '../engine/engine-error.ts';
import { SqlError } from '../wire/sql-error.ts';
import type { Compiled } from './compiler.ts';

/** What a client is told of a failure of the engine. */
export function sqlErrorOf(error: unknown, _compiled?: Compiled): SqlError | undefined {
  if (error instanceof SqlError) return error;
  if (!(error instanceof EngineError)) return undefined;
  const { message } = error;
  const options = { cause: error };
  switch (error.failure) {
    case 'cancelled':
    case 'timeout':
      return new SqlError('57014', message, {}, options);
    case 'read-only':
      return new SqlError('25006', message, {}, options);
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
    default:
      return new SqlError('XX000', message, {}, options);
  }
}
