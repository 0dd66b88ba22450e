import { clearScreenDown, cursorTo, type Interface, moveCursor } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';
import { styleText } from 'node:util';

/** How long words without a line's end are held for the rest of their line, in milliseconds. */
const HOLD = 150;

/**
 * What comes from a server, on a terminal where somebody is typing: it goes above the line that is being typed, which stays as it
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
    if (this.#unfinished !== '') this.#timer = setTimeout(() => this.flush(), HOLD);
  }

  /** Shows what has come of a line that is not finished. */
  flush(): void {
    clearTimeout(this.#timer);
    const rest = this.#unfinished;
    this.#unfinished = '';
    if (rest !== '') this.#print(`${visible(rest)}\n`);
  }

  /** Says something that is not from the server. */
  note(words: string): void {
    this.#print(`${styleText('dim', words, { stream: this.#output })}\n`);
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

/** Control characters as `^[` and the like (C1 ones as `<9b>`), but for line ends and tabs. */
export function visible(text: string): string {
  return (
    text
      .replaceAll('\r\n', '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for.
      .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (char) => `^${String.fromCharCode(char.charCodeAt(0) ^ 0x40)}`)
      .replace(/[\x80-\x9f]/g, (char) => `<${char.charCodeAt(0).toString(16)}>`)
  );
}
