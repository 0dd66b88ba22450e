import { existsSync, rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { oids } from '../types/pg-type.ts';
import { valueOfText } from '../types/value-input.ts';
import { ColumnGuess, type GuessedType } from './column-guess.ts';
import { CsvSource, ImportError } from './csv-source.ts';

export type ImportOptions = {
  /** The path of the CSV file; packed with gzip when it ends with `.gz`. */
  readonly csv: string;
  /** The path of the database, which is made if it is not there. */
  readonly database: string;
  /** The table that is made. Default: the name of the file. */
  readonly table?: string | undefined;
  /** Ends the import, which then leaves nothing behind. */
  readonly signal: AbortSignal;
  /** Is called with the progress, from 0 to 1: the file is read twice, to learn the types and to write. */
  readonly progress: (fraction: number) => void;
};

export type ImportedColumn = { readonly name: string; readonly type: GuessedType };

export type Imported = {
  readonly table: string;
  readonly columns: readonly ImportedColumn[];
  readonly rows: number;
};

/** How long it waits for another program that is writing. */
const BUSY_TIMEOUT_MS = 5_000;
/** After how many rows others in this process have a turn, a signal among them. */
const ROWS_PER_TURN = 1_000;

/**
 * Makes a table of a CSV file, whose first line has the names: all of it in one transaction, or nothing. Each column gets the narrowest
 * type that fits all its values; empty fields are NULL.
 * @throws ImportError with the number of a row that is none; for a table that is there already; for a file that is no database
 */
export async function importCsv(options: ImportOptions): Promise<Imported> {
  const { csv, database, signal, table = tableNameOf(csv) } = options;
  const { size } = fileAt(csv);
  let read = 0;
  const count = (bytes: number) => {
    read += bytes;
    options.progress(size === 0 ? 1 : read / (2 * size));
  };
  const isNew = !existsSync(database);
  // That the database cannot be written is found out before the file is read.
  if (!isNew) opened(database, table).close();
  const source = new CsvSource(csv, signal);
  const columns = await guessColumns(source, count);
  try {
    const rows = await write(source, database, table, columns, count);
    return { table, columns, rows };
  } catch (error) {
    if (isNew) for (const suffix of ['', '-journal']) rmSync(database + suffix, { force: true });
    throw error;
  }
}

/** A name for a table out of that of a file: `quakes-2020.csv.gz` becomes `quakes_2020`. */
export function tableNameOf(path: string): string {
  const name = basename(path)
    .replace(/\.gz$/i, '')
    .replace(/\.[^.]*$/, '');
  const word = name.replace(/[^\p{L}\p{N}_]+/gu, '_').replace(/^_+|_+$/g, '');
  return /^\p{L}/u.test(word) ? word : `t_${word}`;
}

function fileAt(path: string): { size: number } {
  try {
    const stats = statSync(path);
    if (stats.isFile()) return stats;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new ImportError(`there is no file ${path}`, { cause });
  }
  throw new ImportError(`${path} is not a file`);
}

async function guessColumns(source: CsvSource, read: (bytes: number) => void): Promise<ImportedColumn[]> {
  let names: string[] | undefined;
  const guesses: ColumnGuess[] = [];
  for await (const row of source.rows(read)) {
    if (names === undefined) {
      names = columnNames(row);
      for (const _ of names) guesses.push(new ColumnGuess());
    } else for (const [i, guess] of guesses.entries()) guess.add(row[i] as string);
  }
  if (names === undefined)
    throw new ImportError('the file is empty: its first line should have the names of columns');
  return names.map((name, i) => ({ name, type: guesses[i]?.type ?? 'TEXT' }));
}

/** SQLite takes names that differ only in case for the same. */
function columnNames(row: readonly string[]): string[] {
  const taken = new Set<string>();
  return row.map((given, i) => {
    const name = given.trim() || `column_${i + 1}`;
    let unique = name;
    for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${name}_${n}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}

async function write(
  source: CsvSource,
  file: string,
  table: string,
  columns: readonly ImportedColumn[],
  read: (bytes: number) => void,
): Promise<number> {
  const database = opened(file, table);
  try {
    create(database, table, columns);
    const insert = database.prepare(
      `INSERT INTO ${quoted(table)} VALUES (${columns.map(() => '?').join(', ')})`,
    );
    const convert = columns.map(({ type }) => conversions[type]);
    let rows = -1;
    for await (const row of source.rows(read)) {
      rows++;
      if (rows === 0) continue;
      insert.run(...row.map((field, i) => (field === '' ? null : (convert[i]?.(field) ?? field))));
      if (rows % ROWS_PER_TURN === 0) await new Promise(setImmediate);
    }
    database.exec('COMMIT');
    return rows;
  } finally {
    // A transaction that is open is rolled back.
    database.close();
  }
}

/** The database, in a transaction that may write. @throws ImportError when it cannot be had, or has the table already */
function opened(file: string, table: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    database.exec('BEGIN IMMEDIATE');
    if (
      database.prepare('SELECT 1 FROM sqlite_schema WHERE lower(name) = lower(?)').get(table) === undefined
    ) {
      return database;
    }
  } catch (cause) {
    database?.close();
    throw new ImportError(`the database ${file}: ${(cause as Error).message}`, { cause });
  }
  database.close();
  throw new ImportError(`there is a table ${table} in ${file} already; choose another name with --table`);
}

function create(database: DatabaseSync, table: string, columns: readonly ImportedColumn[]): void {
  const list = columns.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ');
  try {
    database.exec(`CREATE TABLE ${quoted(table)} (${list})`);
  } catch (cause) {
    throw new ImportError(`the table ${table}: ${(cause as Error).message}`, { cause });
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Of what SQLite has no type of its own; it makes numbers of text by itself. */
const conversions: Partial<Record<GuessedType, (text: string) => SQLInputValue>> = {
  BOOLEAN: (text) => valueOfText(text, oids.bool) as bigint,
  TIMESTAMP: (text) => valueOfText(text, oids.timestamp) as string,
  TIMESTAMPTZ: (text) => valueOfText(text, oids.timestamptz) as string,
  UUID: (text) => valueOfText(text, oids.uuid) as string,
};
