/** What an error or a notice can have beside its message; see "Error and Notice Message Fields" of PostgreSQL. */
export type SqlErrorDetails = {
  detail?: string;
  hint?: string;
  /** Where in the statement, in characters (code points), counted from 1. */
  position?: number;
  where?: string;
  schema?: string;
  table?: string;
  column?: string;
  dataType?: string;
  constraint?: string;
};

/** A statement, or a value in it, cannot be carried out. `sqlstate` is the five characters of PostgreSQL's appendix A. */
export class SqlError extends Error {
  readonly sqlstate: string;
  readonly details: SqlErrorDetails;

  constructor(sqlstate: string, message: string, details: SqlErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SqlError';
    this.sqlstate = sqlstate;
    this.details = details;
  }
}
