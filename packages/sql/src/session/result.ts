import { BufferedRows } from '../engine/rows.ts';
import type { Column, Rows, Value } from '../engine/types.ts';
import type { FormatCode } from '../types/pg-type.ts';
import { oids, type PgType, pgType } from '../types/pg-type.ts';
import type { ReplyWriter } from '../wire/reply-writer.ts';
import { RowWriters } from './result-shape.ts';
import { awaited, type Work } from './work.ts';

/** Above this many bytes an answer is sent before it is whole. */
const CHUNK_BYTES = 65_536;

/** The rows of a statement that runs, and how they are written. */
export class Result {
  readonly columns: readonly Column[];
  readonly types: readonly PgType[];
  readonly #rows: Rows;
  readonly #writers: RowWriters;
  /** How many rows were sent. */
  sent = 0;
  #over = false;

  constructor(rows: Rows, columns: readonly Column[], types: readonly PgType[], writers: RowWriters) {
    this.#rows = rows;
    this.columns = columns;
    this.types = types;
    this.#writers = writers;
  }

  /** How many rows were inserted, updated or deleted. */
  get changes(): number {
    return this.#rows.changes;
  }

  /**
   * Writes rows, at most `limit` of them; 0 for all.
   * @returns whether these were the last
   */
  *write(out: ReplyWriter, limit: number, formats: readonly FormatCode[]): Work<boolean> {
    let left = limit;
    while (!this.#over) {
      const batch = yield* awaited(this.#rows.next(left));
      this.#over = batch.last;
      this.sent += batch.count;
      if (batch.bytes !== undefined) {
        if (out.length > 0) yield out.take();
        if (batch.bytes.length > 0) yield batch.bytes;
      } else if (batch.count > 0) {
        const writer = this.#writers.for(this.types, formats);
        for (const row of batch.values) {
          out.dataRow(row, writer);
          if (out.length > CHUNK_BYTES) yield out.take();
        }
      }
      if (limit > 0) {
        left -= batch.count;
        if (left <= 0) break;
      }
    }
    return this.#over;
  }

  close(): void {
    this.#over = true;
    this.#rows.close();
  }
}

/** A result of texts, which the session makes itself. */
export function textResult(names: readonly string[], rows: readonly (readonly (string | null)[])[]): Result {
  const columns = textColumns(names);
  const types = names.map(() => pgType(oids.text));
  return new Result(
    new BufferedRows(columns, rows as readonly (readonly Value[])[]),
    columns,
    types,
    new RowWriters(),
  );
}

export function textColumns(names: readonly string[]): Column[] {
  return names.map((name) => ({ name, declaredType: 'text', table: null, column: null }));
}
