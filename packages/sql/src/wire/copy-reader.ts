import { FrameTooLongError } from 'zocalo';
import { SqlError } from '../sql-error.ts';
import { csvFields, textFields } from './copy-fields.ts';
import type { CopyFormat } from './copy-format.ts';
import { CopyLineSplitter } from './copy-lines.ts';

/** One line of a COPY: a text or NULL for each column. */
export type CopyRow = readonly (string | null)[];

/** Longer lines are refused, as PostgreSQL refuses fields above 1 GiB; in bytes. */
const MAX_LINE = 16 * 1_048_576;

/**
 * Reads the rows of COPY … FROM STDIN from bytes that come in pieces of any size.
 * @throws SqlError 22P04 for lines that are none, 22021 for bytes that are not UTF-8; `where` has the number of the line
 */
export class CopyReader {
  readonly #format: CopyFormat;
  readonly #table: string;
  readonly #lines: CopyLineSplitter;
  readonly #fields: (line: string, format: CopyFormat) => CopyRow;
  #line = 0;
  #ended = false;

  /** @param table for messages */
  constructor(format: CopyFormat, table: string, maxLine: number = MAX_LINE) {
    this.#format = format;
    this.#table = table;
    this.#lines = new CopyLineSplitter(format, maxLine);
    this.#fields = format.csv ? csvFields : textFields;
  }

  /** The rows that `bytes` complete. */
  push(bytes: Buffer): CopyRow[] {
    return this.#rows(this.#lines.push(bytes));
  }

  /** The last row, if it has no line ending. */
  end(): CopyRow[] {
    return this.#rows(this.#lines.end());
  }

  #rows(lines: Iterator<string>): CopyRow[] {
    const rows: CopyRow[] = [];
    while (!this.#ended) {
      const { value: line, done } = this.#located(() => lines.next(), this.#line + 1);
      if (done) break;
      this.#line++;
      if (line === '\\.') this.#ended = true;
      else if (this.#line > 1 || !this.#format.header) rows.push(this.#row(line));
    }
    return rows;
  }

  #row(line: string): CopyRow {
    const { columns } = this.#format;
    const row = this.#located(() => this.#fields(line, this.#format), this.#line, line);
    if (row.length === columns.length) return row;
    if (row.length > columns.length)
      throw this.#error('extra data after last expected column', this.#line, line);
    // A line of nothing is one empty field; of a table without columns it is a row.
    if (columns.length === 0 && line === '') return [];
    throw this.#error(`missing data for column "${columns[row.length]}"`, this.#line, line);
  }

  #located<T>(run: () => T, number: number, line?: string): T {
    try {
      return run();
    } catch (cause) {
      if (cause instanceof FrameTooLongError) {
        throw this.#error(`a line is longer than ${cause.limit} bytes`, number, undefined, '54000');
      }
      if (!(cause instanceof SqlError)) throw cause;
      throw this.#error(cause.message, number, line, cause.sqlstate);
    }
  }

  #error(message: string, number: number, line?: string, sqlstate = '22P04'): SqlError {
    const shown = line === undefined ? '' : `: "${line.length > 100 ? `${line.slice(0, 100)}...` : line}"`;
    return new SqlError(sqlstate, message, { where: `COPY ${this.#table}, line ${number}${shown}` });
  }
}
