import { clearScreenDown, cursorTo, type Interface, moveCursor } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';
import { styleText } from 'node:util';
import { visible } from './text.ts';

/** How long the beginning of a line waits for the rest of it. */
const FLUSH_DELAY_MS = 150;

/**
 * What comes from a server, on a terminal where a person types: it goes above the line that is being typed, which stays as it
 * is. Control characters are made visible, since a server must not be able to steer the terminal.
 */
export class Screen {
  readonly #lines: Interface;
  readonly #output: NodeJS.WritableStream;
  readonly #decoder = new StringDecoder('utf8');
  #unfinished = '';
  #timer: NodeJS.Timeout | undefined;
  #typing = true;

  constructor(lines: Interface, output: NodeJS.WritableStream) {
    this.#lines = lines;
    this.#output = output;
  }

  /** Shows bytes from the server, line by line. */
  show(bytes: Uint8Array): void {
    clearTimeout(this.#timer);
    const text = this.#unfinished + this.#decoder.write(Buffer.from(bytes));
    const end = text.lastIndexOf('\n') + 1;
    this.#unfinished = text.slice(end);
    if (end > 0) this.#print(visible(text.slice(0, end)));
    if (this.#unfinished !== '') this.#timer = setTimeout(() => this.flush(), FLUSH_DELAY_MS);
  }

  /** Shows what has come of a line that is not finished. */
  flush(): void {
    clearTimeout(this.#timer);
    const rest = this.#unfinished;
    this.#unfinished = '';
    if (rest !== '') this.#print(`${visible(rest)}\n`);
  }

  /** Says something that is not from the server. */
  note(message: string): void {
    this.#print(`${styleText('dim', message, { stream: this.#output })}\n`);
  }

  /** Nothing is going to be typed any more: removes the prompt, and shows no other. */
  stopTyping(): void {
    this.#clearInput();
    this.#typing = false;
  }

  /** Removes the line that is being typed; the cursor stands where it began. */
  #clearInput(): void {
    if (!this.#typing) return;
    const { rows } = this.#lines.getCursorPos();
    moveCursor(this.#output, 0, -rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
  }

  #print(text: string): void {
    this.#clearInput();
    this.#output.write(text);
    if (this.#typing) this.#lines.prompt(true);
  }
}
