import { PassThrough, Writable } from 'node:stream';
import { eventually } from '@zocalo/test-support/eventually.ts';

/** A control sequence, or a character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences begin with a control character.
const tokens = /\x1b\[[?\d;]*[A-Za-z]|./gsu;

/**
 * As much of a terminal as readline needs: what is written to it moves a cursor over a grid of characters, so that a test sees
 * what a person would see. The sequences are those of ECMA-48.
 */
export class FakeTerminal extends Writable {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows = 24;
  /** Where typing goes. */
  readonly keyboard = new PassThrough();
  readonly #grid: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns = 40) {
    super({ decodeStrings: false, defaultEncoding: 'utf8' });
    this.columns = columns;
  }

  /** What is on the screen, without blanks at the ends. */
  get lines(): string[] {
    const lines = this.#grid.map((row) =>
      Array.from(row, (char) => char ?? ' ')
        .join('')
        .trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** The column of the cursor, and the line it is in. */
  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  type(keys: string): void {
    this.keyboard.write(keys);
  }

  /** Waits until the screen shows exactly these lines. */
  async shows(...lines: string[]): Promise<void> {
    const wanted = lines.join('\n');
    await eventually(`the screen shows\n${wanted}`, () => this.lines.join('\n') === wanted).catch(
      (error: Error) => {
        error.message += `\nbut it shows\n${this.lines.join('\n')}`;
        throw error;
      },
    );
  }

  /** Takes the screen's output. */
  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    for (const [token] of chunk.toString().matchAll(tokens)) this.#take(token);
    done();
  }

  #take(token: string): void {
    if (token === '\r') this.#column = 0;
    else if (token === '\n') {
      this.#column = 0;
      this.#down();
    } else if (token.startsWith('\x1b['))
      this.#control(token.at(-1) ?? '', Number.parseInt(token.slice(2), 10));
    else this.#put(token);
  }

  #put(char: string): void {
    if (this.#column >= this.columns) {
      this.#column = 0;
      this.#down();
    }
    this.#line()[this.#column++] = char;
  }

  #down(): void {
    this.#row++;
    this.#grid[this.#row] ??= [];
  }

  #control(command: string, argument: number): void {
    const count = Number.isNaN(argument) ? 1 : argument;
    if (command === 'A') this.#row = Math.max(this.#row - count, 0);
    else if (command === 'B') for (let i = 0; i < count; i++) this.#down();
    else if (command === 'C') this.#column = Math.min(this.#column + count, this.columns - 1);
    else if (command === 'D') this.#column = Math.max(this.#column - count, 0);
    else if (command === 'G') this.#column = count - 1;
    else if (command === 'J') {
      this.#line().length = Math.min(this.#line().length, this.#column);
      this.#grid.length = this.#row + 1;
    } else if (command === 'K') this.#line().length = Math.min(this.#line().length, this.#column);
    else if (command !== 'm') throw new Error(`the terminal does not know ${command}`);
  }

  #line(): string[] {
    this.#grid[this.#row] ??= [];
    return this.#grid[this.#row] as string[];
  }
}
