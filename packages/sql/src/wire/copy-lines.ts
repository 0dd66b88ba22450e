import { FrameTooLongError } from 'zocalo';
import { SqlError } from '../sql-error.ts';
import type { CopyFormat } from './copy-format.ts';
import { textOf } from './message-reader.ts';

const LF = 0x0a;
const CR = 0x0d;
const BACKSLASH = 0x5c;
const EMPTY = Buffer.alloc(0);

/** Cuts the bytes of a COPY into lines, whose endings are LF, or CR LF when that of the first line is. */
export class CopyLineSplitter {
  readonly #csv: boolean;
  readonly #quote: number;
  readonly #escape: number;
  readonly #maxLine: number;
  /** What no line has taken yet. */
  #store: Buffer = EMPTY;
  #length = 0;
  /** How much of that is known to have no ending. */
  #searched = 0;
  #inQuotes = false;
  #escaped = false;
  #crlf: boolean | undefined;

  constructor({ csv, quote, escape: mark }: CopyFormat, maxLine: number) {
    this.#csv = csv;
    this.#quote = quote.charCodeAt(0);
    this.#escape = mark.charCodeAt(0);
    this.#maxLine = maxLine;
  }

  /** The lines that `bytes` complete, without their endings; all of them must be taken. */
  *push(bytes: Buffer): Generator<string> {
    const all = this.#length === 0 ? bytes : this.#append(bytes);
    let from = 0;
    for (;;) {
      const end = this.#csv ? this.#csvEnd(all, from + this.#searched) : this.#textEnd(all, from);
      if (end < 0) break;
      yield this.#line(all, from, end);
      from = end + 1;
      this.#searched = 0;
    }
    this.#searched = all.length - from;
    if (this.#searched > this.#maxLine) throw new FrameTooLongError(this.#maxLine);
    if (from > 0 || this.#length === 0) {
      this.#length = 0;
      this.#append(all.subarray(from));
    }
  }

  /** What is left is the last line. */
  *end(): Generator<string> {
    if (this.#inQuotes) throw new SqlError('22P04', 'unterminated CSV quoted field');
    const length = this.#length;
    this.#length = 0;
    if (length > 0) yield this.#line(this.#store, 0, length);
  }

  /** Keeps bytes behind those that are kept, in memory that doubles. */
  #append(bytes: Buffer): Buffer {
    const length = this.#length + bytes.length;
    if (length > this.#store.length) {
      const grown = Buffer.allocUnsafeSlow(2 * length);
      this.#store.copy(grown, 0, 0, this.#length);
      bytes.copy(grown, this.#length);
      this.#store = grown;
    } else bytes.copy(this.#store, this.#length);
    this.#length = length;
    return this.#store.subarray(0, length);
  }

  /** An LF behind an odd number of backslashes is data. */
  #textEnd(bytes: Buffer, from: number): number {
    for (let at = from + this.#searched; ; ) {
      const lf = bytes.indexOf(LF, at);
      if (lf < 0) return -1;
      let backslashes = 0;
      while (lf - backslashes > from && bytes[lf - backslashes - 1] === BACKSLASH) backslashes++;
      if (backslashes % 2 === 0) return lf;
      at = lf + 1;
    }
  }

  /** An LF in quotes is data. */
  #csvEnd(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (this.#escaped) this.#escaped = false;
      else if (this.#inQuotes && byte === this.#escape && this.#escape !== this.#quote) this.#escaped = true;
      else if (byte === this.#quote) this.#inQuotes = !this.#inQuotes;
      else if (byte === LF && !this.#inQuotes) return at;
    }
    return -1;
  }

  #line(bytes: Buffer, from: number, end: number): string {
    if (end - from > this.#maxLine) throw new FrameTooLongError(this.#maxLine);
    const afterCr = end > from && bytes[end - 1] === CR;
    this.#crlf ??= afterCr;
    if (afterCr && !this.#crlf) {
      const hint = this.#csv
        ? 'unquoted carriage return found in data'
        : 'literal carriage return found in data';
      throw new SqlError('22P04', hint);
    }
    return textOf(bytes, from, afterCr ? end - 1 : end);
  }
}
