import type { Value } from '../types/pg-type.ts';
import { plainText } from '../types/value-text.ts';
import { copyFormat } from '../wire/copy-format.ts';
import { copyHeader, copyLines } from '../wire/copy-writer.ts';
import { cellText, padded, visible, widthOf } from './cells.ts';
import { TableFormat } from './table-format.ts';

export type Row = readonly Value[];

/** How the rows of an answer are written: page by page, as they come. */
export interface AnswerFormat {
  page(rows: readonly Row[]): string;
  /** What follows the last page. */
  end(): string;
}

export const modes = ['table', 'csv', 'json', 'lines'] as const;

export type Mode = (typeof modes)[number];

/** A format for one answer, which has columns of these names. */
export function answerFormat(mode: Mode, columns: readonly string[]): AnswerFormat {
  switch (mode) {
    case 'table':
      return new TableFormat(columns);
    case 'csv':
      return csv(columns);
    case 'json':
      return json(columns);
    case 'lines':
      return records(columns);
  }
}

/** RFC 4180, with LF; NULL is nothing, and an empty text is in quotes. */
function csv(columns: readonly string[]): AnswerFormat {
  const format = copyFormat(csvOptions, columns);
  const write = copyLines(format);
  let header = copyHeader(format);
  const flush = () => {
    const text = header;
    header = '';
    return text;
  };
  return {
    page: (rows) =>
      flush() +
      rows.map((row) => write(row.map((value) => (value === null ? null : plainText(value))))).join(''),
    end: flush,
  };
}

const csvOptions = {
  format: 'csv',
  header: true,
  delimiter: undefined,
  null: undefined,
  quote: undefined,
  escape: undefined,
  forceQuote: [],
  forceNotNull: [],
  forceNull: [],
  encoding: undefined,
} as const;

/** One array of objects, an object a line. */
function json(columns: readonly string[]): AnswerFormat {
  const keys = columns.map((column) => `${JSON.stringify(column)}:`);
  const object = (row: Row) => `{${keys.map((key, i) => key + jsonValue(row[i] ?? null)).join(',')}}`;
  let before = '[';
  return {
    page(rows) {
      if (rows.length === 0) return '';
      const text = before + rows.map(object).join(',\n');
      before = ',\n';
      return text;
    },
    end: () => `${before === '[' ? '[' : ''}]\n`,
  };
}

/** Whole numbers have all their digits, whatever a reader makes of them. */
function jsonValue(value: Value): string {
  if (typeof value === 'number')
    return Number.isFinite(value) ? String(value) : `${value < 0 ? '-' : ''}9e999`;
  if (typeof value === 'bigint') return String(value);
  return value === null ? 'null' : JSON.stringify(plainText(value));
}

/** A line a value, `name = value`, and an empty line between rows. */
function records(columns: readonly string[]): AnswerFormat {
  const names = columns.map(visible);
  const width = Math.max(0, ...names.map(widthOf));
  let before = '';
  return {
    page: (rows) =>
      rows
        .map((row) => {
          const lines = names.map(
            (name, i) => `${padded(name, width, true)} = ${cellText(row[i] ?? null)}\n`,
          );
          const text = before + lines.join('');
          before = '\n';
          return text;
        })
        .join(''),
    end: () => '',
  };
}
