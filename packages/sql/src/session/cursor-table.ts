import type { CursorMove } from '../dialect/commands.ts';
import type { Column, Rows, Value } from '../engine/types.ts';
import { SqlError } from '../sql-error.ts';
import type { PgType } from '../types/pg-type.ts';
import { awaited, type Work } from './work.ts';

/** The most rows that a cursor keeps to go back to, or beyond its transaction. */
const MAX_KEPT_ROWS = 100_000;

/** A cursor of SQL: a query that is read as far as FETCH and MOVE ask for. */
export class SqlCursor {
  readonly columns: readonly Column[];
  readonly types: readonly PgType[];
  readonly hold: boolean;
  readonly #rows: Rows;
  readonly #scroll: boolean;
  /** The rows from {@link #from} on that were read and may be asked for again, or are read ahead. */
  #kept: (readonly Value[])[] = [];
  /** The number of the row that the cursor stands on, from 1; 0 before the first. */
  #position = 0;
  #over = false;

  constructor(rows: Rows, types: readonly PgType[], scroll: boolean, hold: boolean) {
    this.columns = rows.columns;
    this.types = types;
    this.#rows = rows;
    this.#scroll = scroll || hold;
    this.hold = hold;
  }

  /** Moves, and returns how many rows it has passed. @throws SqlError 55000 to go back without SCROLL */
  *go({ direction, count }: CursorMove): Work<(readonly Value[])[]> {
    switch (direction) {
      case 'forward':
        if (count === 0) return yield* this.#to(this.#position);
        return yield* this.#forward(count ?? Number.POSITIVE_INFINITY);
      case 'backward':
        if (count === 0) return yield* this.#to(this.#position);
        return this.#backward(count ?? Number.POSITIVE_INFINITY);
      case 'first':
        return yield* this.#to(1);
      case 'last':
        yield* this.readAll();
        return yield* this.#to(Math.max(1, this.#kept.length));
      case 'absolute':
        if ((count ?? 0) >= 0) return yield* this.#to(count ?? 0);
        yield* this.readAll();
        return yield* this.#to(Math.max(0, this.#kept.length + 1 + (count ?? 0)));
      case 'relative':
        return yield* this.#to(Math.max(0, this.#position + (count ?? 0)));
    }
  }

  /** Reads what is left into memory: for a cursor that outlives its transaction. */
  *readAll(): Work {
    this.#needScroll();
    while (!this.#over) yield* this.#read(0);
  }

  close(): void {
    this.#over = true;
    this.#kept = [];
    this.#rows.close();
  }

  *#forward(count: number): Work<(readonly Value[])[]> {
    const from = this.#position;
    const passed: (readonly Value[])[] = [];
    if (!this.#scroll) {
      while (!this.#over && passed.length < count) {
        const limit = Number.isFinite(count) ? count - passed.length : 0;
        const batch = yield* awaited(this.#rows.next(limit));
        this.#over = batch.last;
        for (const row of batch.values) passed.push(row);
        if (passed.length > MAX_KEPT_ROWS) throw tooMany();
      }
      // At its end it stands behind the last row.
      this.#position += passed.length + (passed.length < count ? 1 : 0);
      return passed;
    }
    while (!this.#over && this.#kept.length < from + count) {
      yield* this.#read(Number.isFinite(count) ? from + count - this.#kept.length : 0);
    }
    const end = Math.min(this.#kept.length, from + count);
    this.#position = end - from < count ? this.#kept.length + 1 : end;
    return this.#kept.slice(from, end);
  }

  #backward(count: number): (readonly Value[])[] {
    this.#needScroll();
    const last = this.#position - 1;
    const first = Math.max(1, this.#position - count);
    this.#position = Math.max(0, this.#position - count);
    return this.#kept.slice(first - 1, last).reverse();
  }

  /** The row at a place, if there is one. */
  *#to(place: number): Work<(readonly Value[])[]> {
    if (place < this.#position || (place === this.#position && !this.#scroll)) this.#needScroll();
    if (!this.#scroll) {
      const passed = yield* this.#forward(place - this.#position);
      return this.#position === place ? passed.slice(-1) : [];
    }
    while (!this.#over && this.#kept.length < place) yield* this.#read(place - this.#kept.length);
    this.#position = Math.min(place, this.#kept.length + 1);
    const row = this.#kept[place - 1];
    return row === undefined ? [] : [row];
  }

  *#read(limit: number): Work {
    const batch = yield* awaited(this.#rows.next(limit));
    this.#over = batch.last;
    for (const row of batch.values) this.#kept.push(row);
    if (this.#kept.length > MAX_KEPT_ROWS) throw tooMany();
  }

  #needScroll(): void {
    if (this.#scroll) return;
    throw new SqlError('55000', 'cursor can only scan forward', {
      hint: 'Declare it with SCROLL option to enable backward scan.',
    });
  }
}

function tooMany(): SqlError {
  return new SqlError('54000', `a cursor keeps at most ${MAX_KEPT_ROWS} rows`);
}

/** The cursors of a client, by name. */
export class CursorTable {
  readonly #cursors = new Map<string, SqlCursor>();

  /** @throws SqlError 34000 */
  get(name: string): SqlCursor {
    const cursor = this.#cursors.get(name);
    if (cursor === undefined) throw new SqlError('34000', `cursor "${name}" does not exist`);
    return cursor;
  }

  has(name: string): boolean {
    return this.#cursors.has(name);
  }

  set(name: string, cursor: SqlCursor): void {
    this.#cursors.set(name, cursor);
  }

  /** @throws SqlError 34000 */
  close(name: string): void {
    this.get(name).close();
    this.#cursors.delete(name);
  }

  closeAll(): void {
    for (const cursor of this.#cursors.values()) cursor.close();
    this.#cursors.clear();
  }

  /** The transaction in which they were declared is over. */
  endTransaction(): void {
    for (const [name, cursor] of this.#cursors) if (!cursor.hold) this.close(name);
  }
}
