import { type FileHandle, open, stat } from 'node:fs/promises';
import { foldLine, type SentLines } from '../journal/journal-state.ts';
import { crc32c } from '../protocol/crc32c.ts';
import type { Message } from '../protocol/event.ts';
import { type InvalidLine, MAX_LINE_BYTES, parseLine, type StreamChoice, textOf } from './message-lines.ts';

/** A message with the CRC-32C of its line. */
export type FileMessage = Message & { readonly digest: number };

/** The file is not the one whose lines were sent before; the message says what to do. */
export class MessageFileError extends Error {}

const LF = 0x0a;
const CHUNK = 65_536;

export type Reading = {
  id: number;
  choose: StreamChoice;
  /** What of the file was sent before. */
  sent: SentLines;
  onInvalidLine(bad: InvalidLine): void;
  /** The file ends in a line without an end, which may still be written: it is no message yet. Called once. */
  onUnterminated?(line: number): void;
};

/**
 * Reads a message file from its beginning, passing over lines that have been dealt with. The number of a message is that of its line, so
 * what is in the file already must not change; lines may be appended. After its end it can be read on, when it has grown.
 */
export class MessageFile {
  readonly #path: string;
  readonly #reading: Reading;
  #file: FileHandle | undefined;
  /** A file as others are: it can grow, and what is at its end may be half a line. What comes through a pipe ends with its writer. */
  #regular = true;
  #position = 0;
  #bytes: Buffer = Buffer.alloc(0);
  /** The line in hand is longer than any message: the rest of it is passed over. */
  #skipping = false;
  #line = 0;
  #messages = 0;
  #sent = 0;
  /** What the lines of finished messages come to, up to `finishedThrough`; undefined once it has been compared. */
  #digest: number | undefined = 0;
  #reportedUnterminated = false;

  constructor(path: string, reading: Reading) {
    this.#path = path;
    this.#reading = reading;
  }

