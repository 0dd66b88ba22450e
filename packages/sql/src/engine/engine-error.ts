/** Why the engine could not do what it was asked; a closed list. */
export type EngineFailure =
  /** SQLite said so: `sqliteCode` has its extended result code (https://www.sqlite.org/rescode.html). */
  | 'sqlite'
  /** The statement was stopped by a request. */
  | 'cancelled'
  | 'timeout'
  /** It would write, and the database or the transaction is read-only. */
  | 'read-only'
  /** The authorizer forbids it always: ATTACH, loading extensions, unsafe pragmas. */
  | 'forbidden'
  | 'too-many-rows'
  | 'result-too-large'
  /** Another transaction has written since this one began to read. */
  | 'serialization'
  /** A savepoint of that name is not there. */
  | 'no-savepoint'
  /** It would be written into a file that the name of the database does not mean any more. */
  | 'file-lost'
  /** The transaction was rolled back without its client: nothing but its end is possible. */
  | 'transaction-lost'
  /** The executor process ended by itself. */
  | 'executor-died';

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly failure: EngineFailure;
  /** The extended result code of SQLite; 0 when the failure is not SQLite's. */
  readonly sqliteCode: number;

  constructor(failure: EngineFailure, message: string, sqliteCode = 0, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
    this.sqliteCode = sqliteCode;
  }
}
