import { isUtf8 } from 'node:buffer';
import { FrameError, type Framer, FrameTooLongError, type Framing, type Input } from 'zocalo';
import { StatementScanner } from './statement-scanner.ts';

/** What a client of the line dialect says. */
export type Said =
  /** One statement of SQL, its semicolon included. */
  | { readonly kind: 'statement'; readonly sql: string }
  /** A line that begins with a dot, without the dot; or a word with which people leave or ask for help. */
  | { readonly kind: 'command'; readonly line: string }
  /** The client has sent its last byte, and its last statement has no semicolon. */
  | { readonly kind: 'unfinished' };

/** The longest statement, in bytes: what SQLite takes (`SQLITE_MAX_SQL_LENGTH`). */
const MAX_STATEMENT = 1_000_000;
const MAX_COMMAND = 1_000;

const LF = 0x0a;
const DOT = 0x2e;
const DASH = 0x2d;

/** Lines that are commands without a dot in front, as other programs and services have them. */
const words = new Map([
  ['quit', 'quit'],
  ['exit', 'quit'],
  ['salir', 'quit'],
  ['help', 'help'],
]);
const MAX_WORD = 16;

/** Statements of SQL, which end with a semicolon, and commands, which are lines that begin with a dot. */
export function statementFraming(maxLength: number = MAX_STATEMENT): Framing<Said> {
  return { name: 'statements', maxIncomplete: maxLength + 1, create: () => new StatementFramer(maxLength) };
}

class StatementFramer implements Framer<Said> {
  readonly #maxLength: number;
  readonly #scanner = new StatementScanner();
  readonly #longestCommand: number;
  /** Whether a statement has begun. */
  #begun = false;
  /** Whether it is in a line of comment before one. */
  #inComment = false;
  /** Whether its first line is known to be no word of command. */
  #noWord = false;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
    this.#longestCommand = Math.min(maxLength, MAX_COMMAND);
  }

  next(input: Input): Said | undefined {
    for (;;) {
      if (!this.#begun && !this.#begin(input)) return undefined;
      if (input.at(0) === DOT) return this.#command(input);
      const word = this.#bareWord(input);
      if (word !== undefined) return word;
      const length = this.#scanner.scan(input);
      if (length < 0) {
        if (input.length > this.#maxLength) throw new FrameTooLongError(this.#maxLength);
        return undefined;
      }
      const said: Said = { kind: 'statement', sql: this.#take(input, length) };
      if (said.sql !== ';') return said;
    }
  }

  last(input: Input): Said | undefined {
    if (input.length === 0) return undefined;
    if (input.at(0) === DOT) return { kind: 'command', line: this.#take(input, input.length).slice(1) };
    if (this.#begun && this.#scanner.empty) return undefined;
    const word = words.get(input.text(0, Math.min(input.length, MAX_WORD)).trim().toLowerCase());
    this.#take(input, input.length);
    return word === undefined ? { kind: 'unfinished' } : { kind: 'command', line: word };
  }

  /** Passes over white space and lines of comment; whether anything else comes. */
  #begin(input: Input): boolean {
    while (input.length > 0) {
      if (this.#inComment) {
        const end = input.indexOf(LF);
        this.#inComment = end < 0;
        input.skip(end < 0 ? input.length : end + 1);
        continue;
      }
      let blank = 0;
      while (blank < input.length && input.at(blank) <= 0x20) blank++;
      input.skip(blank);
      if (input.length === 0 || input.at(0) !== DASH) break;
      if (input.length === 1) return false;
      this.#inComment = input.at(1) === DASH;
      if (!this.#inComment) break;
    }
    this.#begun = input.length > 0;
    return this.#begun;
  }

  #command(input: Input): Said | undefined {
    const end = input.indexOf(LF);
    const length = end < 0 ? input.length : end;
    if (length > this.#longestCommand) throw new FrameTooLongError(this.#longestCommand);
    return end < 0 ? undefined : { kind: 'command', line: this.#take(input, end + 1).slice(1) };
  }

  #bareWord(input: Input): Said | undefined {
    if (this.#noWord) return undefined;
    const end = input.indexOf(LF);
    if (end < 0 && input.length <= MAX_WORD) return undefined;
    const line = end < 0 || end > MAX_WORD ? undefined : words.get(input.text(0, end).trim().toLowerCase());
    if (line === undefined) {
      this.#noWord = true;
      return undefined;
    }
    this.#take(input, end + 1);
    return { kind: 'command', line };
  }

  /** Takes a statement or a command: afterwards the next one begins. */
  #take(input: Input, length: number): string {
    if (length > this.#maxLength) throw new FrameTooLongError(this.#maxLength);
    const text = input.text(0, length);
    if (text.includes('\ufffd') && !isUtf8(input.view(0, length))) {
      throw new FrameError('a statement is not UTF-8 text');
    }
    input.skip(length);
    this.#scanner.reset();
    this.#begun = this.#noWord = false;
    return text.trim();
  }
}
