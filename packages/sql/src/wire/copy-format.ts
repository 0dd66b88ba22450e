import { SqlError } from '../sql-error.ts';

/** What COPY says of its lines; undefined is the default of the format. */
export type CopyOptions = {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string | undefined;
  readonly null: string | undefined;
  readonly header: boolean;
  readonly quote: string | undefined;
  readonly escape: string | undefined;
  /** Names of columns; `*` for all. */
  readonly forceQuote: readonly string[] | '*';
  readonly forceNotNull: readonly string[];
  readonly forceNull: readonly string[];
  readonly encoding: string | undefined;
};

/** How the lines of a COPY are written, with nothing left to default. */
export type CopyFormat = {
  readonly csv: boolean;
  readonly header: boolean;
  readonly delimiter: string;
  readonly null: string;
  readonly quote: string;
  readonly escape: string;
  /** The columns that the lines have, in their order. */
  readonly columns: readonly string[];
  /** Of csv, by column: always in quotes; never NULL; NULL even in quotes. */
  readonly forceQuote: readonly boolean[];
  readonly forceNotNull: readonly boolean[];
  readonly forceNull: readonly boolean[];
};

/**
 * Checks the options of a COPY and fills in what they leave open, as PostgreSQL does in `ProcessCopyOptions`.
 * @throws SqlError 0A000, 22023 or 42703 for what cannot be
 */
export function copyFormat(options: CopyOptions, columns: readonly string[]): CopyFormat {
  if (options.format === 'binary') throw new SqlError('0A000', 'COPY in binary format is not supported');
  checkEncoding(options.encoding);
  const csv = options.format === 'csv';
  const {
    delimiter = csv ? ',' : '\t',
    null: nothing = csv ? '' : '\\N',
    quote = '"',
    escape: mark = quote,
  } = options;
  const { forceQuote, forceNotNull, forceNull } = options;
  checkCharacters(delimiter, nothing);
  if (csv) checkQuotes(delimiter, nothing, quote, mark);
  else {
    const only = { quote: options.quote, escape: options.escape };
    for (const [name, value] of Object.entries(only)) {
      if (value !== undefined) throw new SqlError('0A000', `COPY ${name} available only in CSV mode`);
    }
    if (forceQuote.length + forceNotNull.length + forceNull.length > 0) {
      throw new SqlError(
        '0A000',
        'COPY force quote, force not null and force null available only in CSV mode',
      );
    }
    if (/[\\.a-z0-9]/.test(delimiter)) throw new SqlError('22023', `COPY delimiter cannot be "${delimiter}"`);
  }
  return {
    csv,
    header: options.header,
    delimiter,
    null: nothing,
    quote,
    escape: mark,
    columns,
    forceQuote: forceQuote === '*' ? columns.map(() => true) : chosen(forceQuote, columns, 'FORCE_QUOTE'),
    forceNotNull: chosen(forceNotNull, columns, 'FORCE_NOT_NULL'),
    forceNull: chosen(forceNull, columns, 'FORCE_NULL'),
  };
}

function checkCharacters(delimiter: string, nothing: string): void {
  if (!/^[\0-\x7f]$/.test(delimiter))
    throw new SqlError('0A000', 'COPY delimiter must be a single one-byte character');
  if (/[\r\n]/.test(delimiter))
    throw new SqlError('22023', 'COPY delimiter cannot be newline or carriage return');
  if (/[\r\n]/.test(nothing)) {
    throw new SqlError('22023', 'COPY null representation cannot use newline or carriage return');
  }
  if (nothing.includes(delimiter)) {
    throw new SqlError('22023', 'COPY delimiter must not appear in the NULL specification');
  }
}

function checkQuotes(delimiter: string, nothing: string, quote: string, mark: string): void {
  if (!/^[\0-\x7f]$/.test(quote))
    throw new SqlError('0A000', 'COPY quote must be a single one-byte character');
  if (!/^[\0-\x7f]$/.test(mark))
    throw new SqlError('0A000', 'COPY escape must be a single one-byte character');
  if (delimiter === quote) throw new SqlError('22023', 'COPY delimiter and quote must be different');
  if (nothing.includes(quote)) {
    throw new SqlError('22023', 'CSV quote character must not appear in the NULL specification');
  }
}

function checkEncoding(encoding: string | undefined): void {
  if (encoding === undefined || /^(utf-?8|unicode|sql_ascii)$/i.test(encoding)) return;
  throw new SqlError('0A000', `COPY in the encoding "${encoding}" is not supported: UTF8 is`);
}

function chosen(names: readonly string[], columns: readonly string[], option: string): boolean[] {
  for (const name of names) {
    if (!columns.includes(name))
      throw new SqlError('42703', `${option} column "${name}" not referenced by COPY`);
  }
  return columns.map((column) => names.includes(column));
}
