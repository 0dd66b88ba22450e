import type { PgType } from '../types/pg-type.ts';
import type { Executor } from './executor.ts';
import type { ExecutorResponse } from './executor-messages.ts';
import type { Batch, Column, Rows, Value } from './types.ts';

const none: Batch = { count: 0, values: [], bytes: undefined, last: true };

/** An answer that is there at once. */
export class BufferedRows implements Rows {
  readonly columns: readonly Column[];
  readonly types = undefined;
  readonly changes = 0;
  #values: readonly (readonly Value[])[];
  #given = 0;

  constructor(columns: readonly Column[], values: readonly (readonly Value[])[]) {
    this.columns = columns;
    this.#values = values;
  }

  get first(): readonly Value[] | undefined {
    return this.#values[0];
  }

  next(limit = 0): Batch {
    const values = this.#values;
    if (limit === 0 && this.#given === 0) {
      this.#given = values.length;
      return { count: values.length, values, bytes: undefined, last: true };
    }
    const end = limit === 0 ? values.length : Math.min(values.length, this.#given + limit);
    const some = values.slice(this.#given, end);
    this.#given = end;
    return { count: some.length, values: some, bytes: undefined, last: end === values.length };
  }

  close(): void {
    this.#values = [];
  }
}

type BatchAnswer = Extract<ExecutorResponse, { kind: 'batch' }>;

/** What the rows of an executor need of their session. */
export interface RowsOwner {
  /** Asks for more of them where they are, within the time limit of the session. */
  more(executor: Executor, id: number, limit: number): Promise<ExecutorResponse>;
  /** They have come to their end, one way or another. */
  ended(rows: ExecutorRows): void;
}

/** Rows that an executor reads. While one batch is being sent to the client the next is read, and no more than that. */
export class ExecutorRows implements Rows {
  readonly columns: readonly Column[];
  readonly types: readonly PgType[] | undefined;
  changes = 0;
  readonly #id: number;
  readonly #executor: Executor;
  readonly #owner: RowsOwner;
  #first: BatchAnswer | undefined;
  #ahead: Promise<ExecutorResponse> | undefined;
  #over = false;

  constructor(first: BatchAnswer, executor: Executor, owner: RowsOwner) {
    this.#id = first.id;
    this.#executor = executor;
    this.#owner = owner;
    this.columns = first.columns ?? [];
    this.types = first.types;
    this.changes = first.changes;
    this.#first = first;
    this.#over = first.last;
  }

  get first(): readonly Value[] | undefined {
    return this.#first?.values[0];
  }

  /** Whether they are on their way to the client as fast as it takes them, rather than when it asks for them. */
  get streaming(): boolean {
    return this.#ahead !== undefined;
  }

  next(limit = 0): Batch | Promise<Batch> {
    const first = this.#first;
    if (first !== undefined) {
      this.#first = undefined;
      if (!first.last && limit === 0) this.#readAhead();
      return first;
    }
    if (this.#over) return none;
    return this.#next(limit);
  }

  close(): void {
    if (this.#over) return;
    this.#executor.closeCursor(this.#id);
    this.#end();
  }

  async #next(limit: number): Promise<Batch> {
    try {
      const answer = await (this.#ahead ?? this.#owner.more(this.#executor, this.#id, limit));
      this.#ahead = undefined;
      if (answer.kind !== 'batch' || this.#over) return none;
      this.changes = answer.changes;
      if (answer.last) this.#end();
      else if (limit === 0) this.#readAhead();
      return answer;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #readAhead(): void {
    this.#ahead = this.#owner.more(this.#executor, this.#id, 0);
    // If it fails, the next call of next() rejects.
    this.#ahead.catch(() => {});
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.ended(this);
  }
}
