import type { Value } from '../engine/types.ts';
import { SqlError } from '../sql-error.ts';
import { typeOfDeclared } from '../types/declared-type.ts';
import { oids } from '../types/pg-type.ts';
import { valueOfText } from '../types/value-input.ts';
import { copyFormat } from '../wire/copy-format.ts';
import { CopyReader, type CopyRow } from '../wire/copy-reader.ts';
import type { Compiled } from './compiler.ts';
import { type CopyCommand, copyTarget } from './copy-target.ts';
import type { SessionContext } from './session-context.ts';
import { awaited, type Work } from './work.ts';

/** Rows travel to the executor in batches of at least this many. */
const BATCH_ROWS = 500;

/** COPY … FROM STDIN: takes in rows while the client sends them. */
export class CopyIn {
  readonly columns: number;
  readonly compiled: Compiled;
  readonly #context: SessionContext;
  readonly #table: string;
  readonly #insert: string;
  readonly #types: readonly number[];
  readonly #names: readonly string[];
  readonly #reader: CopyReader;
  #waiting: Value[][] = [];
  #count = 0;
  /** The number of the line that is being kept. */
  #line: number;

  private constructor(
    context: SessionContext,
    compiled: Compiled,
    columns: readonly { readonly name: string; readonly declaredType: string | null }[],
    insert: string,
  ) {
    const { table = '', options } = compiled.command as CopyCommand;
    this.#context = context;
    this.compiled = compiled;
    this.columns = columns.length;
    this.#table = table;
    this.#insert = insert;
    this.#names = columns.map(({ name }) => name);
    this.#types = columns.map(({ declaredType }) => typeOfDeclared(declaredType)?.oid ?? oids.text);
    const format = copyFormat(options, this.#names);
    this.#reader = new CopyReader(format, table);
    this.#line = format.header ? 1 : 0;
  }

  /** @throws SqlError, EngineError */
  static *begin(context: SessionContext, compiled: Compiled): Work<CopyIn> {
    const { columns, insert } = yield* copyTarget(context, compiled);
    if (context.settings.get('transaction_read_only') === 'on' || context.engine.readOnly) {
      throw new SqlError('25006', 'cannot execute COPY FROM in a read-only transaction');
    }
    // All of it or nothing.
    context.block.beginImplicit();
    return new CopyIn(context, compiled, columns, insert);
  }

  /** @throws SqlError, EngineError */
  *take(bytes: Buffer): Work {
    this.#keep(this.#reader.push(bytes));
    if (this.#waiting.length >= BATCH_ROWS) yield* this.#send();
  }

  /** @returns the command tag. @throws SqlError, EngineError */
  *end(): Work<string> {
    this.#keep(this.#reader.end());
    yield* this.#send();
    return `COPY ${this.#count}`;
  }

  #keep(rows: readonly CopyRow[]): void {
    for (const row of rows) {
      this.#line++;
      this.#waiting.push(row.map((text, i) => this.#value(text, i)));
    }
  }

  #value(text: string | null, column: number): Value {
    if (text === null) return null;
    try {
      return valueOfText(text, this.#types[column] ?? oids.text);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const where = `COPY ${this.#table}, line ${this.#line}, column ${this.#names[column]}: "${text}"`;
      throw new SqlError(error.sqlstate, error.message, { ...error.details, where }, { cause: error });
    }
  }

  *#send(): Work {
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    this.#count += rows.length;
    yield* awaited(this.#context.session.executeMany(this.#insert, rows));
  }
}
