import type { Value } from '../types/pg-type.ts';
import { cellText, padded, visible, widthOf } from './cells.ts';

/** A longer value does not make the whole column wider: it stands out of its line. */
const MAX_COLUMN_WIDTH = 60;
const GAP = '  ';

/**
 * An aligned table. Widths are those of the first page; where a later one needs more, its lines are wider. Columns of numbers
 * are aligned on the right.
 */
export class TableFormat {
  readonly #names: readonly string[];
  readonly #widths: number[];
  /** Which columns hold numbers; known with the first page. */
  #numbers: readonly boolean[] | undefined;
  #rows = 0;

  constructor(columns: readonly string[]) {
    this.#names = columns.map(visible);
    this.#widths = this.#names.map(widthOf);
  }

  page(rows: readonly (readonly Value[])[]): string {
    const cells = rows.map((row) => this.#names.map((_name, i) => cellText(row[i] ?? null)));
    for (const row of cells) {
      for (const [i, cell] of row.entries()) {
        this.#widths[i] = Math.max(this.#widths[i] ?? 0, Math.min(MAX_COLUMN_WIDTH, widthOf(cell)));
      }
    }
    this.#rows += rows.length;
    return this.#heading(rows) + cells.map((row) => this.#line(row)).join('');
  }

  end(): string {
    return `${this.#heading([])}(${this.#rows} ${this.#rows === 1 ? 'row' : 'rows'})\n`;
  }

  #heading(rows: readonly (readonly Value[])[]): string {
    if (this.#numbers !== undefined) return '';
    this.#numbers = this.#names.map((_name, i) => {
      const present = rows.map((row) => row[i] ?? null).filter((value) => value !== null);
      return (
        present.length > 0 && present.every((value) => typeof value === 'number' || typeof value === 'bigint')
      );
    });
    return this.#line(this.#names) + this.#line(this.#widths.map((width) => '-'.repeat(width)));
  }

  #line(cells: readonly string[]): string {
    const aligned = cells.map((cell, i) => padded(cell, this.#widths[i] ?? 0, this.#numbers?.[i] === true));
    return `${aligned.join(GAP).trimEnd()}\n`;
  }
}
