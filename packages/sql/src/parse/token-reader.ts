import { SqlError } from '../sql-error.ts';
import type { Statement } from './statements.ts';
import type { Token } from './tokens.ts';
import { positionAt } from './tokens.ts';

/** Reads the tokens of one statement from left to right. */
export class TokenReader {
  readonly source: string;
  readonly tokens: readonly Token[];
  /** The index of the next token. */
  at = 0;

  constructor({ source, tokens }: Statement) {
    this.source = source;
    this.tokens = tokens;
  }

  get atEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  /** A token further on, without taking it. */
  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  /** The value of a coming token if it is a word without quotes. */
  word(ahead = 0): string | undefined {
    const token = this.tokens[this.at + ahead];
    return token?.kind === 'word' ? token.value : undefined;
  }

  /** Whether a coming token is this word. */
  isWord(word: string, ahead = 0): boolean {
    const token = this.tokens[this.at + ahead];
    return token !== undefined && token.kind === 'word' && token.value === word;
  }

  /** Whether a coming token is this operator or punctuation. */
  is(symbol: string, ahead = 0): boolean {
    const token = this.tokens[this.at + ahead];
    return (
      token !== undefined &&
      token.value === symbol &&
      (token.kind === 'punctuation' || token.kind === 'operator')
    );
  }

  next(): Token {
    const token = this.tokens[this.at];
    if (token === undefined) throw this.unexpected();
    this.at++;
    return token;
  }

  /** Takes these words if they all come next. */
  accept(...words: readonly string[]): boolean {
    if (!words.every((word, index) => this.isWord(word, index))) return false;
    this.at += words.length;
    return true;
  }

  acceptSymbol(symbol: string): boolean {
    if (!this.is(symbol)) return false;
    this.at++;
    return true;
  }

  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.accept(word)) throw this.unexpected();
  }

  expectSymbol(symbol: string): Token {
    if (!this.is(symbol)) throw this.unexpected();
    return this.next();
  }

  expectEnd(): void {
    if (!this.atEnd) throw this.unexpected();
  }

  /** An identifier: a word, or a quoted one. */
  name(): string {
    const token = this.peek();
    if (token?.kind !== 'word' && token?.kind !== 'identifier') throw this.unexpected();
    this.at++;
    return token.value;
  }

  /** Skips from an opening parenthesis to behind the one that closes it. */
  skipParentheses(): void {
    let depth = 0;
    do {
      const token = this.next();
      if (token.kind !== 'punctuation') continue;
      if (token.value === '(') depth++;
      else if (token.value === ')') depth--;
    } while (depth > 0);
  }

  /** As it is written, between two tokens: `from` included, `to` not. */
  text(from: number, to = this.tokens.length): string {
    const first = this.tokens[from];
    const last = this.tokens[to - 1];
    return first === undefined || last === undefined || to <= from
      ? ''
      : this.source.slice(first.start, last.end);
  }

  /** The rest of the tokens as a statement of its own. */
  rest(): Statement {
    const tokens = this.tokens.slice(this.at);
    this.at = this.tokens.length;
    return { source: this.source, tokens };
  }

  position(token: Token | undefined): number {
    return positionAt(this.source, token?.start ?? this.tokens.at(-1)?.end ?? 0);
  }

  /** 42601 at the next token. */
  unexpected(): SqlError {
    const token = this.peek();
    const details = { position: this.position(token) };
    if (token === undefined) return new SqlError('42601', 'syntax error at end of input', details);
    const near = this.source.slice(token.start, token.end);
    return new SqlError('42601', `syntax error at or near "${near}"`, details);
  }

  /** 0A000: what is PostgreSQL's and has no counterpart here. */
  unsupported(construct: string, token = this.peek(), hint?: string): SqlError {
    return new SqlError('0A000', `${construct} is not supported`, {
      position: this.position(token),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
