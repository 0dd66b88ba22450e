import { typeOfDeclared, typeOfValue } from '../types/declared-type.ts';
import type { PgType } from '../types/pg-type.ts';
import { ReplyWriter, type RowWriter, rowWriter } from '../wire/reply-writer.ts';
import { bindable, type Connection, type Prepared } from './connection.ts';
import { EngineError } from './engine-error.ts';
import type { Batch, Column, Encoding, Value } from './types.ts';

/** About how many bytes of rows travel in one piece. */
const CHUNK_BYTES = 65_536;
/** What a value takes in a piece beside its own bytes, about. */
const VALUE_OVERHEAD = 12;

export type ResultLimits = { readonly maxRows: number; readonly maxResultBytes: number };

/** The known type counts, unless the declaration is of the same type: it may have a length, or a scale. */
export function declaredOr(declared: string | null, known: PgType | undefined): PgType | undefined {
  const type = typeOfDeclared(declared);
  return known === undefined || (type?.oid === known.oid && known.typmod === -1) ? type : known;
}

/** The types of a RowDescription: the known ones first, as the client may have them already. */
export function columnTypes(
  columns: readonly Column[],
  first: readonly Value[] | undefined,
  known: readonly (PgType | undefined)[],
): PgType[] {
  return columns.map(({ declaredType }, i) => declaredOr(declaredType, known[i]) ?? typeOfValue(first?.[i]));
}

/** A statement that runs in this process: rows are read as they are asked for, and encoded. */
export class Cursor {
  readonly prepared: Prepared;
  types: readonly PgType[] | undefined;
  changes = 0;
  readonly #connection: Connection;
  readonly #rows: Iterator<unknown> | undefined;
  readonly #writer = new ReplyWriter();
  readonly #limits: ResultLimits;
  /** The row that was read to know whether there is one more. */
  #ahead: readonly Value[] | undefined;
  #rowWriter: RowWriter | undefined;
  #rowsGiven = 0;
  #bytesGiven = 0;

  /** @throws EngineError when its first step fails */
  constructor(
    connection: Connection,
    prepared: Prepared,
    parameters: readonly Value[],
    encoding: Encoding,
    limits: ResultLimits,
  ) {
    this.#connection = connection;
    this.prepared = prepared;
    this.#limits = limits;
    try {
      if (prepared.columns.length === 0) {
        this.changes = Number(prepared.statement.run(...bindable(parameters)).changes);
      } else {
        this.#rows = prepared.statement.iterate(...bindable(parameters));
        this.#read();
      }
    } catch (error) {
      throw connection.failure(error);
    }
    if (encoding.form === 'data-rows') {
      this.types = columnTypes(prepared.columns, this.#ahead, encoding.types);
      this.#rowWriter = rowWriter(this.types, encoding.formats);
    }
  }

  /**
   * Up to `limit` rows, 0 for a piece.
   * @throws EngineError, SqlError
   */
  next(limit: number): Batch {
    try {
      return this.#rowWriter === undefined ? this.#values(limit) : this.#bytes(limit, this.#rowWriter);
    } catch (error) {
      this.close();
      throw this.#connection.failure(error);
    }
  }

  close(): void {
    this.#rows?.return?.();
    this.#ahead = undefined;
  }

  #values(limit: number): Batch {
    const values: (readonly Value[])[] = [];
    let size = 0;
    for (let row = this.#ahead; row !== undefined; row = this.#ahead) {
      if (limit > 0 ? values.length === limit : size >= CHUNK_BYTES) break;
      const rowSize = sizeOf(row);
      size += rowSize;
      this.#count(rowSize);
      values.push(row);
      this.#read();
    }
    return { count: values.length, values, bytes: undefined, last: this.#ahead === undefined };
  }

  #bytes(limit: number, rowWriter: RowWriter): Batch {
    const writer = this.#writer;
    let count = 0;
    for (let row = this.#ahead; row !== undefined; row = this.#ahead) {
      if (limit > 0 ? count === limit : writer.length >= CHUNK_BYTES) break;
      const before = writer.length;
      writer.dataRow(row, rowWriter);
      this.#count(writer.length - before);
      count++;
      this.#read();
    }
    return { count, values: [], bytes: writer.take(), last: this.#ahead === undefined };
  }

  #read(): void {
    const step = this.#rows?.next();
    this.#ahead = step === undefined || step.done === true ? undefined : (step.value as readonly Value[]);
  }

  #count(bytes: number): void {
    const { maxRows, maxResultBytes } = this.#limits;
    this.#rowsGiven++;
    this.#bytesGiven += bytes;
    if (this.#rowsGiven > maxRows) {
      throw new EngineError(
        'too-many-rows',
        `the result has more than ${maxRows} rows, the most that is allowed`,
      );
    }
    if (this.#bytesGiven > maxResultBytes) {
      throw new EngineError(
        'result-too-large',
        `the result has more than ${maxResultBytes} bytes, the most that is allowed`,
      );
    }
  }
}

function sizeOf(row: readonly Value[]): number {
  let size = 0;
  for (const value of row) {
    size += VALUE_OVERHEAD;
    if (typeof value === 'string' || value instanceof Uint8Array) size += value.length;
  }
  return size;
}
