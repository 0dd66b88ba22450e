import type { Socket } from 'node:net';
import { FilesError } from './errors.ts';

const CR = 0x0d;
const LF = 0x0a;

/** What a server sends, taken a line or some bytes at a time. The server is held back while nobody takes anything. */
export class ReplyReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
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

  /** Takes what comes up to and without a byte, at most so many bytes of it. */
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

  /** A line without its CR LF. */
  async line(most = 4_096): Promise<string> {
    const line = await this.until(LF, most);
    if (!line.endsWith('\r')) throw new FilesError('the server ended a line without CR LF');
    return line.slice(0, -1);
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
      if (done) throw new FilesError('the server closed the connection in the middle of a reply');
      this.#chunk = value;
    }
  }

  async #next(): Promise<IteratorResult<Buffer>> {
    try {
      return await this.#chunks.next();
    } catch (error) {
      if (error instanceof FilesError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      throw new FilesError(`the connection broke: ${code ?? message}`, undefined, { cause: error });
    }
  }
}
