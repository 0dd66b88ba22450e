import type { Value } from '../engine/types.ts';
import type { FormatCode, PgType } from '../types/pg-type.ts';
import type { Compiled } from './compiler.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import { type Opened, openData } from './run-data.ts';
import type { SessionContext } from './session-context.ts';
import { openUtility } from './utility.ts';
import type { Work } from './work.ts';

/** A statement with its parameters, about to run or running. */
export class Portal {
  readonly statement: PreparedStatement;
  readonly formats: readonly FormatCode[];
  readonly #parameters: readonly Value[];
  #opened: Opened | undefined;

  constructor(statement: PreparedStatement, parameters: readonly Value[], formats: readonly FormatCode[]) {
    this.statement = statement;
    this.#parameters = parameters;
    this.formats = formats;
  }

  get parameterCount(): number {
    return this.#parameters.length;
  }

  /** What runs, once it has begun. */
  get opened(): Opened | undefined {
    return this.#opened;
  }

  /** Whether it only reads, so that it may begin before it is executed. */
  get readsOnly(): boolean {
    const { command } = this.statement.compiled ?? {};
    return command?.kind === 'select' || command?.kind === 'show' || command?.kind === 'explain';
  }

  /** Begins it, if it has not begun. @throws SqlError, EngineError */
  *open(context: SessionContext, compiled: Compiled, limit: number): Work<Opened> {
    if (this.#opened !== undefined) return this.#opened;
    const describedTypes: readonly PgType[] | undefined = this.statement.describedTypes;
    const options = { formats: this.formats, describedTypes, limit };
    const opened =
      compiled.translation === undefined
        ? yield* openUtility(context, compiled, this.#parameters, options)
        : yield* openData(context, compiled, this.#parameters, options);
    if (opened.kind === 'rows') this.statement.describedTypes ??= opened.result.types;
    this.#opened = opened;
    return opened;
  }

  close(): void {
    if (this.#opened?.kind === 'rows') this.#opened.result.close();
  }
}
