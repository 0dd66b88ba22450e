import { createReadStream } from 'node:fs';
import { PassThrough, pipeline, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';

/** A file cannot be imported: one line that says which row or column it is about. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

/** The longest row, in bytes: what is between two quotes has no other end. */
const MAX_ROW_BYTES = 16 * 1_048_576;
/** How much of the beginning is read to find the delimiter in. */
const SNIFF_BYTES = 65_536;

/** A file of CSV, in UTF-8, compressed with gzip where its name ends with `.gz`; can be read several times. */
export class CsvSource {
  readonly #path: string;
  readonly #signal: AbortSignal;

  constructor(path: string, signal: AbortSignal) {
    this.#path = path;
    this.#signal = signal;
  }

  /**
   * The rows, the names of the columns first; empty lines are none.
   * @param read is called with how many bytes of the file have been read
   * @throws ImportError with the number of the row, counted without the names; whatever the file system has to say
   */
  async *rows(read: (bytes: number) => void): AsyncGenerator<readonly string[]> {
    const delimiter = await this.#delimiter();
    const parser = parse({ bom: true, delimiter, skip_empty_lines: true, max_record_size: MAX_ROW_BYTES });
    const file = createReadStream(this.#path, { signal: this.#signal });
    file.on('data', (chunk) => read(chunk.length));
    // What fails in any part of it comes out of the parser.
    pipeline([file, ...this.#unpack(), utf8(() => parser.info.records), parser], () => {});
    try {
      yield* parser as AsyncIterable<string[]>;
    } catch (error) {
      throw error instanceof CsvError ? badRow(error) : error;
    } finally {
      file.destroy();
    }
  }

  /** The delimiter that the line of names has most of. */
  async #delimiter(): Promise<string> {
    const file = createReadStream(this.#path, { signal: this.#signal });
    let beginning = '';
    const text = pipeline([file, ...this.#unpack(), new PassThrough()], () => {}) as PassThrough;
    for await (const chunk of text) {
      beginning += chunk;
      if (beginning.length >= SNIFF_BYTES || beginning.includes('\n')) break;
    }
    file.destroy();
    const names = beginning.replace(/"[^"]*"/g, '').split('\n')[0] ?? '';
    const count = (delimiter: string) => names.split(delimiter).length;
    return [',', ';', '\t', '|'].reduce((best, each) => (count(each) > count(best) ? each : best));
  }

  #unpack(): Transform[] {
    return this.#path.endsWith('.gz') ? [createGunzip()] : [];
  }
}

/** Passes on bytes that are UTF-8. @param rows how many rows have been read */
function utf8(rows: () => number): Transform {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const check = (bytes: Buffer | undefined, stream: boolean): Error | null => {
    try {
      decoder.decode(bytes, { stream });
      return null;
    } catch {
      return new ImportError(`the file is not UTF-8, in some row after row ${Math.max(0, rows() - 1)}`);
    }
  };
  return new Transform({
    transform: (bytes: Buffer, _encoding, done) => done(check(bytes, true), bytes),
    flush: (done) => done(check(undefined, false)),
  });
}

/** What the parser complains of; it counts the line of names among the rows. */
function badRow(error: CsvError): ImportError {
  const { code } = error;
  const [records, lines] = [Number(error.records), Number(error.lines)];
  const row = records === 0 ? 'the line of names' : `row ${records} (line ${lines})`;
  switch (code) {
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH': {
      const found = (error.record as unknown[]).length;
      // The parser knows how many names there are before they are read, and has it in its message alone.
      const names = /expect (\d+)/.exec(error.message)?.[1] ?? 'another number';
      return new ImportError(`${row} has ${fields(found)}, and the line of names has ${names}`);
    }
    case 'CSV_QUOTE_NOT_CLOSED':
      return new ImportError(`${row} opens a quote that is not closed`);
    case 'CSV_MAX_RECORD_SIZE':
      return new ImportError(`${row} is longer than ${MAX_ROW_BYTES} bytes; is a quote not closed?`);
    default:
      return new ImportError(`${row} has a quote where none can be: ${error.message}`);
  }
}

function fields(count: number): string {
  return count === 1 ? '1 field' : `${count} fields`;
}
