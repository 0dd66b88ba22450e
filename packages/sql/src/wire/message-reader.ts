import { isUtf8 } from 'node:buffer';
import { SqlError } from '../sql-error.ts';

/** Reads the fields of one message, whose bytes are all there. Throws {@link SqlError} 08P01 where they do not fit. */
export class MessageReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    this.#need(1);
    return this.#bytes[this.#at++] as number;
  }

  /** Unsigned, as the numbers of parameters and columns are. */
  int16(): number {
    this.#need(2);
    const at = this.#at;
    this.#at += 2;
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  int32(): number {
    this.#need(4);
    const at = this.#at;
    this.#at += 4;
    return this.#bytes.readInt32BE(at);
  }

  /** Text up to a zero byte. */
  string(): string {
    const from = this.#at;
    // Most names are empty.
    if (this.#bytes[from] === 0) {
      this.#at++;
      return '';
    }
    const end = this.#bytes.indexOf(0, from);
    if (end < 0) throw new SqlError('08P01', 'invalid string in message');
    this.#at = end + 1;
    return textOf(this.#bytes, from, end);
  }

  /** Passes over bytes. */
  skip(count: number): void {
    this.#need(count);
    this.#at += count;
  }

  /** There must be nothing more. */
  end(): void {
    if (this.left !== 0) throw new SqlError('08P01', 'invalid message format');
  }

  #need(count: number): void {
    if (count > this.left) throw new SqlError('08P01', 'insufficient data left in message');
  }
}

/** UTF-8 text. Throws {@link SqlError} 22021, which names the bytes that are none. */
export function textOf(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('utf8', from, to);
  // The replacement character is either what the client sent or the trace of a byte that is not UTF-8.
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(from, to))) {
    throw new SqlError('22021', 'invalid byte sequence for encoding "UTF8"');
  }
  return text;
}
