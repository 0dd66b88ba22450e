/** Why the engine could not do what it was asked; a closed list. */
export type EngineFailure =
  /** SQLite said so: `sqliteCode` has its extended result code (https://www.sqlite.org/rescode.html). */
  | 'sqlite'
  /** Somebody asked for the statement to be stopped. */
  | 'cancelled'
  | 'timeout'
  /** It would write, and the database or the transaction is read-only. */
  | 'read-only'
  /** The authorizer forbids it to everybody: ATTACH, loading extensions, unsafe pragmas. */
  | 'forbidden'
  | 'too-many-rows'
  | 'result-too-large'
  /** Another transaction has written since this one began to read. */
  | 'serialization'
  /** A savepoint of that name is not there. */
  | 'no-savepoint'
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
