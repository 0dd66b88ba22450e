import type { Socket } from 'node:net';
import { FilesError } from './errors.ts';

const CR = 0x0d;
const LF = 0x0a;
/** Longer times are beyond what a timer can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What a server sends, taken a line or some bytes at a time. The server is held back while nothing is taken. */
export class ReplyReader {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #timeoutMs: number;
  readonly #address: string;
  #chunk: Buffer = Buffer.alloc(0);

  /**
   * @param timeoutMs how long the server may be silent while something is waited for, in milliseconds
   * @param address where it is, for messages
   */
  constructor(socket: Socket, timeoutMs: number, address: string) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
    this.#timeoutMs = timeoutMs;
    this.#address = address;
  }

  /** Between 1 and `most` bytes, as they come. @throws FilesError when no more come */
  async some(most: number): Promise<Buffer> {
    await this.#more();
    const taken = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  /** Puts the last of what was taken back. */
  putBack(bytes: Buffer): void {
    this.#chunk = this.#chunk.length === 0 ? bytes : Buffer.concat([bytes, this.#chunk]);
  }

  /** Takes what comes up to and without a byte, at most so many bytes of it. A character of the text is a byte. */
  async until(byte: number, most: number): Promise<string> {
    let text = '';
    for (;;) {
      await this.#more();
      const at = this.#chunk.indexOf(byte);
      text += this.#chunk.toString('latin1', 0, at < 0 ? this.#chunk.length : at);
      this.#chunk = this.#chunk.subarray(at < 0 ? this.#chunk.length : at + 1);
      if (text.length > most)
        throw new FilesError('the server sent something that is no reply: a line without an end');
      if (at >= 0) return text;
    }
  }

  /** A line without its CR LF: UTF-8, and what is not that is taken for Latin-1. */
  async line(most = 4_096): Promise<string> {
    const line = await this.until(LF, most);
    if (!line.endsWith('\r')) throw new FilesError('the server ended a line without CR LF');
    const text = line.slice(0, -1);
    try {
      return utf8.decode(Buffer.from(text, 'latin1'));
    } catch {
      return text;
    }
  }

  /** Takes CR LF, which must come next. */
  async lineEnd(): Promise<void> {
    for (const expected of [CR, LF]) {
      const [byte] = await this.some(1);
      if (byte !== expected) throw new FilesError('the server sent more than it announced');
    }
  }

  async #more(): Promise<void> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#next();
      if (done)
        throw new FilesError('the server closed the connection before its reply was whole', {
          kind: 'closed',
        });
      this.#chunk = value;
    }
  }

  /** The silence of a server counts only while more is waited for, and not while what has come is dealt with. */
  async #next(): Promise<IteratorResult<Buffer>> {
    const timeoutMs = this.#timeoutMs;
    const timer =
      timeoutMs > MAX_TIMER_MS
        ? undefined
        : setTimeout(() => this.#socket.destroy(this.#silence()), timeoutMs);
    try {
      return await this.#chunks.next();
    } catch (error) {
      if (error instanceof FilesError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      throw new FilesError(`the connection broke: ${code ?? message}`, { kind: 'closed', cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #silence(): FilesError {
    return new FilesError(`${this.#address} said nothing for ${this.#timeoutMs / 1_000} s`, {
      kind: 'silent',
    });
  }
}
