import type { Input } from 'zocalo';

const LF = 0x0a;
const SEMICOLON = 0x3b;
const STAR = 0x2a;
const SLASH = 0x2f;
const DASH = 0x2d;
const OPENING = new Map([
  [0x27, 0x27], // '
  [0x22, 0x22], // "
  [0x60, 0x60], // `
  [0x5b, 0x5d], // [ ]
]);
/** Longer words are none that matter. */
const LONGEST_WORD = 'temporary'.length + 1;

/** What a statement has begun with, as far as it matters: only a trigger has semicolons inside. */
type Beginning = 'nothing' | 'explain' | 'create' | 'trigger' | 'anything';

/**
 * Finds the semicolon that ends a statement of SQLite, outside of quotes, comments and the bodies of triggers; by the rules of
 * `sqlite3_complete` (https://www.sqlite.org/c3ref/complete.html). It is asked again as more bytes come, and looks at each once.
 */
export class StatementScanner {
  #at = 0;
  #beginning: Beginning = 'nothing';
  /** What closes the quotes or the comment that it is in; 0: in neither. */
  #until = 0;
  /** Where quotes or a comment last began or ended: the byte there is part of no other mark. */
  #edge = -1;
  #word = '';
  /** In the body of a trigger: how much of `; END` stands before. */
  #closing: 0 | 1 | 2 = 0;

  /** Whether there is anything but white space and comments so far. */
  get empty(): boolean {
    return this.#beginning === 'nothing' && this.#word === '' && this.#until === 0;
  }

  /** Forgets the statement: the next one begins at the front of the input. */
  reset(): void {
    this.#at = 0;
    this.#beginning = 'nothing';
    this.#until = 0;
    this.#edge = -1;
    this.#word = '';
    this.#closing = 0;
  }

  /** How many bytes the statement has, its semicolon included; -1 when it has not come to its end. */
  scan(input: Input): number {
    for (; this.#at < input.length; this.#at++) {
      const byte = input.at(this.#at);
      if (this.#until !== 0) this.#inside(byte, input);
      else if (isWordPart(byte)) {
        if (this.#word.length < LONGEST_WORD) this.#word += String.fromCharCode(byte | 0x20);
      } else {
        this.#endWord();
        if (byte === SEMICOLON) {
          if (this.#ends()) return ++this.#at;
          this.#closing = 1;
        } else if (!this.#opens(byte, input) && byte > 0x20) this.#token();
      }
    }
    return -1;
  }

  /** In quotes or in a comment. */
  #inside(byte: number, input: Input): void {
    if (byte !== this.#until) return;
    if (this.#until === SLASH && this.#before(input) !== STAR) return;
    this.#until = 0;
    this.#edge = this.#at;
  }

  /** Whether quotes or a comment begin. The second byte of a comment's mark may come later: then the first is a token. */
  #opens(byte: number, input: Input): boolean {
    const quote = OPENING.get(byte);
    if (quote !== undefined) this.#token();
    const before = this.#before(input);
    const closing =
      quote ?? (byte === DASH && before === DASH ? LF : byte === STAR && before === SLASH ? SLASH : 0);
    if (closing === 0) return byte === DASH || byte === SLASH;
    this.#until = closing;
    this.#edge = this.#at;
    return true;
  }

  /** The byte before, unless it is part of another mark. */
  #before(input: Input): number {
    return this.#at - 1 > this.#edge ? input.at(this.#at - 1) : 0;
  }

  #endWord(): void {
    const word = this.#word;
    if (word === '') return;
    this.#word = '';
    if (this.#beginning === 'trigger') {
      this.#closing = this.#closing === 1 && word === 'end' ? 2 : 0;
      return;
    }
    if (this.#beginning === 'anything') return;
    this.#beginning = this.#after(word);
  }

  #after(word: string): Beginning {
    switch (word) {
      case 'explain':
        return this.#beginning === 'nothing' ? 'explain' : 'anything';
      case 'query':
      case 'plan':
        return this.#beginning === 'explain' ? 'explain' : 'anything';
      case 'create':
        return this.#beginning === 'create' ? 'anything' : 'create';
      case 'temp':
      case 'temporary':
        return this.#beginning === 'create' ? 'create' : 'anything';
      case 'trigger':
        return this.#beginning === 'create' ? 'trigger' : 'anything';
      default:
        return 'anything';
    }
  }

  /** Something that is no word. */
  #token(): void {
    if (this.#beginning === 'trigger') this.#closing = 0;
    else this.#beginning = 'anything';
  }

  #ends(): boolean {
    return this.#beginning !== 'trigger' || this.#closing === 2;
  }
}

function isWordPart(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x5f ||
    byte > 0x7f
  );
}