  /**
   * The next messages, at most `count`: those that are there. `end`: there are no more now.
   * @throws MessageFileError when it is not the file that was sent before, or was cut off; errors of node:fs
   */
  async read(count: number): Promise<{ messages: FileMessage[]; end: boolean }> {
    const messages: FileMessage[] = [];
    for (;;) {
      while (messages.length < count) {
        const line = this.#nextLine();
        if (line === undefined) break;
        const message = this.#messageIn(line);
        if (message !== undefined) messages.push(message);
      }
      if (messages.length > 0) return { messages, end: false };
      if (await this.#more()) continue;
      const last = this.#lastLine();
      const message = last === undefined ? undefined : this.#messageIn(last);
      if (message !== undefined) messages.push(message);
      this.#compareAtEnd();
      return { messages, end: true };
    }
  }

  /** What has been read so far. */
  get survey(): Survey {
    return { messages: this.#messages, sent: this.#sent, lines: this.#line };
  }

  /**
   * Whether there is more to read than at the last end. A file that has taken the place of the one that was read, or has become shorter,
   * is gone through from its beginning: many programs write a new file when a line is appended.
   * @throws MessageFileError when its lines are not those that were read; errors of node:fs
   */
  async hasGrown(): Promise<boolean> {
    if (this.#file === undefined || !this.#regular) return false;
    const named = await stat(this.#path);
    const { dev, ino } = await this.#file.stat();
    const same = named.dev === dev && named.ino === ino;
    if (same && named.size >= this.#position) return named.size > this.#position;
    await this.#startOver();
    return true;
  }

  async #startOver(): Promise<void> {
    const fresh = new MessageFile(this.#path, { ...this.#reading, onInvalidLine: () => {} });
    try {
      await fresh.#skipTo(this.#line);
    } catch (error) {
      await fresh.close();
      throw error;
    }
    await this.#file?.close();
    this.#file = fresh.#file;
    this.#position = fresh.#position;
    this.#bytes = fresh.#bytes;
    this.#skipping = fresh.#skipping;
  }

  /** Reads lines, and compares them, up to one. */
  async #skipTo(last: number): Promise<void> {
    while (this.#line < last) {
      const line = this.#nextLine();
      if (line !== undefined) this.#messageIn(line);
      else if (!(await this.#more())) this.#fail(`${last} lines were read, and it has ${this.#line}`);
    }
    if (last >= this.#reading.sent.finishedThrough) this.#compare();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #more(): Promise<boolean> {
    if (this.#file === undefined) {
      this.#file = await open(this.#path);
      this.#regular = (await this.#file.stat()).isFile();
    }
    const chunk = Buffer.allocUnsafe(CHUNK);
    const at = this.#regular ? this.#position : null;
    const { bytesRead } = await this.#file.read(chunk, 0, CHUNK, at);
    this.#position += bytesRead;
    const read = chunk.subarray(0, bytesRead);
    this.#bytes = this.#bytes.length === 0 ? read : Buffer.concat([this.#bytes, read]);
    return bytesRead > 0;
  }

  /** The next whole line; `long` for one that is too long to keep; undefined when there is none yet. */
  #nextLine(): Buffer | 'long' | undefined {
    const end = this.#bytes.indexOf(LF);
    if (end < 0) {
      if (this.#bytes.length > MAX_LINE_BYTES) this.#skipping = true;
      if (this.#skipping) this.#bytes = Buffer.alloc(0);
      return undefined;
    }
    const line = this.#bytes.subarray(0, end);
    this.#bytes = this.#bytes.subarray(end + 1);
    const whole = !this.#skipping;
    this.#skipping = false;
    return whole ? line : 'long';
  }

  /** What is behind the last line end, where nothing can follow it. */
  #lastLine(): Buffer | 'long' | undefined {
    if (this.#bytes.length === 0 && !this.#skipping) return undefined;
    if (this.#regular) {
      if (!this.#reportedUnterminated) this.#reading.onUnterminated?.(this.#line + 1);
      this.#reportedUnterminated = true;
      return undefined;
    }
    const line = this.#skipping ? 'long' : this.#bytes;
    this.#bytes = Buffer.alloc(0);
    this.#skipping = false;
    return line;
  }

  #messageIn(line: Buffer | 'long'): FileMessage | undefined {
    const { id, choose, sent, onInvalidLine } = this.#reading;
    const number = ++this.#line;
    const bytes = line === 'long' ? undefined : textOf(line, number);
    const parsed =
      bytes === undefined
        ? { line: number, reason: `the line is longer than ${MAX_LINE_BYTES} bytes` }
        : parseLine(bytes, number, id, choose);
    if (parsed === undefined || bytes === undefined || 'reason' in parsed) {
      if (parsed !== undefined && 'reason' in parsed && number > sent.finishedThrough) onInvalidLine(parsed);
      return undefined;
    }
    const digest = crc32c(bytes);
    this.#messages++;
    if (sent.isFinished(number)) this.#sent++;
    if (number <= sent.finishedThrough && this.#digest !== undefined) {
      this.#digest = foldLine(this.#digest, number, digest);
      return undefined;
    }
    this.#compare();
    if (!sent.matches(number, digest)) this.#fail(`line ${number} is another one`);
    return { ...parsed, digest };
  }

  /** The lines up to `finishedThrough` have been read: are they those that were sent? */
  #compare(): void {
    const { sent } = this.#reading;
    if (this.#digest === undefined) return;
    if (!sent.matchesThrough(this.#digest)) {
      this.#fail(`lines 1 to ${sent.finishedThrough} are not those that were sent`);
    }
    this.#digest = undefined;
  }

  #compareAtEnd(): void {
    this.#compare();
    for (const message of this.#reading.sent.finishedBeyond) {
      if (message > this.#line) this.#fail(`line ${message} was sent, and it has ${this.#line}`);
    }
  }

  #fail(why: string): never {
    throw new MessageFileError(
      `${this.#path} is not the message file that this node has sent from before: ${why}. ` +
        'Lines that are there must stay as they are, new ones are appended; to send another file from its first line on, start with --new-messages',
    );
  }
}

/** How much of a file was sent before: its messages, and those of them that have an outcome. */
export type Survey = { messages: number; sent: number; lines: number };

/**
 * Reads a message file to its end, and compares it with what was sent. What comes through a pipe can be read once only, and is compared
 * when it is sent.
 * @returns undefined for a pipe
 * @throws MessageFileError when it is another file; errors of node:fs
 */
export async function surveyMessages(
  path: string,
  reading: Pick<Reading, 'id' | 'choose' | 'sent'>,
): Promise<Survey | undefined> {
  if (!(await stat(path)).isFile()) return undefined;
  const file = new MessageFile(path, { ...reading, onInvalidLine: () => {} });
  try {
    while (!(await file.read(1_024)).end);
    return file.survey;
  } finally {
    await file.close();
  }
}
