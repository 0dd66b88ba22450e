import type { SqlError, SqlErrorDetails } from '../sql-error.ts';
import type { ByteWriter } from './byte-writer.ts';

/** What an ErrorResponse or a NoticeResponse says. */
export type ErrorReport = SqlErrorDetails & {
  /** ERROR ends the statement, FATAL the conversation; the others are of notices. */
  severity: 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG';
  sqlstate: string;
  message: string;
};

/** The report of an error. */
export function reportOf(error: SqlError, severity: ErrorReport['severity'] = 'ERROR'): ErrorReport {
  return { ...error.details, severity, sqlstate: error.sqlstate, message: error.message };
}

/** The letters of PostgreSQL, "Error and Notice Message Fields". */
const letters: readonly (readonly [keyof ErrorReport, string])[] = [
  ['severity', 'S'],
  ['severity', 'V'],
  ['sqlstate', 'C'],
  ['message', 'M'],
  ['detail', 'D'],
  ['hint', 'H'],
  ['position', 'P'],
  ['where', 'W'],
  ['schema', 's'],
  ['table', 't'],
  ['column', 'c'],
  ['dataType', 'd'],
  ['constraint', 'n'],
];

/** Writes the fields, and the zero byte after them. */
export function writeReport(out: ByteWriter, report: ErrorReport): void {
  for (const [field, letter] of letters) {
    const value = report[field];
    if (value === undefined) continue;
    out.byte(letter.charCodeAt(0));
    // A zero byte would end the field.
    out.string(String(value).replaceAll('\0', ''));
  }
  out.byte(0);
}
